/**
 * Transfers over a simulated link that record what becomes of them.
 *
 * @module
 */

import type { EventQueue } from "./event_queue.ts";
import type { Link, TransferOptions } from "./link.ts";

/** What became of a request. Times are in milliseconds. */
export interface Fate {
  answeredAt?: number;
  endedAt?: number;
  resetAt?: number;
  bytes: number;
  readonly pieces: (readonly [atMs: number, bytes: number])[];
  cancel: () => void;
}

/** Sends a request that is read at once and never reset, unless the options say otherwise. */
export function observeTransfer(
  link: Link,
  queue: EventQueue,
  { bytes, resetAfterBytes = Infinity, unread = () => 0, ended = () => {} }:
    & Pick<TransferOptions, "bytes">
    & Partial<Pick<TransferOptions, "resetAfterBytes" | "unread" | "ended">>,
): Fate {
  const fate: Fate = { bytes: 0, pieces: [], cancel: () => {} };
  fate.cancel = link.request({
    bytes,
    resetAfterBytes,
    unread,
    answered: () => fate.answeredAt = queue.now,
    arrived: (length) => {
      fate.bytes += length;
      fate.pieces.push([queue.now, length]);
    },
    ended: () => {
      fate.endedAt = queue.now;
      ended();
    },
    reset: () => fate.resetAt = queue.now,
  });
  return fate;
}
