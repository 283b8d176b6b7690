/**
 * Servers that send short responses only, as gateways, functions and caches in front of a file do: they refuse longer
 * ranges, or close the connection after so many bytes, or so much time.
 *
 * @module
 */

import {
  type Ask,
  isRanged,
  nothing,
  rangeOf,
  refused,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import { always, BOTH, type Kind, kind } from "./kind.ts";

/** Answers something else to what is longer than that, the whole file too. */
const upTo = (bytes: number, refuse: (ask: Ask) => Reply): Kind["serve"] => (ask) =>
  rangeOf(ask).end - rangeOf(ask).start > bytes ? refuse(ask) : served(ask);

const LONG = { size: 4_000_000, bytesPerSecond: 8_000_000, maxRequests: 100 };

export const LENGTHS: readonly Kind[] = [
  ...[403, 413, 416, 500, 502, 503, 504].map((status) =>
    kind(
      `too-long-${status}`,
      `${status} to whatever is longer than 300 KB`,
      [22, status < 502 ? 22 : 29],
      upTo(300_000, () => refused(status)),
      { ...LONG, proxy: status === 413 },
    )
  ),
  ...[413, 502].map((status) =>
    kind(
      `too-long-short-${status}`,
      `${status} to whatever is longer than 64 KiB`,
      [22, status < 502 ? 22 : 29],
      upTo(65_536, () => refused(status)),
      { ...LONG, maxRequests: 200 },
    )
  ),
  kind(
    "too-long-closed",
    "closes the connection without an answer to whatever is longer than 300 KB",
    [52, 1],
    upTo(300_000, () => nothing("close")),
    LONG,
  ),
  kind(
    "too-long-reset",
    "resets the connection on whatever is longer than 300 KB",
    [56, 1],
    upTo(300_000, () => nothing("reset")),
    LONG,
  ),
  kind(
    "parts-of-256k-late",
    "at most 256 KiB of each range, and 0.3 s before each answer",
    BOTH,
    (ask) => {
      const { start, end } = rangeOf(ask);
      const range = { start, end: Math.min(end, start + 262_144) };
      return served(ask, isRanged(ask) ? { range } : {}).after(300);
    },
    { ...LONG, proxy: true },
  ),
  kind(
    "cut-after-500k",
    "FIN after 500 000 bytes of each body",
    [18, 1],
    upTo(500_000, (ask) => served(ask).breakAt(500_000, "close")),
    LONG,
  ),
  kind(
    "cut-after-100ms",
    "closes each connection 0.1 s after the head",
    [18, 1],
    always((reply) => reply.lasting(100)),
    LONG,
  ),
];
