import { assertEquals, assertRejects } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { SocketReader } from "../../../lib/transport/connections/socket_reader.ts";

/** Opens a connection over loopback; disposing it closes both ends. */
async function pair() {
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const near = connect((server.address() as { port: number }).port, "127.0.0.1");
  const far = await accepted;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  near.on("error", () => {});
  far.on("error", () => {});
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      await closed;
    },
  };
}

Deno.test("SocketReader reads what is asked for, and leaves the rest to others", async () => {
  await using sockets = await pair();
  const reader = new SocketReader(sockets.near, 100);
  sockets.far.write("abc");
  assertEquals(new TextDecoder().decode(await reader.bytes(2)), "ab");
  sockets.far.write("de--fgh");
  assertEquals(await reader.textUntil("--"), "cde");
  assertEquals(new TextDecoder().decode(await reader.bytes(1)), "f");
  reader.release();
  const rest = Promise.withResolvers<string>();
  let text = "";
  sockets.near.on("data", (data: Uint8Array) => {
    text += new TextDecoder().decode(data);
    if (text.endsWith("!")) rest.resolve(text);
  });
  sockets.near.resume();
  sockets.far.write("ij!");
  assertEquals(await rest.promise, "ghij!");
});

Deno.test("SocketReader fails where the connection ends, or where too much comes", async () => {
  await using short = await pair();
  const ended = new SocketReader(short.near, 100);
  short.far.end("ab");
  await assertRejects(() => ended.bytes(3), Error, "connection closed");
  // What came before the end can be read.
  assertEquals((await ended.bytes(2)).byteLength, 2);
  await using long = await pair();
  const flooded = new SocketReader(long.near, 100);
  long.far.write("x".repeat(200_000));
  await assertRejects(() => flooded.textUntil("\n"), Error, "more than 100 bytes");
});
