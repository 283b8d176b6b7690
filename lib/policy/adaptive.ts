/**
 * The adaptive delay request algorithm: it keeps every link busy all the time, and requests every
 * range where the front will be when it has arrived. A mirror's next range is requested one round
 * trip before the last one ends; it is as long as the mirror delivers in about a tenth of a second;
 * and it lies where the front will be by then, since others deliver what comes before it. Pure, but
 * for the lengths that it remembers: times are in milliseconds, and passed in.
 *
 * @module
 */

import { Crowd, CROWD_LOOK_MS, ENOUGH, narrowed } from "./crowd.ts";
import { passOver } from "./kept_stream.ts";
import { Outlook } from "./outlook.ts";
import type { ByteRange } from "../http/byte_range.ts";
import type { AskReason, DownloadView, Plan, Policy, RequestView } from "../scheduler/view.ts";
import {
  cutOut,
  fitStream,
  fitWindow,
  gapAt,
  LAST_RANGE,
  place,
  placeBehind,
  SHORTEST_RANGE,
} from "./placement.ts";
import { makeWay, rescue } from "./rescue.ts";

/** A range takes its mirror at least this long, in milliseconds. */
const RANGE_MS = 80;
/** The same where the mirror has several lanes. */
const LANE_RANGE_MS = 110;
/** The same where the shortest round trip takes {@linkcode FAR_MS}: by shorter ranges, connections do not speed up. */
const FAR_LANE_RANGE_MS = 240;
const FAR_MS = 60;
/**
 * A range takes at least this many round trips: more where several requests share a bursty link, since each begins
 * with a burst, and most where no other request takes over, or no other mirror is held up.
 */
const RANGE_ROUND_TRIPS = 1.5;
const SHARED_ROUND_TRIPS = 4;
const LONE_ROUND_TRIPS = 8;
/** A range is at most so many times as long as the mirror's last one. */
const GROWTH = 2;
/** It is at most so many times as long if that took less than this part of the time of an answer. */
const STEEP_GROWTH = 16;
const SHORT_PART = 1 / 4;
/** On several lanes it takes at most this part of the time that is left, so that they end together. */
const LAST_PART = 0.35;
/** No range is longer than this. */
const LONGEST_RANGE = 8 * 1024 * 1024;
/** So many bytes are worth a request to any server, however much its requests cost. */
const LEAST_WORTH = 1024 * 1024;
/** The first response of all goes on for so many times as long as other ranges. */
const LEAD = 4;
/** Where no more is left than this, or it does not bring the whole file, it goes on to the end. */
const SHORT_FILE = 1024 * 1024;
/** Maximum time between two looks while any request is under way. */
const LOOK_MS = 20;

/** Plans by the measured rates and latencies of the links. */
export class AdaptivePolicy implements Policy {
  readonly extendsStreams = true;
  /** Length of the last range of each mirror, in bytes. */
  readonly #lengths = new Map<number, number>();
  readonly #crowd = new Crowd();

  get restBytes(): number | undefined {
    return this.#crowd.restBytes;
  }

  next(view: DownloadView, now: number): Plan | undefined {
    const outlooks = view.mirrors.map((source, index) => new Outlook(index, source, now));
    const chosen = this.#crowd.choose(view, outlooks);
    const enough = chosen === undefined ? undefined : ENOUGH;
    return rescue(view, outlooks, now, enough) ?? this.#ask(view, outlooks, chosen, now) ??
      this.#goOn(view, outlooks, now) ?? passOver(view, outlooks, now) ??
      this.#askBesideSilence(view, outlooks, now);
  }

  wakeAt({ mirrors, limit }: DownloadView, now: number): number {
    const busy = mirrors.some(({ live }) => live.some(({ isExhausted }) => !isExhausted));
    const lookMs = this.restBytes === undefined ? LOOK_MS : CROWD_LOOK_MS;
    const lookAt = busy ? now + lookMs : Infinity;
    return limit.openAt > now ? Math.min(limit.openAt, lookAt) : lookAt;
  }

