/**
 * A benchmark of failover: of two mirrors one fails, and the longest time is measured in which the reader gets
 * nothing. Real sockets, with links of 20 Mbit/s and round trips of 40 ms.
 *
 * @module
 */

import { Downloader } from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import { type LabMirror, startMirror } from "../support/lab/mirror_lab.ts";
import { median, table } from "./usage.ts";

const SIZE = 10_000_000;
const BYTES_PER_SECOND = 2_500_000;
const ROUND_TRIP_MS = 40;
/** What a reset may cost, in milliseconds. */
const RESET_MS = ROUND_TRIP_MS + 100;
/** When a mirror fails, in milliseconds after the first byte: each run has another of these. */
const FAILS_AT_MS = [300, 520, 740, 960, 1180, 1400, 1620];

/** How a mirror fails. */
interface Failure {
  readonly name: string;
  /** What the reader may have to wait, in milliseconds; `undefined` where nothing is promised. */
  readonly mostMs: number | undefined;
  /** Lets a mirror fail. */
  readonly fail: (mirror: LabMirror) => void;
  /** Whether it fails from the start. */
  readonly always?: boolean;
}

const resets = (afterBytes: number): Failure => ({
  name: `resets each response after ${afterBytes / 1000} kB`,
  mostMs: RESET_MS,
  fail: (mirror) => mirror.setFaults([{ kind: "reset", afterBytes }]),
  always: true,
});

const FAILURES: readonly Failure[] = [
  { name: "none", mostMs: undefined, fail: () => {} },
  { name: "falls silent", mostMs: 1000, fail: (mirror) => mirror.setRate(0) },
  { name: "resets all connections", mostMs: RESET_MS, fail: (mirror) => mirror.resetConnections() },
  {
    name: "resets them, and new ones",
    mostMs: RESET_MS,
    fail: (mirror) => {
      mirror.setFaults([{ kind: "refuse" }]);
      mirror.resetConnections();
    },
  },
  resets(20_000),
  resets(150_000),
  {
    name: "answers 503 from then on",
    mostMs: undefined,
    fail: (mirror) => mirror.setFaults([{ kind: "status", status: 503 }]),
  },
];

/** Prints for how long the reader waited when a mirror failed. */
export async function failover(): Promise<void> {
  const rows = [["one of two mirrors", "median ms", "longest ms", "promised ms", "MB/s"]];
  for (const failure of FAILURES) {
    const runs: Run[] = [];
    for (const atMs of FAILS_AT_MS) runs.push(await run(failure, atMs));
    const stalls = runs.map(({ stallMs }) => stallMs);
    rows.push([
      failure.name,
      median(stalls).toFixed(0),
      Math.max(...stalls).toFixed(0),
      failure.mostMs?.toFixed(0) ?? "-",
      (SIZE / 1e6 / median(runs.map(({ seconds }) => seconds))).toFixed(2),
    ]);
  }
  const runs = FAILS_AT_MS.length;
  console.log(`\nlongest time without a byte, ${runs} runs each (deno task bench failover)\n`);
  console.log(table(rows));
}

interface Run {
  readonly stallMs: number;
  readonly seconds: number;
}

/** Downloads from two mirrors, of which the first fails. */
async function run({ fail, always = false }: Failure, atMs: number): Promise<Run> {
  const content = randomContent(SIZE);
  const link = { content, bytesPerSecond: BYTES_PER_SECOND, roundTripMs: ROUND_TRIP_MS };
  await using failing = await startMirror(link);
  await using good = await startMirror(link);
  if (always) fail(failing);
  const startedAt = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastAt: number | undefined;
  let [stallMs, bytes] = [0, 0];
  for await (const part of new Downloader([failing.url, good.url])) {
    const now = performance.now();
    if (lastAt !== undefined) stallMs = Math.max(stallMs, now - lastAt);
    else if (!always) timer = setTimeout(() => fail(failing), atMs);
    lastAt = now;
    bytes += part.byteLength;
  }
  clearTimeout(timer);
  if (bytes !== SIZE) throw new Error(`received ${bytes} of ${SIZE} bytes`);
  return { stallMs, seconds: (performance.now() - startedAt) / 1000 };
}
