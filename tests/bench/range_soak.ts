/**
 * Many ranges one after the other through our transport, from one nginx over TLS. Stalls were reported of
 * the platform where one HTTP/2 connection serves many requests.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";
import { Transport } from "../../lib/transport/transport.ts";
import { randomContent } from "../support/lab/content.ts";
import { withTlsNginx } from "../support/programs/tls_nginx.ts";
import { ownUsage, table } from "./usage.ts";

const FILE_BYTES = 64 * 1024 ** 2;
/** A range that is not read completely within this time is given up and counts as failed. */
const PATIENCE_MS = 10_000;
/** A range that takes longer has stalled: over loopback, one takes a few milliseconds. */
const STALL_MS = 250;

/** What to request. */
export interface SoakOptions {
  readonly http: "auto" | "http1" | "http2";
  /** Number of ranges, in all lanes. */
  readonly ranges: number;
  readonly rangeBytes: number;
  /** How many are requested at a time. @default 1 */
  readonly lanes?: number | undefined;
  /** The server closes each connection after this number of requests. @default never */
  readonly closesAfter?: number | undefined;
}

/** What came of it. */
export interface SoakResult {
  /** Ranges that came completely, with the right bytes. */
  readonly right: number;
  /** Messages of those that did not. */
  readonly failures: readonly string[];
  readonly stalls: number;
  readonly longestMs: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly connections: number;
  /** Versions of HTTP that the server saw. */
  readonly protocols: readonly string[];
}

/** Requests the ranges. */
export async function soak(
  { http, ranges, rangeBytes, lanes = 1, closesAfter }: SoakOptions,
): Promise<SoakResult> {
  const content = randomContent(FILE_BYTES, 31);
  const failures: string[] = [];
  let [right, stalls, longestMs, next] = [0, 0, 0, 0];
  let result: SoakResult | undefined;
  const extra = closesAfter === undefined ? undefined : `keepalive_requests ${closesAfter};`;
  await withTlsNginx(content, { extra }, async ({ urls, caPem, requests }) => {
    const options = resolveOptions(urls, { http, caCerts: [caPem] });
    const transport = new Transport({ ...options, knownMirrors: [] });
    const fetchRange = async (index: number) => {
      const start = (index * rangeBytes) % (FILE_BYTES - rangeBytes);
      const wanted = { start, end: start + rangeBytes, size: FILE_BYTES };
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(new Error("no end")), PATIENCE_MS);
      try {
        const { body } = await transport.request(0, wanted, controller.signal);
        let at = start;
        let isRight = true;
        for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) {
          const end = at + chunk.byteLength;
          isRight &&= isEqual(chunk, content.read(at, end));
          at = end;
        }
        if (!isRight || at !== wanted.end) throw new Error(`wrong bytes of range ${index}`);
        right++;
      } catch (error) {
        failures.push((error as Error).message);
      } finally {
        clearTimeout(timer);
      }
    };
    const cpuBefore = ownUsage().cpuSeconds;
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: lanes }, async () => {
      while (next < ranges) {
        const before = performance.now();
        await fetchRange(next++);
        const ms = performance.now() - before;
        longestMs = Math.max(longestMs, ms);
        if (ms > STALL_MS) stalls++;
      }
    }));
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuSeconds = ownUsage().cpuSeconds - cpuBefore;
    await transport.close();
    const seen = await requests(1);
    result = {
      ...{ right, failures, stalls, longestMs, seconds, cpuSeconds },
      connections: new Set(seen.map(({ connection }) => connection)).size,
      protocols: [...new Set(seen.map(({ protocol }) => protocol))].sort(),
    };
  });
  return result!;
}

const RANGES = 5000;
const RANGE_BYTES = 128 * 1024;
const COURSES = [
  ["HTTP/1.1", { http: "http1" }],
  ["HTTP/2", { http: "http2" }],
  ["HTTP/1.1, four at a time", { http: "http1", lanes: 4 }],
  ["HTTP/2, four at a time", { http: "http2", lanes: 4 }],
  ["HTTP/2, a server that closes after 100", { http: "http2", closesAfter: 100 }],
] as const;

/** Runs the soak over both versions of HTTP. */
export async function http2(): Promise<void> {
  const rows = [["", "right", "stalls", "longest ms", "s", "CPU s", "connections"]];
  for (const [title, course] of COURSES) {
    const result = await soak({ ...course, ranges: RANGES, rangeBytes: RANGE_BYTES });
    const { right, failures, stalls, longestMs, seconds, cpuSeconds, connections } = result;
    for (const message of failures.slice(0, 3)) console.error(`${title}: ${message}`);
    rows.push([
      ...[title, `${right}`, `${stalls}`, longestMs.toFixed(0)],
      ...[seconds.toFixed(1), cpuSeconds.toFixed(1), `${connections}`],
    ]);
  }
  console.log(`\n${RANGES} ranges of 128 KiB over TLS from one nginx\n`);
  console.log(table(rows));
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && Buffer.compare(one, other) === 0;
}
