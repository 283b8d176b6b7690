/**
 * The forecast for one mirror: when it will have delivered what was requested from it, and when it
 * would deliver more. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { RequestView, SourceView } from "../scheduler/view.ts";

/** A shorter silence of any mirror means nothing. */
const SILENCE_MS = 60;
/** A mirror is distant if its shortest round trip takes longer: one that is near may have a queue before it. */
const DISTANT_MS = 110;
/**
 * A distant mirror may be silent while its transport recovers from a loss, and what others are asked for
 * meanwhile arrives twice: it is given so many times what its round trip exceeds that of a near one by, up
 * to a limit.
 */
const RECOVERY_ROUND_TRIPS = 2;
const NEAR_MS = 60;
const RECOVERY_MS = 180;

/** A mirror that is silent for this long, and so many round trips, loses all its ranges. */
const LOSS_MS = 300;
const LOSS_LATENCIES = 2.5;

/** The next request is sent up to this much earlier than needed. */
const MARGIN_MS = 10;

/** How much later than expected a mirror that has failed may deliver its next range. */
const PROBATION_MS = 300;

export class Outlook {
  readonly index: number;
  readonly source: SourceView;
  /** Bytes per millisecond. */
  readonly rate: number;
  /** When everything requested from it will have arrived. */
  readonly readyAt: number;
  /** For how long nothing has arrived though something was expected. */
  readonly silentMs: number;
  /** When it can take another request, at the earliest. */
  readonly #slotAt: number;
  /** When one of its lanes has nothing more to deliver. */
  readonly #laneAt: number;
  readonly #now: number;

  constructor(index: number, source: SourceView, now: number) {
    this.index = index;
    this.source = source;
    this.#now = now;
    this.rate = source.link.bytesPerSecond(now) / 1000;
    const { live, lanes, maxConnections } = source;
    let readyAt = now;
    let heardAt = live.length === 0 ? Infinity : -Infinity;
    const hasLost = live.some((request) => this.#isLost(request));
    const ends: number[] = [];
    for (const request of live) {
      const beginsAt = request.answeredAt === undefined ? Math.max(now, request.dueAt) : now;
      const ms = this.transferMs(Math.max(0, request.claimEnd - request.position));
      readyAt = Math.max(readyAt, beginsAt) + ms;
      // On one lane requests follow each other, on several they share the link.
      ends.push(lanes === 1 ? readyAt : beginsAt + lanes * ms);
      const since = request.isExhausted ? now : expectedSince(request);
      // Of a mirror that has lost a range by its silence, an answer that is due is no sign of life.
      const isSign = !hasLost || request.answeredAt !== undefined || this.#isLost(request);
      if (isSign) heardAt = Math.max(heardAt, since);
    }
    ends.sort((one, other) => one - other);
    this.readyAt = readyAt;
    this.#slotAt = busyConnections(source) < maxConnections ? now : ends[0]!;
    this.#laneAt = live.length < lanes ? now : ends[live.length - lanes]!;
    this.silentMs = Math.max(0, now - heardAt);
  }

  /** Whether it has stopped sending, as far as can be told: nothing new is requested from it. */
  get silent(): boolean {
    return this.silentMs > this.patienceMs;
  }

  /** Reports whether a request has lost its range, and is as silent as before. */
  #isLost(request: RequestView): boolean {
    const { kind, position, claimStart, claimEnd, end } = request;
    const hasLost = claimEnd <= position || position < claimStart;
    return kind === "range" && hasLost && position < end &&
      this.#now - expectedSince(request) > this.patienceMs;
  }

  /** Whether it has failed and delivered nothing since: little is requested from it. */
  get onProbation(): boolean {
    return this.source.failures > 0;
  }

  /** Whether it can be of use now: by a request, or by a stream that can be read on. */
  get usable(): boolean {
    const { available, servesRanges, live } = this.source;
    return available || (servesRanges && live.some(({ isExhausted }) => isExhausted));
  }

  /** Whether it can take another request, or read a stream on. */
  get open(): boolean {
    return this.usable && busyConnections(this.source) < this.source.maxConnections && !this.silent;
  }

  /** The time until it can take another request, at the earliest. */
  get slotMs(): number {
    return this.#slotAt - this.#now;
  }

