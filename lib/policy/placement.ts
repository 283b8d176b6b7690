/**
 * Where ranges lie: behind what others deliver first, without leaving crumbs, and within the window. Pure:
 * times are in milliseconds, and passed in.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { DownloadView, RequestView } from "../scheduler/view.ts";
import type { Outlook } from "./outlook.ts";

/** No range is shorter than this while much is left, in bytes. */
export const SHORTEST_RANGE = 64 * 1024;
/** No range is shorter than this at the end of the file, in bytes. */
export const LAST_RANGE = 16 * 1024;
/** No gap is left that takes less than this many round trips: see {@linkcode cutOut}. */
const CRUMB_ROUND_TRIPS = 2;
/** A range may arrive this much later than expected without holding up the front. */
const MARGIN = 1.1;
const RAMPING_MARGIN = 1.5;
/** The part of the window kept free for the front. */
const FRONT_SHARE = 1 / 8;
/** A stream is read on as soon as there is room for so many bytes. */
const LEAST_ROOM = 256 * 1024;
/** Beside other ranges of its mirror, a stream has work for so many milliseconds. */
const STREAM_MS = 1000;
/** The part of the window that what a trial requests at the end of the file may take. */
const TRIAL_SHARE = 1 / 4;

/** Returns where the gap ends in which a byte lies. */
export function gapAt(free: readonly ByteRange[], byte: number): number {
  return free.find(({ end }) => end > byte)!.end;
}

/**
 * Returns where a mirror's next range of about `length` bytes lies: at the first free byte, if no
 * other mirror would deliver that sooner; else after what the others will deliver until it arrives.
 */
export function place(
  outlook: Outlook,
  outlooks: readonly Outlook[],
  length: number,
  { ledger, limit }: DownloadView,
  now: number,
): ByteRange | undefined {
  const others = outlooks.filter((other) =>
    other !== outlook && other.source.available && !other.silent
  );
  const [first] = ledger.free;
  const sooner = others.some((other) => other.finishAt(length) < outlook.finishAt(length));
  const usualCrumb = outlooks.reduce(
    (most, { rate, source }) => Math.max(most, CRUMB_ROUND_TRIPS * rate * source.link.latencyMs),
    SHORTEST_RANGE,
  );
  // Where little is requested at a time, a little less is no crumb.
  const crumb = Math.min(usualCrumb, limit.piece() / 2);
  if (!sooner) return cutOut(first!, first!.start, length, crumb);
  const margin = outlook.source.link.ramping(now) ? RAMPING_MARGIN : MARGIN;
  // Near the end, a shorter range may still be of use where a longer one would arrive too late.
  for (let bytes = length; bytes >= Math.min(length, LAST_RANGE); bytes /= 2) {
    const byThen = now + margin * (outlook.finishAt(bytes) - now);
    const delivered = others.reduce((sum, other) => sum + other.deliveredBy(byThen), 0);
    // What this one delivers of what may arrive, the others do not.
    const skipped = Math.min(delivered, Math.max(0, limit.mostBytes(now, byThen) - bytes));
    const range = cutOutBehind(ledger.free, skipped, bytes, crumb);
    if (range !== undefined) return range;
  }
  return undefined;
}

/**
 * Returns where a mirror's next range lies that is delivered beside a stream of its own: after what the
 * stream will have delivered by the time of an answer, and far enough behind it that the stream has work
 * for a while. A stream that has none fills the kernel's buffers with bytes that others deliver.
 */
export function placeBehind(
  { position, claimEnd }: RequestView,
  { requestRate, source: { link, isTrial } }: Outlook,
  length: number,
  crumb: number,
  view: DownloadView,
): ByteRange | undefined {
  const { ledger: { free } } = view;
  const trial = isTrial ? atEnd(free.at(-1)!, Math.floor(length), view) : undefined;
  if (trial !== undefined) return trial;
  // As much as its share of the link, since one of several may be slow.
  const wanted = requestRate * Math.max(STREAM_MS, link.nextLatencyMs);
  const own = Math.max(0, wanted - (claimEnd - position));
  return cutOutBehind(free, own, length, crumb);
}

/**
 * Returns the end of the file, for a range that is only to show what another request brings: there it is
 * not in the way of the stream. `undefined` where that is near, or would fill the window.
 */
