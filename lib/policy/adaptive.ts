/**
 * The adaptive delay request algorithm: every link busy all the time, and every range where the
 * front will be when it has come. A mirror is asked for its next range one round trip before the
 * last one ends; for as many bytes as it brings in about a tenth of a second; and for those that the
 * front will reach by then, since what lies before them comes from others.
 *
 * @module
 */

import { mayHurry, mostBytes, pieceOf } from "./limit.ts";
import { Outlook } from "./outlook.ts";
import type { ByteRange } from "../http/byte_range.ts";
import type { AskReason, LimitView, Plan, Policy, SourceView } from "../scheduler/view.ts";
import { rescue } from "./rescue.ts";

/** The state of a download, as the adaptive algorithm sees it. */
export interface AdaptiveView {
  readonly mirrors: readonly SourceView[];
  readonly ledger: {
    /** The first byte that has not been received. */
    readonly front: number;
    /** What has not been asked for, or was given back, lowest first. */
    readonly free: readonly ByteRange[];
    /** Whether the front was asked for, but given back. */
    readonly frontWasReturned: boolean;
    /** Bytes that are asked for. */
    readonly askedBytes: number;
  };
  /** The most bytes held and asked for together. */
  readonly windowSize: number;
  /** Bytes that the consumer could take, but has not taken yet. */
  readonly readyBytes: number;
  /** What the rate of the whole download is limited to. */
  readonly limit: LimitView;
  /** Bytes from `start` to `end` that may be asked for now, as far as the window goes. */
  roomFor(start: number, end: number): number;
}

/** How long a range takes its mirror, at least. */
const RANGE_MS = 80;
/**
 * And how many round trips: more where several requests run side by side, since few others take over
 * from them, and most where none does.
 */
const RANGE_ROUND_TRIPS = 1.5;
const SHARED_ROUND_TRIPS = 4;
const LONE_ROUND_TRIPS = 8;
/** Bounds of a range's size. */
const SHORTEST_RANGE = 64 * 1024;
const LONGEST_RANGE = 8 * 1024 * 1024;
/** Ranges get no shorter than this at the end of the file. */
const LAST_RANGE = 16 * 1024;
/** Fewer bytes than a mirror brings in so many round trips are not left over: see {@linkcode cutOut}. */
const CRUMB_ROUND_TRIPS = 2;
/** How much later than expected a range may come without holding up the front. */
const MARGIN = 1.1;
const RAMPING_MARGIN = 1.5;
/** The part of the window that is kept free for the front. */
const FRONT_SHARE = 1 / 8;
/** The longest time between two looks while anything is under way. */
const LOOK_MS = 20;

/** Plans by what is known of the links. */
export class AdaptivePolicy implements Policy<AdaptiveView> {
  /** Bytes that each mirror was last asked for. */
  readonly #lengths = new Map<number, number>();

  next(view: AdaptiveView, now: number): Plan | undefined {
    const outlooks = view.mirrors.map((source, index) => new Outlook(index, source, now));
    return rescue(view, outlooks, now) ?? this.#ask(view, outlooks, now);
  }

  wakeAt({ mirrors, limit }: AdaptiveView, now: number): number {
    const lookAt = mirrors.some(({ live }) => live.length > 0) ? now + LOOK_MS : Infinity;
    return limit.openAt > now ? Math.min(limit.openAt, lookAt) : lookAt;
  }

  #ask(view: AdaptiveView, outlooks: readonly Outlook[], now: number): Plan | undefined {
    const { ledger } = view;
    const [gap] = ledger.free;
    if (gap === undefined) return undefined;
    const atFront = gap.start === ledger.front;
    // What somebody failed to bring holds up everything behind it.
    const urgent = atFront && ledger.frontWasReturned;
    if (urgent) return mayHurry(view.limit, now) ? this.#askFront(gap, view, outlooks) : undefined;
    if (view.limit.openAt > now) return undefined;
    const asking = outlooks.filter((outlook) => outlook.wantsWork());
    const short = shortest(view);
    asking.sort((one, other) => one.finishAt(short) - other.finishAt(short));
    const endAt = endOfAll(outlooks, bytesIn(ledger.free), view.limit.rate);
    for (const outlook of asking) {
      const length = this.#length(outlook, view);
      // So much, and all mirrors end at the same time.
      const last = outlook.rate * (endAt - outlook.freeAt);
      // Somebody has to ask, whatever may seem better.
      const must = ledger.askedBytes === 0;
      const range = must
        ? cutOut(gap, gap.start, length, short)
        : last < Math.min(LAST_RANGE, length)
        ? undefined
        : place(outlook, outlooks, Math.min(length, last), view, now);
      const reason = !must && last < length
        ? "end"
        : range?.start === gap.start
        ? "front"
        : "ahead";
      const plan = range && this.#plan(outlook, range, reason, view);
      if (plan !== undefined) return plan;
      // The front waits for room for whoever brings it sooner: nobody slower takes it meanwhile.
      if (range?.start === ledger.front) return undefined;
    }
    return undefined;
  }

  /** Asks whoever brings the front soonest, even if that means to wait until it can be asked. */
  #askFront(gap: ByteRange, view: AdaptiveView, outlooks: readonly Outlook[]): Plan | undefined {
    const short = shortest(view);
    const [best] = outlooks.filter(({ source, silent }) => source.available && !silent)
      .sort((one, other) => one.rushedAt(short) - other.rushedAt(short));
    if (!best?.open) return undefined;
    const range = cutOut(gap, gap.start, this.#length(best, view), short);
    return this.#plan(best, range, "front", view);
  }

  #plan(
    outlook: Outlook,
    range: ByteRange,
    reason: AskReason,
    view: AdaptiveView,
  ): Plan | undefined {
    const fitting = fitWindow(range, view);
    if (fitting === undefined) return undefined;
    this.#lengths.set(outlook.index, this.#usualLength(outlook, view));
    return { type: "ask", mirror: outlook.index, range: fitting, reason };
  }

  /** How many bytes a mirror is to be asked for. */
  #length(outlook: Outlook, view: AdaptiveView): number {
    const { link: { latencyMs }, maxConnections } = outlook.source;
    const piece = pieceOf(view.limit, { latencyMs, maxConnections });
    return Math.min(piece, this.#usualLength(outlook, view));
  }

  /** The same without a limit on the rate of the whole download. */
  #usualLength(outlook: Outlook, view: AdaptiveView): number {
    const { rate, source } = outlook;
    if (outlook.onProbation) return SHORTEST_RANGE;
    const before = this.#lengths.get(outlook.index) ?? Infinity;
    const { lanes, maxConnections, link } = source;
    const roundTrips = maxConnections === 1
      ? LONE_ROUND_TRIPS
      : lanes === 1
      ? RANGE_ROUND_TRIPS
      : SHARED_ROUND_TRIPS;
    const wanted = rate / lanes * Math.max(RANGE_MS, roundTrips * link.latencyMs);
    // Several requests of each mirror, and what they bring, have to find room in the window.
    const most = Math.min(LONGEST_RANGE, view.windowSize / (2 * view.mirrors.length + 1));
    return Math.floor(Math.max(SHORTEST_RANGE, Math.min(wanted, most, 2 * before)));
  }
}

