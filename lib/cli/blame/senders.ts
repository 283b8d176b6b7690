/**
 * Who has sent which bytes of a file: shares and ranges, for the search of wrong bytes and for messages.
 * Pure.
 *
 * @module
 */

import type { Origin } from "../../../mod.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { formatPercent } from "../report/text.ts";

/** A mirror, or what an earlier download has left, and the bytes of the file that are from there. */
export interface Sender {
  /** URL of the mirror; `undefined` if it is not known who has sent these bytes. */
  readonly mirror: string | undefined;
  readonly ranges: readonly ByteRange[];
  /** Number of bytes. */
  readonly bytes: number;
}

/** The most ranges of one mirror in a message. */
const MOST_RANGES = 5;
/** The most mirrors in a message. */
const MOST_SENDERS = 16;

/**
 * Returns who has sent the bytes of a range, the smallest share first: that of a liar is, where mirrors are
 * compared while they deliver.
 *
 * @param origins lowest first; what they do not cover is of unknown origin
 */
export function sendersOf({ start, end }: ByteRange, origins: readonly Origin[]): Sender[] {
  const senders = new Map<string | undefined, { ranges: ByteRange[]; bytes: number }>();
  const add = (mirror: string | undefined, range: ByteRange) => {
    if (range.start >= range.end) return;
    const sender = senders.get(mirror) ?? { ranges: [], bytes: 0 };
    senders.set(mirror, sender);
    sender.ranges.push(range);
    sender.bytes += range.end - range.start;
  };
  let at = start;
  for (const origin of origins) {
    const from = Math.max(at, origin.start);
    const to = Math.min(end, origin.end);
    if (from >= to) continue;
    add(undefined, { start: at, end: from });
    add(origin.mirror, { start: from, end: to });
    at = to;
  }
  add(undefined, { start: at, end });
  return [...senders].map(([mirror, sender]) => ({ mirror, ...sender }))
    .sort((one, other) => one.bytes - other.bytes);
}

/** Describes who has sent which bytes, the largest share first, in a line each. */
export function sendersText(senders: readonly Sender[]): string[] {
  const total = senders.reduce((sum, { bytes }) => sum + bytes, 0);
  const shown = senders.toReversed().slice(0, MOST_SENDERS);
  const more = senders.length - shown.length;
  return [
    ...shown.map(({ mirror, ranges, bytes }) =>
      `${mirror ?? "an earlier download, or an unknown mirror"} sent ${
        formatPercent(bytes / total)
      }: ${rangesText(ranges)}`
    ),
    ...more > 0 ? [`${more} more mirrors sent the rest`] : [],
  ];
}

/** Describes ranges: `bytes 0-99, 200-299, and 3 more ranges`. */
export function rangesText(ranges: readonly ByteRange[]): string {
  const shown = ranges.slice(0, MOST_RANGES).map(({ start, end }) => `${start}-${end - 1}`);
  const more = ranges.length - shown.length;
  const rest = more === 0 ? "" : `, and ${more} more range${more === 1 ? "" : "s"}`;
  return `bytes ${shown.join(", ")}${rest}`;
}