function atEnd(
  { start, end }: ByteRange,
  length: number,
  { ledger, windowSize }: DownloadView,
): ByteRange | undefined {
  if (end === Infinity || end - start <= 2 * length) return undefined;
  const most = windowSize * TRIAL_SHARE;
  return ledger.aheadBytes + length > most ? undefined : { start: end - length, end };
}

/** Returns about `length` bytes after the first `skipped` free ones; `undefined` if too few are left. */
function cutOutBehind(
  free: readonly ByteRange[],
  skipped: number,
  length: number,
  crumb: number,
): ByteRange | undefined {
  let before = skipped;
  for (const [index, gap] of free.entries()) {
    const size = gap.end - gap.start;
    if (before >= size) {
      before -= size;
      continue;
    }
    const last = index === free.length - 1;
    if (last && before + length > size && before > 0) return undefined;
    return cutOut(gap, gap.start + Math.floor(before), length, crumb);
  }
  return undefined;
}

/**
 * Returns about `length` bytes of a gap from `start` on. What is left of the gap before and after them
 * is nothing, or more than a crumb: fewer bytes would take less time than their request.
 */
export function cutOut(gap: ByteRange, start: number, length: number, crumb: number): ByteRange {
  const size = gap.end - gap.start;
  if (start - gap.start < crumb) {
    // A gap of few ranges is shared out evenly.
    const ranges = Math.max(1, Math.round(size / length));
    const share = ranges < 4 ? Math.ceil(size / ranges) : Math.floor(length);
    return { start: gap.start, end: gap.start + share };
  }
  const end = start + Math.floor(length);
  if (gap.end - end >= crumb) return { start, end };
  const shifted = Math.max(gap.start, gap.end - Math.floor(length));
  return { start: shifted - gap.start < crumb ? gap.start : shifted, end: gap.end };
}

/** Returns less of a range that is too long: of less, less is on its way already. */
function shortened(
  { start }: ByteRange,
  room: number,
  view: StreamView,
  reserve: number,
): ByteRange | undefined {
  const length = Math.min(room, view.roomFor(start, start + room) - reserve);
  return length > 0 ? { start, end: start + length } : undefined;
}

/** The part of a view that says how much may be requested. */
export type StreamView = Pick<DownloadView, "ledger" | "windowSize" | "readyBytes" | "roomFor">;

/**
 * Returns what may be read of a stream: as much of `range` as there is room for, since more of it costs
 * no request; `undefined` where that is next to nothing. `isNext`: nothing else comes before it.
 */
export function fitStream(
  range: ByteRange,
  isNext: boolean,
  view: StreamView,
): ByteRange | undefined {
  const { ledger, windowSize, readyBytes } = view;
  const length = range.end - range.start;
  const reserve = isNext ? 0 : Math.floor(windowSize * FRONT_SHARE);
  const room = view.roomFor(range.start, range.end) - reserve;
  if (length <= room) return range;
  const least = Math.max(1, Math.min(LEAST_ROOM, Math.floor(windowSize * FRONT_SHARE)));
  if (room >= least) return shortened(range, room, view, reserve);
  const stuck = range.start === ledger.front && readyBytes === 0 && ledger.askedBytes === 0;
  return stuck ? { start: range.start, end: range.start + Math.min(length, least) } : undefined;
}

/** Returns a range that fits into the window; `undefined` where it is better to wait. */
export function fitWindow(range: ByteRange, view: DownloadView): ByteRange | undefined {
  const { ledger, windowSize, readyBytes } = view;
  const reserve = Math.floor(windowSize * FRONT_SHARE);
  const atFront = range.start === ledger.front;
  const length = range.end - range.start;
  const room = view.roomFor(range.start, range.end) - (atFront ? 0 : reserve);
  if (length <= room) return range;
  // Room that comes in small pieces is not filled in small pieces.
  if (room >= Math.max(1, reserve)) return shortened(range, room, view, atFront ? 0 : reserve);
  // Where nothing but the front can make room, it is requested: the window may have shrunk.
  const stuck = atFront && readyBytes === 0 && ledger.askedBytes === 0;
  if (!stuck) return undefined;
  return { start: range.start, end: range.start + Math.min(length, Math.max(room, reserve, 1)) };
}