/** The shortest range that is asked for while much is left. */
function shortest({ limit }: AdaptiveView): number {
  return Math.min(SHORTEST_RANGE, pieceOf(limit));
}

function bytesIn(spans: readonly ByteRange[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * When `bytes` more would have come, at no more than `most` bytes per millisecond, if all mirrors
 * ended at the same time.
 */
function endOfAll(outlooks: readonly Outlook[], bytes: number, most: number): number {
  const working = outlooks.filter((one) => one.source.available && !one.silent && !one.onProbation)
    .map(({ rate, freeAt }) => ({ rate, from: freeAt }))
    .sort((one, other) => one.from - other.from);
  // They join in as they become ready, as long as there is anything left by then.
  let left = bytes;
  let rate = 0;
  let at = 0;
  for (const next of working) {
    const before = rate * (next.from - at);
    if (rate > 0 && before >= left) break;
    left -= before;
    rate = Math.min(most, rate + next.rate);
    at = next.from;
  }
  return rate === 0 ? at : at + left / rate;
}

/**
 * Where a mirror's next range of about `length` bytes lies: at the first free byte, if nobody else
 * would have brought it sooner; else behind what the others will bring until it has come.
 */
function place(
  outlook: Outlook,
  outlooks: readonly Outlook[],
  length: number,
  { ledger, limit }: AdaptiveView,
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
  // Where little is asked for at a time, a little less is no crumb.
  const crumb = Math.min(usualCrumb, pieceOf(limit) / 2);
  if (!sooner) return cutOut(first!, first!.start, length, crumb);
  const margin = outlook.source.link.ramping(now) ? RAMPING_MARGIN : MARGIN;
  // Near the end, a shorter range may still be of use where a longer one would come too late.
  for (let bytes = length; bytes >= Math.min(length, LAST_RANGE); bytes /= 2) {
    const byThen = now + margin * (outlook.finishAt(bytes) - now);
    const brought = others.reduce((sum, other) => sum + other.broughtBy(byThen), 0);
    // What this one brings of what may come, the others do not.
    const skipped = Math.min(brought, Math.max(0, mostBytes(limit, now, byThen) - bytes));
    const range = cutOutBehind(ledger.free, skipped, bytes, crumb);
    if (range !== undefined) return range;
  }
  return undefined;
}

/** About `length` bytes behind the first `skipped` free ones; `undefined` where there are too few. */
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
 * About `length` bytes of a gap from `start` on. What is left of the gap before and behind them is
 * nothing, or more than a crumb: fewer bytes would take less time than their request.
 */
function cutOut(gap: ByteRange, start: number, length: number, crumb: number): ByteRange {
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

/** Less of a range that is too long: of less, less is on its way already. */
function shortened(
  { start }: ByteRange,
  room: number,
  view: AdaptiveView,
  reserve: number,
): ByteRange | undefined {
  const length = Math.min(room, view.roomFor(start, start + room) - reserve);
  return length > 0 ? { start, end: start + length } : undefined;
}

/** Keeps a range within the window; `undefined` where it is better to wait. */
function fitWindow(range: ByteRange, view: AdaptiveView): ByteRange | undefined {
  const { ledger, windowSize, readyBytes } = view;
  const reserve = Math.floor(windowSize * FRONT_SHARE);
  const atFront = range.start === ledger.front;
  const length = range.end - range.start;
  const room = view.roomFor(range.start, range.end) - (atFront ? 0 : reserve);
  if (length <= room) return range;
  // Room that comes in small pieces is not asked for in small pieces.
  if (room >= Math.max(1, reserve)) return shortened(range, room, view, atFront ? 0 : reserve);
  // Where nothing but the front can make any, it is asked for: the window may have shrunk.
  const stuck = atFront && readyBytes === 0 && ledger.askedBytes === 0;
  if (!stuck) return undefined;
  return { start: range.start, end: range.start + Math.min(length, Math.max(room, reserve, 1)) };
}
