/**
 * Snapshots of a download, for progress displays and metrics. Pure.
 *
 * @module
 */

import type { Ledger } from "../scheduler/bytes/ledger.ts";
import type { Mirror } from "../scheduler/mirror/mirror.ts";
import type { DeliveryWindow } from "./delivery/delivery_window.ts";

/** A snapshot of a download. */
export interface DownloadStats {
  /** Number of bytes to download; `undefined` while it is unknown. */
  size: number | undefined;
  /** Bytes delivered to the consumer. */
  consumedBytes: number;
  /** Bytes received, each counted once. */
  receivedBytes: number;
  /** Bytes in the reorder buffer. */
  bufferedBytes: number;
  /** Maximum number of bytes in the reorder buffer at any time. */
  peakBufferedBytes: number;
  /** Bytes that came more than once or were not used. */
  wastedBytes: number;
  /**
   * Bytes received per second in the last second, or since the start if that is less: the sum of the
   * mirrors' rates. Bytes that came more than once count, too.
   */
  bytesPerSecond: number;
  /** Milliseconds since the download was started. */
  elapsedMs: number;
  /** Milliseconds from the start until the first byte could be delivered. */
  firstByteMs: number | undefined;
  /** The mirrors, in the order in which they were given, or added. */
  mirrors: MirrorStats[];
}

/** A snapshot of one mirror. */
export interface MirrorStats {
  /** The mirror's URL, without credentials. */
  url: string;
  /**
   * Its state: `probing` until its first response; `idle` or `busy`, without or with requests whose
   * responses are awaited or read; `waiting` for a retry; `spare`: it serves only the whole file, while
   * others serve ranges; `retired`: too slow to help with the rest; `closed` by `closeBadConnections`;
   * `dropped` after failures. Once the download has ended, however it did, none is `probing` or `busy`:
   * those are `idle`.
   */
  state: "probing" | "spare" | "idle" | "busy" | "waiting" | "retired" | "closed" | "dropped";
  /** Why it waits or was dropped; `undefined` if it does neither. */
  message: string | undefined;
  /** Bytes received from it. */
  bytes: number;
  /** Bytes of these that another mirror had delivered already, or that were not used. */
  wastedBytes: number;
  /** Its share of all bytes received, from 0 to 1. */
  share: number;
  /** Bytes received from it per second in the last second, or since the start if that is less. */
  bytesPerSecond: number;
  /** Number of requests for blocks. */
  requests: number;
  /** Number of requests for blocks that were requested from another mirror before. */
  duplicates: number;
  /** Number of failed requests. */
  failures: number;
  /** Number of pieces of which it has sent other bytes than `expectedPieces` says. */
  badPieces: number;
  /** Milliseconds from its first request to the response headers. */
  answerMs: number | undefined;
}

/** What a snapshot is made from; times are in milliseconds. */
export interface StatsSource {
  readonly mirrors: readonly Mirror[];
  readonly ledger: Ledger;
  readonly window: DeliveryWindow;
  readonly startedAt: number | undefined;
  /** When the download ended; `undefined` while it runs. */
  readonly endedAt: number | undefined;
  readonly now: number;
}

/** Takes a snapshot. */
export function snapshot(source: StatsSource): DownloadStats {
  const { mirrors, ledger, startedAt, now, endedAt = now } = source;
  const { buffer, firstByteAt } = source.window;
  const size = ledger.end - ledger.start;
  const total = sum(mirrors, ({ bytes }) => bytes);
  return {
    size: Number.isFinite(size) ? size : undefined,
    consumedBytes: buffer.front - ledger.start,
    receivedBytes: ledger.receivedBytes,
    bufferedBytes: buffer.held,
    peakBufferedBytes: buffer.peak,
    wastedBytes: sum(mirrors, ({ wastedBytes }) => wastedBytes),
    bytesPerSecond: sum(mirrors, ({ recent }) => recent.at(now, startedAt ?? now)),
    elapsedMs: startedAt === undefined ? 0 : endedAt - startedAt,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - startedAt!,
    mirrors: mirrors.map((mirror) => ({
      ...mirrorStats(mirror, total, now, startedAt),
      state: source.endedAt === undefined ? mirrorState(mirror) : stateAtEnd(mirror),
    })),
  };
}

function mirrorStats(
  mirror: Mirror,
  total: number,
  now: number,
  since = now,
): Omit<MirrorStats, "state"> {
  const { url, bytes, wastedBytes, requests, duplicates, answerMs } = mirror;
  return {
    url,
    message: "failure" in mirror.state ? mirror.state.failure.message : undefined,
    bytes,
    wastedBytes,
    share: total === 0 ? 0 : bytes / total,
    bytesPerSecond: mirror.recent.at(now, since),
    requests,
    duplicates,
    failures: mirror.totalFailures,
    badPieces: mirror.trackRecord.badPieces,
    answerMs,
  };
}

function mirrorState({ state, service, live }: Mirror): MirrorStats["state"] {
  if (state.type !== "ready") return state.type;
  if (service === "unknown") return "probing";
  if (live.some(({ isExhausted }) => !isExhausted)) return "busy";
  return service === "whole" ? "spare" : "idle";
}

/** Returns the state of a mirror after the end, when it has no requests. */
function stateAtEnd(mirror: Mirror): MirrorStats["state"] {
  const state = mirrorState(mirror);
  return state === "probing" || state === "busy" ? "idle" : state;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
