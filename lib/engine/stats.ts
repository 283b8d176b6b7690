/**
 * A snapshot of a running download.
 *
 * @module
 */

import type { Ledger } from "../scheduler/ledger.ts";
import type { Mirror } from "../scheduler/mirror.ts";
import type { ReorderBuffer } from "./reorder_buffer.ts";

/** What a download has done so far. */
export interface DownloadStats {
  /** Size of what is wanted, in bytes; `undefined` while it is unknown. */
  size: number | undefined;
  /** Bytes handed to the consumer. */
  consumedBytes: number;
  /** Bytes received, each counted once. */
  receivedBytes: number;
  /** Bytes in the reorder buffer. */
  bufferedBytes: number;
  /** The most bytes that were in the reorder buffer at any time. */
  peakBufferedBytes: number;
  /** Bytes that came more than once or were of no use. */
  wastedBytes: number;
  /** Bytes per second over about the last second, all mirrors together. */
  bytesPerSecond: number;
  /** Milliseconds since the download was started. */
  elapsedMs: number;
  /** Milliseconds from the start until the first byte could be delivered. */
  firstByteMs: number | undefined;
  /** Each mirror, in the order in which they were given. */
  mirrors: MirrorStats[];
}

/** What one mirror has done so far. */
export interface MirrorStats {
  /** The mirror's URL, without credentials. */
  url: string;
  /** Where it stands; `spare`: serves the whole file only, while others do ranges. */
  state: "probing" | "spare" | "idle" | "busy" | "waiting" | "retired" | "closed" | "dropped";
  /** Why it waits or was dropped, in words. */
  message: string | undefined;
  /** Bytes that came from it. */
  bytes: number;
  /** Bytes of these that had come from another mirror already, or were not used. */
  wastedBytes: number;
  /** Its share of all bytes that came, from 0 to 1. */
  share: number;
  /** Bytes per second over about the last second in which it had a request under way. */
  bytesPerSecond: number;
  /** Requests for blocks. */
  requests: number;
  /** Requests for what another mirror had been asked for already. */
  duplicates: number;
  /** Requests that failed. */
  failures: number;
  /** Milliseconds from its first request to the answer's headers. */
  answerMs: number | undefined;
}

/** What a snapshot is made from; times are in milliseconds. */
export interface StatsSource {
  readonly mirrors: readonly Mirror[];
  readonly ledger: Ledger;
  readonly buffer: ReorderBuffer;
  readonly consumedBytes: number;
  readonly bytesPerSecond: number;
  readonly started: boolean;
  readonly startedAt: number;
  readonly firstByteAt: number | undefined;
  readonly now: number;
}

/** Takes a snapshot. */
export function snapshot(source: StatsSource): DownloadStats {
  const { mirrors, ledger, buffer, startedAt, firstByteAt, now } = source;
  const size = ledger.end - ledger.start;
  const total = sum(mirrors, ({ bytes }) => bytes);
  return {
    size: Number.isFinite(size) ? size : undefined,
    consumedBytes: source.consumedBytes,
    receivedBytes: ledger.receivedBytes,
    bufferedBytes: buffer.held,
    peakBufferedBytes: buffer.peak,
    wastedBytes: sum(mirrors, ({ wastedBytes }) => wastedBytes),
    bytesPerSecond: source.bytesPerSecond,
    elapsedMs: source.started ? now - startedAt : 0,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - startedAt,
    mirrors: mirrors.map((mirror) => mirrorStats(mirror, total, now)),
  };
}

function mirrorStats(mirror: Mirror, total: number, now: number): MirrorStats {
  const { url, bytes, wastedBytes, requests, duplicates, answerMs } = mirror;
  return {
    url,
    state: mirrorState(mirror),
    message: "failure" in mirror.state ? mirror.state.failure.message : undefined,
    bytes,
    wastedBytes,
    share: total === 0 ? 0 : bytes / total,
    bytesPerSecond: mirror.rate.rate(now),
    requests,
    duplicates,
    failures: mirror.totalFailures,
    answerMs,
  };
}

function mirrorState({ state, service, idle }: Mirror): MirrorStats["state"] {
  if (state.type !== "ready") return state.type;
  if (service === "unknown") return "probing";
  if (!idle) return "busy";
  return service === "whole" ? "spare" : "idle";
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
