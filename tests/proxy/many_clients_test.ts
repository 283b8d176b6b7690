import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHandler, type ProxyOptions } from "../../server.ts";
import { randomContent } from "../support/lab/content.ts";
import { withMirrors } from "../support/download.ts";
import type { LabMirror, MirrorOptions } from "../support/lab/mirror_lab.ts";

const CLIENTS = 100;
const ABORTED = 200;
/** Bytes requested by each client. */
const PIECE = 2_000_000;
/** Large enough that no two clients request the same bytes. */
const FILE = randomContent(CLIENTS * PIECE, 31);
/** How long to wait for the other ends of sockets, in milliseconds. */
const PATIENCE_MS = 60_000;

interface Scene {
  /** Requests a piece of the file. */
  get(piece: number, init?: RequestInit): Promise<Response>;
  /** Returns the value of a metric. */
  metric(name: string): Promise<number>;
  readonly mirrors: readonly LabMirror[];
}

/** Runs a proxy with a download limit and two mirrors on real sockets. */
async function withProxy(
  lab: Partial<MirrorOptions>,
  { maxDownloads, ...options }: ProxyOptions & { maxDownloads: number },
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withMirrors(Array(2).fill({ content: FILE, ...lab }), async (urls, mirrors) => {
    const memory = maxDownloads * 2 * 1024 * 1024;
    await using handler = createHandler({ allowPrivate: true, memory, maxDownloads, ...options });
    const listen = { port: 0, hostname: "127.0.0.1", onListen() {} };
    await using server = Deno.serve(listen, handler);
    using client = Deno.createHttpClient({});
    const base = `http://127.0.0.1:${server.addr.port}`;
    const target = `${base}/proxy?${new URLSearchParams(urls.map((url) => ["url", url]))}`;
    await run({
      get: (piece, init = {}) => {
        const range = `bytes=${piece * PIECE}-${(piece + 1) * PIECE - 1}`;
        return fetch(target, { ...init, client, headers: { range } });
      },
      metric: async (name) => {
        const text = await (await fetch(`${base}/metrics`, { client })).text();
        return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
      },
      mirrors,
    });
  });
}

/** Polls until a condition holds; not more often, as metrics cost the proxy more than its clients here. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !await holds();) {
    assert(performance.now() < deadline, `waited for ever until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Reads a piece and compares every byte; pauses once until `resumed`, if requested. */
async function read(
  response: Response,
  piece: number,
  stop: { afterBytes: number; resumed: Promise<void> } = {
    afterBytes: Infinity,
    resumed: Promise.resolve(),
  },
): Promise<void> {
  assertEquals(response.status, 206);
  let at = piece * PIECE;
  let stopped = false;
  for await (const chunk of response.body!) {
    const expected = FILE.read(at, at + chunk.length);
    assert(Buffer.compare(chunk, expected) === 0, `wrong bytes from ${at} on`);
    at += chunk.length;
    if (!stopped && at - piece * PIECE >= stop.afterBytes) {
      stopped = true;
      await stop.resumed;
    }
  }
  assertEquals(at, (piece + 1) * PIECE);
}

Deno.test("/proxy: slow and fast clients get the right bytes concurrently", async () => {
  await withProxy({}, { maxDownloads: CLIENTS }, async ({ get, metric }) => {
    const pieces = Array.from({ length: CLIENTS }, (_, piece) => piece);
    const responses = await Promise.all(pieces.map((piece) => get(piece)));
    const isSlow = (piece: number) => piece % 3 === 0;
    // The slow clients pause until all fast ones are done.
    const fast = Promise.withResolvers<void>();
    const slow = pieces.filter(isSlow).map((piece) =>
      read(responses[piece]!, piece, {
        afterBytes: piece % 2 === 0 ? 1 : PIECE / 2,
        resumed: fast.promise,
      })
    );
    const quick = pieces.filter((piece) => !isSlow(piece));
    try {
      await Promise.all(quick.map((piece) => read(responses[piece]!, piece)));
    } finally {
      fast.resolve();
    }
    await Promise.all(slow);
    assertEquals(await metric('sphttp_downloads_total{outcome="complete"}'), CLIENTS);
    assertEquals(await metric('sphttp_downloads_total{outcome="failed"}'), 0);
    assertEquals(await metric("sphttp_downloads_under_way"), 0);
    assertEquals(await metric("sphttp_buffer_bytes"), 0);
  });
});

Deno.test("/proxy: clients that disconnect leave nothing behind", async () => {
  // Too slow for any download to end, and with connections per download, which close with it instead
  // of being reused.
  const lab = { bytesPerSecond: 2_000_000 };
  const options = { maxDownloads: ABORTED, download: { http: "http1" as const } };
  await withProxy(lab, options, async ({ get, metric, mirrors }) => {
    const wave = 50;
    for (let first = 0; first < ABORTED; first += wave) {
      const clients = Array.from({ length: wave }, async (_, index) => {
        const controller = new AbortController();
        const { signal } = controller;
        const response = await get((first + index) % CLIENTS, { signal });
        if (index % 2 === 0) controller.abort();
        const reader = response.body!.getReader();
        await reader.read().then(() => reader.cancel(), (error) => assert(signal.aborted, error));
      });
      await Promise.all(clients);
    }
    await until(async () => await metric("sphttp_downloads_under_way") === 0, "all have ended");
    assertEquals(await metric('sphttp_downloads_total{outcome="cancelled"}'), ABORTED);
    assertEquals(await metric('sphttp_downloads_total{outcome="failed"}'), 0);
    assertEquals(await metric("sphttp_buffer_bytes"), 0);
    await until(
      () => mirrors.every(({ openConnections }) => openConnections === 0),
      "no connection is open",
    );
    const ends = new Set(mirrors.flatMap(({ requests }) => requests.map(({ ended }) => ended)));
    assert(!ends.has(undefined), "a request goes on");
    assert(ends.has("client closed"));
  });
});

Deno.test("/proxy: clients that disconnect before the response leave nothing behind", async () => {
  const options = { maxDownloads: CLIENTS, download: { http: "http1" as const } };
  await withProxy({ roundTripMs: 100 }, options, async ({ get, metric, mirrors }) => {
    await read(await get(0), 0);
    const before = mirrors.reduce((sum, { requests }) => sum + requests.length, 0);
    const controller = new AbortController();
    const clients = Array.from({ length: 20 }, (_, piece) =>
      get(piece, controller).then(
        ({ body }) => body!.cancel(),
        (error) => assert(controller.signal.aborted, error),
      ));
    await until(
      () => mirrors.reduce((sum, { requests }) => sum + requests.length, 0) > before,
      "a mirror was asked",
    );
    controller.abort();
    await Promise.all(clients);
    await until(
      async () =>
        await metric("sphttp_downloads_under_way") === 0 &&
        mirrors.every(({ openConnections }) => openConnections === 0),
      "nothing goes on",
    );
    assertEquals(await metric('sphttp_downloads_total{outcome="failed"}'), 0);
  });
});
