/**
 * Benchmarks of the proxy over loopback, in front of one nginx that plays three mirrors. Server and
 * clients are separate processes, so that neither is measured with the other.
 *
 * @module
 */

import { TESTBED } from "../support/simulator/mirror.ts";
import { spawnLab } from "../support/lab/spawn_lab.ts";
import type { Drained } from "./drain.ts";
import {
  type ClientsResult,
  fillNumbered,
  PIECE,
  runClients,
  type Server,
  startServer,
  type Usage,
} from "./proxy_processes.ts";
import { withHoles, withNginx } from "./served.ts";
import { median, runDrain, table } from "./usage.ts";

const GIB = 1024 ** 3;
const RUNS = 5;
const CROWD_RUNS = 3;
const CLIENTS = 100;
const ABORTS = 1000;
/** Number of clients that connect and leave at the same time. */
const WAVE = 50;
const SEEKS = 30;
/** Size of the file of which many clients request a piece, in bytes. */
const SHARED = 256_000_000;

/** Downloads 1 GiB through the proxy and through a minimal proxy, in turns. */
export async function proxySpeed(): Promise<void> {
  await withHoles([GIB], async (urlsOf) => {
    const urls = urlsOf(GIB);
    await using proxy = await startServer("proxy");
    await using plain = await startServer("plain");
    await using ownProxy = await startServer("proxy", "listener");
    await using ownPlain = await startServer("plain", "listener");
    const lone = urls.slice(0, 1);
    const rows: { name: string; url: string; server?: Server; runs: Run[] }[] = [
      { name: "minimal Deno proxy, one mirror", url: link(plain, urls), server: plain, runs: [] },
      { name: "… by our listener", url: link(ownPlain, urls), server: ownPlain, runs: [] },
      { name: "/proxy, three mirrors", url: link(proxy, urls), server: proxy, runs: [] },
      { name: "… by our listener", url: link(ownProxy, urls), server: ownProxy, runs: [] },
      { name: "/proxy, one mirror", url: link(proxy, lone), server: proxy, runs: [] },
      { name: "… by our listener", url: link(ownProxy, lone), server: ownProxy, runs: [] },
      { name: "no proxy, one mirror", url: urls[0]!, runs: [] },
    ];
    for (let run = 0; run <= RUNS; run++) {
      for (const { url, server, runs } of rows) {
        const before = await server?.usage();
        const { seconds, bytes } = await runDrain<Drained>({ urls: [url] });
        if (bytes !== GIB) throw new Error(`received ${bytes} bytes from ${url}`);
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

/** Serves 100 clients at once, 20 MB each; every fourth reads 10 MB/s at most. Each run has a new server. */
export async function proxyClients(): Promise<void> {
  const rows: { name: string; start: () => Promise<Server>; runs: CrowdRun[] }[] = [
    { name: "minimal Deno proxy, one mirror", start: () => startServer("plain"), runs: [] },
    { name: "/proxy, three mirrors", start: () => startServer("proxy"), runs: [] },
    { name: "… by our listener", start: () => startServer("proxy", "listener"), runs: [] },
  ];
  await withSharedFile(async (urls) => {
    for (let run = 0; run < CROWD_RUNS; run++) {
      for (const { start, runs } of rows) runs.push(await serveCrowd(start, urls));
    }
  });
  const base = rows[0]!.runs;
  const of = (runs: CrowdRun[], value: (run: CrowdRun) => number) => median(runs.map(value));
  console.log(
    `\n${CLIENTS} clients at once, ${
      PIECE / 1e6
    } MB each, medians of ${CROWD_RUNS} runs in turns\n`,
  );
  console.log(table([
    ["", "MB/s", "of minimal", "server CPU s", "failed clients", "RSS before MB", "peak MB"],
    ...rows.map(({ name, runs }) => [
      name,
      of(runs, ({ bytes, seconds }) => bytes / 1e6 / seconds).toFixed(0),
      median(runs.map(({ seconds }, index) => base[index]!.seconds / seconds)).toFixed(2),
      of(runs, ({ cpuSeconds }) => cpuSeconds).toFixed(1),
      `${runs.reduce((sum, { failed }) => sum + failed, 0)}`,
      of(runs, ({ rssBytes }) => rssBytes / 1e6).toFixed(0),
      Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes / 1e6)).toFixed(0),
    ]),
  ]));
}

interface CrowdRun extends ClientsResult {
  readonly cpuSeconds: number;
  /** Resident memory before the clients. */
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** Lets many clients request pieces of one file of a new server. */
async function serveCrowd(
  start: () => Promise<Server>,
  urls: readonly string[],
): Promise<CrowdRun> {
  await using server = await start();
  const before = await server.usage();
  const result = await runClients({
    ...{ url: link(server, urls), size: SHARED, leave: false },
    ...{ clients: CLIENTS, atOnce: CLIENTS, slowEvery: 4 },
  });
  const after = await server.usage();
  const { rssBytes } = before;
  const { peakRssBytes } = after;
  return { ...result, cpuSeconds: usedBetween(before, after), rssBytes, peakRssBytes };
}

/** Serves 1000 clients that leave after their first bytes. */
export async function proxyAborts(): Promise<void> {
  await withSharedFile(async (urls) => {
    await using server = await startServer("proxy");
    const spec = {
      ...{ url: link(server, urls), size: SHARED, leave: true },
      ...{ clients: ABORTS, atOnce: WAVE, slowEvery: 0 },
    };
    // A first round lets the server grow to its working size.
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

/** Measures seeks in a file that the proxy knows, over links with latency. */
export async function proxySeek(): Promise<void> {
  const size = 200_000_000;
  await using lab = await spawnLab({ size, mirrors: [...TESTBED] });
  await using server = await startServer("proxy");
  const url = link(server, lab.urls);
  const seconds: number[] = [];
  for (let seek = 0; seek <= SEEKS; seek++) {
    const start = Math.floor(size * ((seek * 0.37) % 0.9));
    const startedAt = performance.now();
    const { status, body } = await fetch(url, { headers: { range: `bytes=${start}-` } });
    const reader = body!.getReader();
    const { value } = await reader.read();
    if (status !== 206 || !value?.length) throw new Error(`The answer is a ${status}`);
    const took = (performance.now() - startedAt) / 1000;
    // A player reads for a while before the next seek.
    for (let length = value.length; length < 2_000_000;) {
      length += (await reader.read()).value!.length;
    }
    await reader.cancel();
    // The first request includes the probe.
    if (seek > 0) seconds.push(took);
    else console.log(`\nfirst byte of the first request: ${(took * 1000).toFixed(0)} ms`);
  }
  const nearest = Math.min(...TESTBED.map(({ roundTripMs }) => roundTripMs));
  const sorted = seconds.toSorted((one, other) => one - other);
  const ms = (value: number) => `${(value * 1000).toFixed(0)} ms`;
  console.log(
    `first byte of ${SEEKS} seeks after it: median ${ms(median(seconds))}, nine of ten within ` +
      `${ms(sorted[Math.floor(SEEKS * 0.9) - 1]!)}; two round trips of the nearest mirror and ` +
      `20 ms are ${2 * nearest + 20} ms`,
  );
}

/** Runs a function with the URLs of a file for many clients, on three ports of one nginx. */
function withSharedFile(run: (urls: string[]) => Promise<void>): Promise<void> {
  return withNginx(
    (folder) => fillNumbered(`${folder}/film`, SHARED),
    (urls) => run(urls("film")),
  );
}

function link({ origin }: Server, urls: readonly string[]): string {
  return `${origin}/proxy?${new URLSearchParams(urls.map((url) => ["url", url]))}`;
}

function usedBetween(before: Usage | undefined, after: Usage | undefined): number {
  return (after?.cpuSeconds ?? 0) - (before?.cpuSeconds ?? 0);
}

/** Maximum time until the downloads of clients that left have ended, in milliseconds. */
const ENDING_MS = 10_000;

async function nothingUnderWay({ origin }: Server): Promise<void> {
  for (const deadline = performance.now() + ENDING_MS;;) {
    const text = await (await fetch(`${origin}/metrics`)).text();
    const [, count] = /^sphttp_downloads_under_way (\d+)$/m.exec(text) ?? [];
    if (count === "0") return;
    if (performance.now() > deadline) throw new Error(`${count} downloads are still running`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