  /**
   * Reads on the stream of the only mirror that is of use, whatever has become of other requests to it,
   * where nothing else is under way.
   */
  #goOn(view: DownloadView, outlooks: readonly Outlook[], now: number): Plan | undefined {
    const { ledger, mirrors, limit } = view;
    if (ledger.askedBytes > 0 || limit.openAt > now) return undefined;
    for (const outlook of outlooks) {
      const { state, live } = outlook.source;
      const stream = live.find((one) => one.isExhausted && isExtensible(one, view));
      if (stream === undefined || state.type === "dropped") continue;
      const others = outlooks.some((other) => other !== outlook && other.usable);
      if (others || mirrors.some(({ pending }) => pending)) continue;
      const length = this.#length(outlook, view);
      const start = stream.end;
      const end = Math.min(stream.bodyEnd, gapAt(ledger.free, start), start + length);
      const range = fitStream({ start, end }, stream.position <= ledger.front, view);
      if (range !== undefined) return { type: "extend", request: stream.id, end: range.end };
    }
    return undefined;
  }

  /** `chosen`: the only mirror to use in a crowd. */
  #ask(
    view: DownloadView,
    outlooks: readonly Outlook[],
    chosen: Outlook | undefined,
    now: number,
  ): Plan | undefined {
    const { ledger } = view;
    const [gap] = ledger.free;
    if (gap === undefined) return undefined;
    if (chosen !== undefined) {
      const own = narrowed(view, chosen);
      // Room that comes in small pieces is not filled in small pieces.
      const waits = own.readyBytes > 0 && own.room < (this.restBytes ?? 0);
      return waits ? undefined : this.#askLone(chosen, gap, own, now);
    }
    const lone = loneOf(view, outlooks);
    if (lone !== undefined) return this.#askLone(lone, gap, view, now);
    const atFront = gap.start === ledger.front;
    // A range that was given back holds up everything after it.
    const urgent = atFront && ledger.wasReturned(gap.start);
    if (urgent) {
      return view.limit.mayHurry(now) ? this.#askFront(gap, view, outlooks) : undefined;
    }
    if (view.limit.openAt > now) return undefined;
    const asking = outlooks.filter((outlook) => outlook.wantsWork());
    const short = shortest(view);
    asking.sort((one, other) => one.finishAt(short) - other.finishAt(short));
    const isAlone = view.mirrors.length === 1;
    const endAt = endOfAll(outlooks, bytesIn(ledger.free), view.limit.rate);
    for (const outlook of asking) {
      const { source } = outlook;
      const most = lastLength(outlook, endAt - now);
      const length = Math.min(this.#length(outlook, view), Math.max(short, most));
      // With this length, all mirrors end at the same time.
      const last = outlook.rate * (endAt - outlook.freeAt);
      // One mirror has to go on, whatever may seem better.
      const must = ledger.askedBytes === 0;
      const stream = isAlone
        ? outlook.source.live.find((one) => isExtensible(one, view) && outlook.isBusyWith(one))
        : undefined;
      // How much of what follows it delivers itself, by the time of an answer, has to be known.
      if (stream !== undefined && !outlook.source.link.isMeasured) continue;
      const range = stream !== undefined
        ? placeBehind(stream, outlook, length, short, view)
        : must
        ? cutOut(gap, gap.start, length, short)
        : last < Math.max(Math.min(LAST_RANGE, length), Math.min(source.leastBytes, LEAST_WORTH))
        ? undefined
        : place(outlook, outlooks, Math.min(length, last), view, now);
      const reason = !must && last < length
        ? "end"
        : range?.start === gap.start
        ? "front"
        : "ahead";
      const plan = range && this.#plan(outlook, range, reason, view);
      if (plan !== undefined) return plan;
      // The front waits for room for the mirror that delivers it soonest: no slower one takes it.
      if (range?.start === ledger.front) return undefined;
    }
    return undefined;
  }

  /**
   * Requests all of a gap from the only mirror that is of use, in one stream: it answers once, and
   * another mirror that comes into use finds free what is not read yet.
   */
  #askLone(
    outlook: Outlook,
    gap: ByteRange,
    view: DownloadView,
    now: number,
  ): Plan | undefined {
    const { ledger, limit } = view;
    const length = this.#length(outlook, view);
    // What was given back before a stream is requested first: everything waits for it.
    const stream = outlook.source.live.find((one) =>
      isExtensible(one, view) && one.end <= gap.start
    );
    const { start, end } = stream === undefined
      ? gap
      : { start: stream.end, end: Math.min(stream.bodyEnd, gapAt(ledger.free, stream.end)) };
    const isLate = ledger.wasReturned(start) && start === ledger.front;
    const isFed = stream !== undefined
      ? stream.claimEnd - stream.position > length / 2
      : isLate
      ? !outlook.open
      : !outlook.wantsWork();
    if (stream === undefined && isLate && isFed) return makeWay(outlook);
    if (isFed || (isLate ? !limit.mayHurry(now) : limit.openAt > now)) return undefined;
    const isNext = start === ledger.front ||
      (stream !== undefined && stream.position <= ledger.front);
    const range = fitStream({ start, end: Math.min(end, start + length) }, isNext, view);
    if (range === undefined) return undefined;
    this.#lengths.set(outlook.index, this.#usualLength(outlook, view));
    if (stream !== undefined) return { type: "extend", request: stream.id, end: range.end };
    if (!outlook.source.available) return undefined;
    return { type: "ask", mirror: outlook.index, range, reason: "front", bodyEnd: end };
  }

  /**
   * Requests the front from the mirror that delivers it soonest. It waits for that mirror, unless one of its
   * requests can make way.
   */
  #askFront(
    gap: ByteRange,
    view: DownloadView,
    outlooks: readonly Outlook[],
  ): Plan | undefined {
    const short = shortest(view);
    const [best] = outlooks.filter(({ usable, silent }) => usable && !silent)
      .sort((one, other) => one.rushedAt(short) - other.rushedAt(short));
    if (best === undefined) return undefined;
    if (!best.open) return makeWay(best);
    const range = cutOut(gap, gap.start, this.#length(best, view), short);
    return this.#plan(best, range, "front", view);
  }

  /**
   * Requests the front where all that was requested is silent: a server may let one request wait, and
   * answer another.
   */
  #askBesideSilence(
    view: DownloadView,
    outlooks: readonly Outlook[],
    now: number,
  ): Plan | undefined {
    const { ledger: { free: [gap], front }, limit } = view;
    if (gap?.start !== front || limit.openAt > now) return undefined;
    if (!outlooks.some(({ isAwaited }) => isAwaited)) return undefined;
    if (outlooks.some(({ isDelivering }) => isDelivering)) return undefined;
    const free = outlooks.find(({ usable, source }) =>
      usable && source.servesRanges && source.live.length < source.maxConnections
    );
    if (free === undefined) return undefined;
    const short = shortest(view);
    return this.#plan(free, cutOut(gap, front, this.#length(free, view), short), "front", view);
  }

  #plan(
    outlook: Outlook,
    range: ByteRange,
    reason: AskReason,
    view: DownloadView,
  ): Plan | undefined {
    const fitting = fitWindow(range, view);
    if (fitting === undefined) return undefined;
    this.#lengths.set(outlook.index, this.#usualLength(outlook, view));
    const stream = outlook.source.live.find((one) =>
      one.end === fitting.start && isExtensible(one, view) && !outlook.isBusyWith(one)
    );
    if (stream !== undefined) {
      const range = outlook.source.link.isMeasured ? fitting : leading(stream, fitting, view);
      return { type: "extend", request: stream.id, end: Math.min(stream.bodyEnd, range.end) };
    }
    if (!outlook.source.available) return undefined;
    return { type: "ask", mirror: outlook.index, range: fitting, reason };
  }

  /** Returns how many bytes to request from a mirror. */
  #length(outlook: Outlook, view: DownloadView): number {
    const { link: { latencyMs }, maxConnections } = outlook.source;
    const piece = view.limit.piece({ latencyMs, maxConnections });
    return Math.min(piece, this.#usualLength(outlook, view));
  }

  /** The same without a limit on the rate of the whole download. */
  #usualLength(outlook: Outlook, view: DownloadView): number {
    const { rate, source } = outlook;
    if (outlook.onProbation) return SHORTEST_RANGE;
    const before = this.#lengths.get(outlook.index) ?? Infinity;
    const isShort = outlook.transferMs(before) < SHORT_PART * source.link.latencyMs;
    const growth = isShort ? STEEP_GROWTH : GROWTH;
    const { lanes, maxConnections, link } = source;
    const roundTrips = maxConnections === 1
      ? LONE_ROUND_TRIPS
      : lanes > 1 && link.isBursty
      ? view.mirrors.length === 1 ? LONE_ROUND_TRIPS : SHARED_ROUND_TRIPS
      : RANGE_ROUND_TRIPS;
    const isFar = link.leastLatencyMs >= FAR_MS;
    const leastMs = lanes > 1 ? isFar ? FAR_LANE_RANGE_MS : LANE_RANGE_MS : RANGE_MS;
    const wanted = rate / lanes * Math.max(leastMs, roundTrips * link.latencyMs);
    // Several requests of each mirror, and what they deliver, have to fit into the window.
    const share = view.windowSize / (2 * view.mirrors.length + 1);
    const most = Math.min(LONGEST_RANGE, source.mostBytes, share);
    // Where requests are limited, each is for as much as can be held.
    const room = view.windowSize / (view.mirrors.length + 1);
    const few = Math.min(source.leastBytes, room, source.mostBytes);
    // In a crowd, each step costs as much as many bytes: a stream is read on by what there is room for.
    const least = Math.max(few, this.restBytes ?? 0);
    return Math.floor(Math.max(SHORTEST_RANGE, least, Math.min(wanted, most, growth * before)));
  }
}

