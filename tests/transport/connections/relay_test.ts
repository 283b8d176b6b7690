import { assertEquals, assertRejects } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { Relay } from "../../../lib/transport/connections/relay.ts";

/** What a server does with a connection. */
type Serve = (socket: Socket) => void;

/** A server, and a relay that leads everything to it. */
async function startRelayTo(serve: Serve) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const asked: string[] = [];
  const relay = await Relay.open((host, port_) => {
    asked.push(`${host} ${port_}`);
    if (host === "dead.example") {
      return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    }
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
  });
  return {
    relay,
    asked,
    async [Symbol.asyncDispose]() {
      await relay.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function get(relay: Relay, url: string, headers: HeadersInit = {}): Promise<string> {
  using client = Deno.createHttpClient({ proxy: relay.proxy });
  const response = await fetch(url, { client, headers });
  return await response.text();
}

const HEAD = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

Deno.test("Relay passes requests and responses on, by name or address", async () => {
  const seen: string[] = [];
  const serve: Serve = (socket) =>
    socket.once("data", (data: Uint8Array) => {
      seen.push(new TextDecoder().decode(data).split("\r\n")[0]!);
      socket.end(`${HEAD}hello`);
    });
  await using lab = await startRelayTo(serve);
  assertEquals(await get(lab.relay, "http://one.example:8080/f"), "hello");
  assertEquals(await get(lab.relay, "http://[::1]:8080/f"), "hello");
  assertEquals(await get(lab.relay, "http://127.0.0.2/f"), "hello");
  assertEquals(lab.asked, ["one.example 8080", "::1 8080", "127.0.0.2 80"]);
  assertEquals(seen, Array(3).fill("GET /f HTTP/1.1"));
});

Deno.test("Relay makes a reset a reset, and an end an end", async () => {
  const broken: Serve = (socket) =>
    socket.once("data", () => {
      socket.write(`${HEAD}half of it`, () => socket.resetAndDestroy());
    });
  // Without a length, a body that ends cleanly counts as complete.
  await using lab = await startRelayTo(broken);
  await assertRejects(() => get(lab.relay, "http://one.example/f"));
  const whole: Serve = (socket) => socket.once("data", () => socket.end(`${HEAD}all of it`));
  await using other = await startRelayTo(whole);
  assertEquals(await get(other.relay, "http://one.example/f"), "all of it");
});

Deno.test("Relay tells why a connection failed, until one succeeds", async () => {
  await using lab = await startRelayTo((socket) =>
    socket.once("data", () => socket.end(`${HEAD}x`))
  );
  await assertRejects(() => get(lab.relay, "http://dead.example/f"), TypeError);
  assertEquals(lab.relay.failure("dead.example", 80)?.code, "ECONNREFUSED");
  await get(lab.relay, "http://one.example/f");
  assertEquals(lab.relay.failure("one.example", 80), undefined);
});

Deno.test("Relay serves only who knows its password", async () => {
  await using lab = await startRelayTo((socket) => socket.end("secret"));
  const { url } = lab.relay.proxy as { url: string };
  const port = Number(new URL(url.replace("socks5h:", "http:")).port);
  const greetings: readonly (readonly number[])[] = [
    // No authentication; another version; a wrong password; garbage; too long.
    [5, 1, 0],
    [4, 1, 2, 0],
    [5, 1, 2, 1, 6, ...new TextEncoder().encode("sphttp"), 5, ...new TextEncoder().encode("wrong")],
    [...new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    Array(5000).fill(5),
  ];
  for (const greeting of greetings) {
    using conn = await Deno.connect({ port, hostname: "127.0.0.1" });
    await conn.write(new Uint8Array(greeting));
    const received: number[] = [];
    const buffer = new Uint8Array(100);
    // A reset is as good an answer.
    const read = () => conn.read(buffer).catch(() => null);
    for (let count; (count = await read()) !== null;) received.push(...buffer.slice(0, count));
    assertEquals([5, 2].slice(0, received.length), received, greeting.slice(0, 8).join());
  }
  assertEquals(lab.asked, []);
});

Deno.test("Relay.close() ends connections and pending ones", async () => {
  const dialling = Promise.withResolvers<AbortSignal>();
  const relay = await Relay.open((_host, _port, signal) => {
    dialling.resolve(signal);
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const pending = get(relay, "http://one.example/f");
  pending.catch(() => {});
  const signal = await dialling.promise;
  await relay.close();
  assertEquals(signal.aborted, true);
  await assertRejects(() => pending);
  // It was not the server that failed.
  assertEquals(relay.failure("one.example", 80), undefined);
});
