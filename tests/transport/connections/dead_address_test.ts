import { assertEquals } from "@std/assert";
import { createServer } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { isFirstAddressDead } from "../../../lib/transport/connections/dead_address.ts";
import { startDeaf } from "../../support/lab/deaf.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { testWith } from "../../support/programs/programs.ts";
import { workplace } from "../../support/workplace.ts";

async function startListener(host: string) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const NEVER = new AbortController().signal;

Deno.test("isFirstAddressDead() tells a dead address from one that refuses, and from a slow server", async () => {
  await using server = await startListener("127.0.0.12");
  const { port } = server;
  await using _deaf = await startDeaf("127.0.0.11", port);
  const [deaf, open, refusing] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
  const rows: readonly (readonly [addresses: readonly string[], dead: boolean])[] = [
    [[deaf, open], true],
    [[deaf, refusing, open], true],
    [[open, deaf], false],
    [[refusing, open], false],
    [[deaf], false],
    [[deaf, refusing], false],
    // The other family is tried beside it anyway.
    [[deaf, "::1", open], false],
    [[], false],
  ];
  await Promise.all(rows.map(async ([addresses, dead]) => {
    const lookup = () =>
      Promise.resolve(addresses.map((address) => ({
        address,
        family: address.includes(":") ? 6 : 4,
      })));
    const options = { host: "x.example", port, signal: NEVER, lookup };
    assertEquals(await isFirstAddressDead(options), dead, addresses.join());
  }));
});

Deno.test("isFirstAddressDead() is over with its signal, before a lookup", async () => {
  const lookup = () => Promise.reject(new Error("not to be asked"));
  const controller = new AbortController();
  const waiting = isFirstAddressDead({
    ...{ host: "x.example", port: 80, lookup },
    signal: controller.signal,
  });
  controller.abort();
  assertEquals(await waiting, false);
  const aborted = { host: "x.example", port: 80, signal: AbortSignal.abort() };
  assertEquals(await isFirstAddressDead(aborted), false);
});

testWith(
  ["tmpfs"],
  "a name whose first address is dead is downloaded from by the next one",
  async () => {
    using place = workplace();
    const requests: string[] = [];
    const server = createHttpServer((request, response) => {
      requests.push(`${request.headers.host} ${request.headers.range}`);
      response.writeHead(200, { "content-length": "5" }).end("hello");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.12", resolve));
    const { port } = server.address() as { port: number };
    try {
      await using _deaf = await startDeaf("127.0.0.11", port);
      const hosts = "127.0.0.1 localhost\n127.0.0.11 two.test\n127.0.0.12 two.test\n";
      place.write("hosts", hosts);
      const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
      const { PATH = "", HOME = "", DENO_DIR } = Deno.env.toObject();
      const { success, stderr } = await new Deno.Command("unshare", {
        args: [
          ...["--mount", "sh", "-c", script, place.at("hosts"), Deno.execPath()],
          ...denoArguments("cli.ts"),
          ...["-sS", "--retry=0", "-o", place.at("f"), `http://two.test:${port}/f`],
        ],
        clearEnv: true,
        env: { PATH, HOME, ...(DENO_DIR !== undefined && { DENO_DIR }) },
      }).output();
      assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
      assertEquals(place.readText("f"), "hello");
      // Nothing was sent twice.
      assertEquals(requests.length, 1);
      assertEquals(requests[0]!.startsWith(`two.test:${port} `), true);
    } finally {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  },
);