  /** How long it may be silent before something is wrong. */
  get patienceMs(): number {
    const { latencyMs, leastLatencyMs, deviationMs } = this.source.link;
    const recoveryMs = leastLatencyMs > DISTANT_MS
      ? Math.min(RECOVERY_ROUND_TRIPS * (latencyMs - NEAR_MS), RECOVERY_MS)
      : 0;
    return Math.max(SILENCE_MS, recoveryMs, latencyMs / 2, 4 * deviationMs);
  }

  /** How long it may be silent before others do all that it was to do. */
  get lossMs(): number {
    return Math.max(LOSS_MS, LOSS_LATENCIES * this.source.link.latencyMs);
  }

  /** Bytes per millisecond of each request under way: they share the link. */
  get requestRate(): number {
    const { live, lanes } = this.source;
    const busy = live.filter(({ position, claimEnd }) => position < claimEnd).length;
    return this.rate / Math.max(1, Math.min(busy, lanes));
  }

  /** Whether it owns bytes of ranges that it has yet to deliver. */
  get isAwaited(): boolean {
    return this.source.live.some(isAwaited);
  }

  /** Whether it delivers some of them, or may be about to. */
  get isDelivering(): boolean {
    return this.source.live.some((request) =>
      isAwaited(request) && this.#now - expectedSince(request) <= this.lossMs
    );
  }

  /** Reports whether one of its lanes is free, or will be by the time an answer could arrive. */
  wantsWork(): boolean {
    if (!this.open) return false;
    if (this.onProbation) return busyConnections(this.source) === 0;
    const { live, lanes, link } = this.source;
    let busy = 0;
    for (const request of live) if (this.isBusyWith(request)) busy++;
    // Two connections speed up sooner than one.
    return busy < (link.ramping(this.#now) ? lanes + 1 : lanes);
  }

  /** Reports whether a request of its own will still be delivering when another could be answered. */
  isBusyWith({ position, claimEnd, answeredAt, dueAt }: RequestView): boolean {
    const { live, lanes, link: { nextLatencyMs, deviationMs } } = this.source;
    const left = claimEnd - position;
    if (left <= 0) return false;
    // Where answers arrive at once, a second request would be of no use.
    const leadMs = 1.1 * nextLatencyMs + deviationMs + Math.min(MARGIN_MS, nextLatencyMs);
    const waitMs = answeredAt === undefined ? Math.max(0, dueAt - this.#now) : 0;
    return waitMs + this.transferMs(left * Math.min(lanes, live.length)) > leadMs;
  }

  /** From when on it would deliver what is requested now, if all its lanes went on with that. */
  get freeAt(): number {
    const { live, link } = this.source;
    return live.length > 0 ? this.readyAt : this.#now + link.nextLatencyMs;
  }

  /** Returns when it would have delivered `bytes` requested now, as soon as a lane is free. */
  finishAt(bytes: number): number {
    const { link, lanes } = this.source;
    const answerAt = this.#now + link.nextLatencyMs;
    const lateMs = this.onProbation ? PROBATION_MS : 0;
    return Math.max(this.#laneAt, answerAt) + lateMs + lanes * this.transferMs(bytes);
  }

  /** The same if it delivered them beside the rest, as soon as it can take another request. */
  rushedAt(bytes: number): number {
    const lateMs = this.onProbation ? PROBATION_MS : 0;
    const answerAt = this.#slotAt + this.source.link.nextLatencyMs + lateMs;
    // They share the link with the rest.
    const share = this.readyAt > answerAt ? this.source.lanes + 1 : 1;
    return Math.min(this.finishAt(bytes), answerAt + share * this.transferMs(bytes));
  }

  /** Returns how many bytes it would deliver by `at`, besides those already requested. */
  deliveredBy(at: number): number {
    return this.onProbation ? 0 : this.rate * Math.max(0, at - this.freeAt);
  }

  /** Returns how long `bytes` take once they have begun to arrive. */
  transferMs(bytes: number): number {
    return bytes / this.rate;
  }
}

function isAwaited({ kind, position, claimEnd }: RequestView): boolean {
  return kind === "range" && position < claimEnd;
}

/**
 * Returns how many connections are in use: a stream that is not read on makes way for a request, unless it
 * is kept.
 */
function busyConnections({ live }: SourceView): number {
  const busy = live.filter(({ isExhausted, isKeptWaiting }) => !isExhausted || isKeptWaiting);
  return busy.length;
}

/** Returns from when on the silence of a request counts. */
export function expectedSince({ answeredAt, activeAt, dueAt }: RequestView): number {
  return answeredAt === undefined ? Math.max(activeAt, dueAt) : activeAt;
}