/** Returns the only mirror that is of use, if one request at a time keeps it busy. */
function loneOf(
  { mirrors }: DownloadView,
  outlooks: readonly Outlook[],
): Outlook | undefined {
  const [lone, another] = outlooks.filter(({ usable }) => usable);
  const others = another !== undefined || mirrors.some(({ pending }) => pending);
  const isLone = lone !== undefined && lone.source.lanes === 1 && !others;
  return isLone && lone.source.mostBytes === Infinity ? lone : undefined;
}

/**
 * Returns what the first response of all is read on for, where others are about to join: all of a short
 * file, and all of a response that does not bring the whole file; else more than a usual range, since it
 * has sped up by the time that others begin.
 */
function leading(stream: RequestView, { start, end }: ByteRange, view: DownloadView): ByteRange {
  const { ledger } = view;
  const isShort = ledger.end - start <= SHORT_FILE || stream.bodyEnd < ledger.end;
  const wanted = isShort ? ledger.end : start + LEAD * (end - start);
  const gapEnd = Math.min(stream.bodyEnd, gapAt(ledger.free, start));
  return fitWindow({ start, end: Math.min(gapEnd, wanted) }, view) ?? { start, end };
}

/** Reports whether more can be read of a stream: what follows is free. */
function isExtensible({ kind, end, claimEnd, bodyEnd }: RequestView, { ledger }: DownloadView) {
  return kind === "range" && end < bodyEnd && claimEnd === end && ledger.isFree(end);
}

/** Returns the length of the shortest range to request while much is left. */
function shortest({ limit }: DownloadView): number {
  return Math.min(SHORTEST_RANGE, limit.piece());
}

/** Returns the most bytes to request from a mirror when all mirrors end in `leftMs`. */
function lastLength({ rate, source: { lanes, leastBytes } }: Outlook, leftMs: number): number {
  return lanes > 1 ? Math.max(leastBytes, Math.floor(LAST_PART * rate / lanes * leftMs)) : Infinity;
}

function bytesIn(spans: readonly ByteRange[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * Returns when `bytes` more would have arrived, at no more than `most` bytes per millisecond, if all
 * mirrors ended at the same time.
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
