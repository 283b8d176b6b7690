/**
 * The proxy over loopback, in front of one real nginx that plays three mirrors. Server and clients
 * are processes of their own, so that neither is measured with the other.
 *
 *     deno run --import-map=import_map.npm.json -A tests/bench/proxy.ts [speed] [clients] [aborts]
 *
 * @module
 */

import { createHandler } from "../../server.ts";
import { startNginx } from "../support/nginx.ts";
import type { Drained } from "./drain.ts";
import { median, ownUsage, runDrain, table } from "./usage.ts";

const GIB = 1024 ** 3;
const RUNS = 5;
const CLIENTS = 100;
/** What one of many clients asks for, in bytes. */
const PIECE = 20_000_000;
const ABORTS = 1000;
/** Clients that come and leave at the same time. */
const WAVE = 50;

/** What answers: the proxy, or the least that Deno can do with one mirror. */
type Kind = "proxy" | "plain";

/** Clients that ask for one piece each, and read it to its end or leave after its first bytes. */
interface ClientsSpec {
  readonly url: string;
  readonly clients: number;
  readonly atOnce: number;
  readonly leave: boolean;
}

/** What came of them. */
interface ClientsResult {
  readonly seconds: number;
  readonly bytes: number;
  /** Clients that got another status, or another number of bytes. */
  readonly failed: number;
}

/** What a server has used so far; its memory is that without garbage. */
interface Usage extends ReturnType<typeof ownUsage> {
  readonly heapBytes: number;
}

/** A server in a process of its own. */
interface Server extends AsyncDisposable {
  readonly origin: string;
  usage(): Promise<Usage>;
}

