import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { randomContent } from "../support/lab/content.ts";
import { freePort } from "../support/lab/free_port.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";
import { denoArguments } from "../support/programs/own_commands.ts";
import { Child, NO_SIGNALS, proxied } from "../support/proxy/proxy_child.ts";

const FILE = randomContent(3_000_000, 61);
const BYTES = FILE.read(0, FILE.size);
/** One that takes 32 slow mirrors some seconds, though one client had all of them. */
const BIG = randomContent(40_000_000, 62);

/** Starts the command where it may have so many files and connections open. */
async function limited(descriptors: number, ...args: string[]): Promise<Child> {
  const deno = denoArguments("server.ts", ["--allow-net", "--allow-read"]);
  const command = [Deno.execPath(), ...deno, "--port=0", "--allow-private", ...args];
  const shell = `ulimit -n ${descriptors} && exec "$@"`;
  const child = new Child(["-c", shell, "sh", ...command], {}, "sh");
  child.url = await child.said(/listening on (\S+)/);
  return child;
}

Deno.test({
  name: "400 idle connections at ulimit -n 200: downloads go on, and clients are served",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror({ content: FILE, bytesPerSecond: 1_500_000 });
    await using proxy = await limited(200);
    const running = await proxy.ask(proxied(mirror));
    const { hostname, port } = new URL(proxy.url);
    const idle: Deno.Conn[] = [];
    try {
      for (let count = 0; count < 400; count++) {
        idle.push(await Deno.connect({ hostname, port: Number(port) }));
        // Every second one begins a request that it does not end.
        if (count % 2 === 0) {
          await idle.at(-1)!.write(new TextEncoder().encode("GET /")).catch(() => 0);
        }
      }
      assertEquals(await (await proxy.ask("/healthz")).text(), "ok\n");
      const part = await proxy.ask(proxied(mirror), { headers: { range: "bytes=1000-1999" } });
      assertEquals(await part.bytes(), BYTES.slice(1000, 2000));
      const metrics = await (await proxy.ask("/metrics")).text();
      assertMatch(metrics, /^sphttp_connections_total\{event="evicted"\} [1-9]\d*$/m);
      assertEquals(await running.bytes(), BYTES);
    } finally {
      for (const socket of idle) socket.close();
    }
  },
});

Deno.test({
  name:
    "250 idle connections to the port of the metrics at ulimit -n 200: they and files are served",
  ignore: NO_SIGNALS,
  fn: async () => {
    await using mirror = await startMirror({ content: FILE, bytesPerSecond: 1_500_000 });
    const [hostname, port] = ["127.0.0.1", freePort()];
    await using proxy = await limited(200, `--metrics=${port}`);
    const idle: Deno.Conn[] = [];
    try {
      for (let count = 0; count < 250; count++) idle.push(await Deno.connect({ hostname, port }));
      const whole = await proxy.ask(proxied(mirror));
      assertEquals(await whole.bytes(), BYTES);
      const metrics = await (await proxy.ask(`http://${hostname}:${port}/metrics`)).text();
      assertMatch(metrics, /^sphttp_downloads_total\{outcome="complete"\} 1$/m);
    } finally {
      for (const socket of idle) socket.close();
    }
  },
});

Deno.test({
  name: "five clients with 32 slow mirrors at ulimit -n 256: each gets its file or a 503",
  ignore: NO_SIGNALS,
  fn: async () => {
    const mirrors = await Promise.all(
      Array.from({ length: 32 }, () => startMirror({ content: BIG, bytesPerSecond: 300_000 })),
    );
    await using _mirrors = {
      async [Symbol.asyncDispose]() {
        for (const mirror of mirrors) await mirror[Symbol.asyncDispose]();
      },
    };
    await using proxy = await limited(256);
    const link = `/proxy?${mirrors.map(({ url }) => `url=${encodeURIComponent(url)}`).join("&")}`;
    const whole = BIG.read(0, BIG.size);
    const isWhole = async (response: Response) =>
      Buffer.compare(await response.bytes(), whole) === 0;
    const clients = Array.from({ length: 5 }, async () => {
      const response = await proxy.ask(link);
      // Until one is refused, none can have its file, and give its connections back.
      if (response.status === 503) { for (const mirror of mirrors) mirror.setRate(undefined); }
      return { status: response.status, isWhole: await isWhole(response) };
    });
    // A third of the connections is for clients; each download needs 32 of the others.
    const served = { status: 200, isWhole: true };
    assertEquals(
      (await Promise.all(clients)).sort((one, other) => one.status - other.status),
      [served, served, served, served, { status: 503, isWhole: false }],
    );
    assertEquals(await isWhole(await proxy.ask(link)), true);
    proxy.signal("SIGTERM");
    assertEquals((await proxy.end()).code, 0);
  },
});
