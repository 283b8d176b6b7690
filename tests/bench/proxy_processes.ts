/**
 * The measured processes of the proxy benchmarks: a server, and its clients.
 *
 *     deno run -A tests/bench/proxy_processes.ts --serve proxy [listener]
 *     deno run -A tests/bench/proxy_processes.ts --clients '{"url": …}'
 *
 * @module
 */

import { createHandler } from "../../server.ts";
import { HttpListener } from "../../lib/proxy/listen/http_listener.ts";
import { importMap } from "./own_command.ts";
import { ownUsage } from "./usage.ts";

/** Bytes that each client requests. */
export const PIECE = 20_000_000;
/** Pause of a slow client after each megabyte, in milliseconds. */
const SLOW_MS = 100;
/** Distance of the numbers that clients check, in bytes. */
const LOOK_EVERY = 4096;

/** The proxy, or a minimal proxy of one mirror. */
export type Kind = "proxy" | "plain";
/** What serves its connections: `Deno.serve()`, or the listener of the command. */
export type ServedBy = "platform" | "listener";

/** Clients that request one piece each, and read it to the end or leave after the first bytes. */
export interface ClientsSpec {
  readonly url: string;
  /** Size of the file, in bytes. */
  readonly size: number;
  readonly clients: number;
  readonly atOnce: number;
  readonly leave: boolean;
  /** Every n-th client is slow; 0 for none. */
  readonly slowEvery: number;
}

/** The result of the clients. */
export interface ClientsResult {
  readonly seconds: number;
  readonly bytes: number;
  /** Clients with a wrong status or wrong bytes. */
  readonly failed: number;
}

/** Resources used by a server; memory is measured after a garbage collection. */
export interface Usage extends ReturnType<typeof ownUsage> {
  readonly heapBytes: number;
}

/** A server in another process. */
export interface Server extends AsyncDisposable {
  readonly origin: string;
  usage(): Promise<Usage>;
}

/** Returns the arguments that run this module as a process. */
function own(...args: string[]): string[] {
  const flags = ["--quiet", importMap(), "-A", "--v8-flags=--expose-gc"];
  return ["run", ...flags, import.meta.url, ...args];
}

/** Starts a server. */
export async function startServer(kind: Kind, by: ServedBy = "platform"): Promise<Server> {
  const child = new Deno.Command(Deno.execPath(), {
    args: own("--serve", kind, by),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let origin = "";
  while (!origin.endsWith("\n")) {
    const { done, value } = await lines.read();
    if (done) throw new Error("the server ended before it listened");
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

/** Runs clients to their end. */
export async function runClients(spec: ClientsSpec): Promise<ClientsResult> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: own("--clients", JSON.stringify(spec)),
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the process of the clients failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The server process: prints its origin, and serves until it is killed. */
function serve(kind: Kind, by: ServedBy): void {
  const answer = kind === "plain" ? pump : createHandler({ allowPrivate: true });
  const onListen = ({ port }: Deno.NetAddr) => console.log(`http://127.0.0.1:${port}`);
  const handler = async (request: Request) => {
    if (new URL(request.url).pathname !== "/usage") return await answer(request);
    const { cpuSeconds } = ownUsage();
    (globalThis as { gc?: () => void }).gc?.();
    const usage: Usage = { ...ownUsage(), cpuSeconds, heapBytes: Deno.memoryUsage().heapUsed };
    return Response.json(usage);
  };
  const address = { hostname: "127.0.0.1", port: 0 };
  if (by === "platform") return void Deno.serve({ ...address, onListen }, handler);
  const { addr } = new HttpListener({
    ...address,
    ...{ headerTimeoutMs: 15_000, idleTimeoutMs: 60_000, stallTimeoutMs: 120_000 },
    ...{ maxConnections: 1024, handler, say: console.error },
  });
  onListen(addr);
}

/** A minimal proxy: forwards the body of one mirror chunk by chunk. */
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

/** The process of the clients. */
async function actAsClients(spec: ClientsSpec): Promise<ClientsResult> {
  const startedAt = performance.now();
  let next = 0;
  let bytes = 0;
  let failed = 0;
  const act = async () => {
    while (next < spec.clients) {
      const client = next++;
      try {
        const length = await readPiece(client, spec);
        bytes += length;
      } catch {
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: spec.atOnce }, act));
  return { seconds: (performance.now() - startedAt) / 1000, bytes, failed };
}

/** Requests one piece; returns how many bytes were read. */
async function readPiece(
  client: number,
  { url, size, leave, slowEvery }: ClientsSpec,
): Promise<number> {
  const start = client * PIECE % (size - PIECE);
  const slow = slowEvery > 0 && client % slowEvery === 0;
  const headers = { range: `bytes=${start}-${start + PIECE - 1}` };
  const { status, body } = await fetch(url, { headers });
  if (status !== 206) throw new Error(`The answer is a ${status}`);
  let length = 0;
  for await (const chunk of body!) {
    checkNumbers(chunk, start + length);
    const megabytes = Math.floor(length / 1e6);
    length += chunk.length;
    if (leave) return length;
    if (slow && Math.floor(length / 1e6) > megabytes) {
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    }
  }
  if (length !== PIECE) throw new Error(`received ${length} bytes`);
  return length;
}

/** Fills a file with 32-bit numbers: word `n` holds `n`. */
export async function fillNumbered(path: string, size: number): Promise<void> {
  using file = await Deno.create(path);
  const numbers = new Uint32Array(250_000);
  for (let first = 0; first * 4 < size; first += numbers.length) {
    for (let index = 0; index < numbers.length; index++) numbers[index] = first + index;
    await file.write(new Uint8Array(numbers.buffer));
  }
}

/** Checks some of the numbers. */
function checkNumbers(chunk: Uint8Array, offset: number): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = -offset & 3; at + 4 <= chunk.length; at += LOOK_EVERY) {
    if (view.getUint32(at, true) === (offset + at) / 4) continue;
    throw new Error(`wrong bytes at ${offset + at}`);
  }
}

if (import.meta.main) {
  const [role, spec = "", by = "platform"] = Deno.args;
  if (role === "--serve") serve(spec as Kind, by as ServedBy);
  else console.log(JSON.stringify(await actAsClients(JSON.parse(spec))));
}