/** 1 GiB: through the proxy from three mirrors, and through a minimal one from one, in turns. */
export async function proxySpeed(): Promise<void> {
  await withMirrors(async (urls) => {
    await using proxy = await startServer("proxy");
    await using plain = await startServer("plain");
    const rows: { name: string; url: string; server?: Server; runs: Run[] }[] = [
      { name: "minimal Deno proxy, one mirror", url: link(plain, urls), server: plain, runs: [] },
      { name: "/proxy, three mirrors", url: link(proxy, urls), server: proxy, runs: [] },
      { name: "/proxy, one mirror", url: link(proxy, urls.slice(0, 1)), server: proxy, runs: [] },
      { name: "no proxy, one mirror", url: urls[0]!, runs: [] },
    ];
    for (let run = 0; run <= RUNS; run++) {
      for (const { url, server, runs } of rows) {
        const before = await server?.usage();
        const { seconds, bytes } = await runDrain<Drained>({ urls: [url] });
        if (bytes !== GIB) throw new Error(`${bytes} bytes came from ${url}`);
        const after = await server?.usage();
        // The first round warms up caches.
        if (run > 0) runs.push({ seconds, cpuSeconds: usedBetween(before, after) });
      }
    }
    const base = rows[0]!.runs;
    console.log(`\n1 GiB over loopback, medians of ${RUNS} runs in turns\n`);
    console.log(table([
      ["", "MB/s", "of minimal", "server CPU s/GiB"],
      ...rows.map(({ name, server, runs }) => [
        name,
        (GIB / 1e6 / median(runs.map(({ seconds }) => seconds))).toFixed(0),
        median(runs.map(({ seconds }, index) => base[index]!.seconds / seconds)).toFixed(2),
        server === undefined ? "-" : median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      ]),
    ]));
  });
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** 100 clients at once, 20 MB each. */
export async function proxyClients(): Promise<void> {
  await withMirrors(async (urls) => {
    const rows = [["", "MB/s", "failed clients", "server's RSS before MB", "peak MB"]];
    for (const kind of ["plain", "proxy"] as const) {
      await using server = await startServer(kind);
      const { rssBytes } = await server.usage();
      const spec = { url: link(server, urls), clients: CLIENTS, atOnce: CLIENTS, leave: false };
      const { seconds, bytes, failed } = await runClients(spec);
      rows.push([
        kind === "proxy" ? "/proxy, three mirrors" : "minimal Deno proxy, one mirror",
        (bytes / 1e6 / seconds).toFixed(0),
        `${failed}`,
        (rssBytes / 1e6).toFixed(0),
        ((await server.usage()).peakRssBytes / 1e6).toFixed(0),
      ]);
    }
    console.log(`\n${CLIENTS} clients at once, ${PIECE / 1e6} MB each\n`);
    console.log(table(rows));
  });
}

/** 1000 clients that leave after their first bytes. */
export async function proxyAborts(): Promise<void> {
  await withMirrors(async (urls) => {
    await using server = await startServer("proxy");
    const spec = { url: link(server, urls), clients: ABORTS, atOnce: WAVE, leave: true };
    // As many before: they let the server grow to its working size.
    await runClients(spec);
    await nothingUnderWay(server);
    const before = await server.usage();
    const { seconds, failed } = await runClients(spec);
    await nothingUnderWay(server);
    const after = await server.usage();
    const between = (of: (usage: Usage) => number) =>
      [before, after].map((usage) => `${(of(usage) / 1e6).toFixed(0)} MB`).join(" before, ");
    console.log(`\n${ABORTS} clients that leave after their first bytes, ${WAVE} at once\n`);
    console.log(`${seconds.toFixed(1)} s, ${failed} failed, no download left under way`);
    console.log(`server's resident memory: ${between(({ rssBytes }) => rssBytes)} after`);
    console.log(`its JavaScript heap: ${between(({ heapBytes }) => heapBytes)} after`);
  });
}

/** Runs with the URLs of a file of 1 GiB, all of it a hole, on three ports of one nginx. */
async function withMirrors(run: (urls: string[]) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    {
      using file = await Deno.create(`${root}/film`);
      await file.truncate(GIB);
    }
    await using nginx = await startNginx({ root });
    await run(nginx.urls("film"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function link({ origin }: Server, urls: readonly string[]): string {
  return `${origin}/proxy?${new URLSearchParams(urls.map((url) => ["url", url]))}`;
}

function usedBetween(before: Usage | undefined, after: Usage | undefined): number {
  return (after?.cpuSeconds ?? 0) - (before?.cpuSeconds ?? 0);
}

/** How long a server may take to end the downloads of clients that have left, in milliseconds. */
const ENDING_MS = 10_000;

async function nothingUnderWay({ origin }: Server): Promise<void> {
  for (const deadline = performance.now() + ENDING_MS;;) {
    const text = await (await fetch(`${origin}/metrics`)).text();
    const [, count] = /^sphttp_downloads_under_way (\d+)$/m.exec(text) ?? [];
    if (count === "0") return;
    if (performance.now() > deadline) throw new Error(`${count} downloads are left under way`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Arguments for this module as a process of its own. */
function own(...args: string[]): string[] {
  const map = new URL("../../import_map.npm.json", import.meta.url).href;
  const flags = ["--quiet", `--import-map=${map}`, "-A", "--v8-flags=--expose-gc"];
  return ["run", ...flags, import.meta.url, ...args];
}

async function startServer(kind: Kind): Promise<Server> {
  const child = new Deno.Command(Deno.execPath(), {
    args: own("--serve", kind),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let origin = "";
  while (!origin.endsWith("\n")) {
    const { done, value } = await lines.read();
    if (done) throw new Error("The server ended before it listened");
    origin += value;
  }
  origin = origin.trim();
  return {
    origin,
    usage: async () => await (await fetch(`${origin}/usage`)).json(),
    [Symbol.asyncDispose]: async () => {
      await lines.cancel();
      child.kill();
      await child.status;
    },
  };
}

async function runClients(spec: ClientsSpec): Promise<ClientsResult> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: own("--clients", JSON.stringify(spec)),
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The process of the clients failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What runs in the process of a server: prints where it listens, and serves until it is ended. */
function serve(kind: Kind): void {
  const answer = kind === "plain"
    ? pump
    : createHandler({ allowPrivate: true, maxDownloads: CLIENTS });
  const onListen = ({ port }: Deno.NetAddr) => console.log(`http://127.0.0.1:${port}`);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request) => {
    if (new URL(request.url).pathname !== "/usage") return answer(request);
    const { cpuSeconds } = ownUsage();
    (globalThis as { gc?: () => void }).gc?.();
    const usage: Usage = { ...ownUsage(), cpuSeconds, heapBytes: Deno.memoryUsage().heapUsed };
    return Response.json(usage);
  });
}

/** The least that a proxy in Deno does: one mirror's body, chunk by chunk. */
async function pump(request: Request): Promise<Response> {
  const range = request.headers.get("range");
  const { status, headers, body } = await fetch(new URL(request.url).searchParams.get("url")!, {
    headers: range === null ? {} : { range },
  });
  const reader = body!.getReader();
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(stream, {
    status,
    headers: { "content-length": headers.get("content-length")! },
  });
}

/** What runs in the process of the clients. */
async function actAsClients(
  { url, clients, atOnce, leave }: ClientsSpec,
): Promise<ClientsResult> {
  const startedAt = performance.now();
  let next = 0;
  let bytes = 0;
  let failed = 0;
  const act = async () => {
    while (next < clients) {
      const start = next++ * PIECE % (GIB - PIECE);
      const range = `bytes=${start}-${start + PIECE - 1}`;
      let length = 0;
      try {
        const response = await fetch(url, { headers: { range } });
        for await (const chunk of response.body!) {
          length += chunk.length;
          if (leave) break;
        }
        if (response.status !== 206 || (!leave && length !== PIECE)) failed++;
      } catch {
        failed++;
      }
      bytes += length;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, act));
  return { seconds: (performance.now() - startedAt) / 1000, bytes, failed };
}

const BENCHES: Record<string, () => Promise<void>> = {
  speed: proxySpeed,
  clients: proxyClients,
  aborts: proxyAborts,
};

if (import.meta.main) {
  const [role, spec = ""] = Deno.args;
  if (role === "--serve") serve(spec as Kind);
  else if (role === "--clients") console.log(JSON.stringify(await actAsClients(JSON.parse(spec))));
  else {
    const names = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
    for (const name of names) {
      const bench = BENCHES[name];
      if (bench === undefined) throw new RangeError(`${name} is none of ${Object.keys(BENCHES)}`);
      await bench();
    }
  }
}
