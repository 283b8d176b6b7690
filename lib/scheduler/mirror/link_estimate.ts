/**
 * Estimates of rates: the link to a mirror (its rate, its latency, and whether a connection is open),
 * and a plain smoothed rate. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { FlowMeter } from "./flow.ts";
import type { LinkView } from "../view.ts";

/** What an earlier download measured of a link. */
export interface KnownLink {
  /** Bytes per second, all its connections together. */
  readonly bytesPerSecond: number;
  /** Milliseconds from a request to the response headers, on an open connection. */
  readonly latencyMs: number;
}

/** A request, as far as the estimates of a link depend on it. */
export interface SentRequest {
  readonly startedAt: number;
  readonly cold: boolean;
  /** Whether the process stood still while it waited: when it was answered is not known. */
  readonly wasInterrupted?: boolean | undefined;
}

/** Time constants of the steady and the quick estimate, in milliseconds. */
const STEADY_MS = 600;
const QUICK_MS = 150;
/** Minimum length of a sample, in milliseconds. */
const SAMPLE_MS = 20;
/** A body that is shorter than a sample counts as one until there is another, if it has so many bytes. */
const SHORT_BODY = 32 * 1024;
/** Such a body counts as having taken no less than this time, in milliseconds. */
const SHORT_MS = 5;
/** A body of so many bytes that came so many times as fast as expected raises the estimate by that factor. */
const SURPRISE_BODY = 8 * 1024;
const SURPRISE = 8;
/** The quick estimate counts once it is lower than the steady one by this factor. */
const QUICK_MARGIN = 1.25;
/** A link may speed up for this many round trips: only the latest sample counts. */
const YOUNG_ROUND_TRIPS = 6;
/** A rate is more than a guess after this time, however long round trips take, in milliseconds. */
const MEASURED_MS = 100;
/** A connection is still speeding up before it has delivered this many bandwidth-delay products. */
const RAMP_PRODUCTS = 8;
/**
 * A link that was slow may be fast again after a rest of this time: from then on its estimate grows by
 * this factor each second, up to the best rate it has shown. Otherwise a bad moment would keep the
 * link out of use for ever.
 */
const REST_MS = 500;
const RECOVERY = 8;
/** The latency before anything is known. */
const UNKNOWN_LATENCY_MS = 100;
/** Bytes that a link is assumed to deliver in a round trip before its rate is known. */
const UNKNOWN_WINDOW = 64 * 1024;
/** Clocks that are coarse see answers arrive at once, in milliseconds. */
const LEAST_LATENCY_MS = 0.01;

/** After a longer pause, a link may have been down, in milliseconds. */
const DOWN_MS = 500;

export class LinkEstimate implements LinkView {
  readonly rate: LinkRate;
  readonly flowMeter: FlowMeter;
  /** Number of connections that are open and not in use, as far as can be told. */
  #idleConnections = 0;
  readonly #known: KnownLink | undefined;
  #latencyMs: number | undefined;
  #deviationMs: number | undefined;
  #leastLatencyMs: number | undefined;
  /** Time from a request on a new connection to its headers. */
  #coldLatencyMs: number | undefined;
  /** A round trip before anything of this download was under way. */
  #firstRoundTripMs: number | undefined;
  #delivered = 0;
  #deliveredAt = -Infinity;
  #flowingSince = -Infinity;

  /** `isAlone`: whether no other mirror delivers the file. */
  constructor(known?: KnownLink, isAlone = false) {
    this.#known = known;
    this.flowMeter = new FlowMeter(isAlone);
    this.#latencyMs = this.#firstRoundTripMs = known?.latencyMs;
    this.rate = new LinkRate(known?.bytesPerSecond);
  }

  /** Whether an earlier download has measured it. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  get latencyMs(): number {
    if (this.#latencyMs !== undefined) return this.#latencyMs;
    return this.#coldLatencyMs === undefined ? UNKNOWN_LATENCY_MS : this.#coldLatencyMs / 2;
  }

  get leastLatencyMs(): number {
    return this.#leastLatencyMs ?? this.latencyMs;
  }

  get nextLatencyMs(): number {
    if (this.#idleConnections > 0) return this.latencyMs;
    return this.#coldLatencyMs ?? 2 * this.latencyMs;
  }

  get deviationMs(): number {
    return this.#deviationMs ?? this.latencyMs / 8;
  }

  bytesPerSecond(now: number): number {
    return this.rate.at(now) ?? UNKNOWN_WINDOW * 1000 / Math.max(LEAST_LATENCY_MS, this.latencyMs);
  }

  get isMeasured(): boolean {
    return this.rate.ageMs >= Math.min(MEASURED_MS, YOUNG_ROUND_TRIPS * this.latencyMs);
  }

  ramping(now: number): boolean {
    return this.#delivered < RAMP_PRODUCTS * this.bytesPerSecond(now) * this.latencyMs / 1000;
  }

  /**
   * Bytes under way at the best rate so far, without those that wait in queues; 0 before a rate is known.
   */
  get product(): number {
    const best = this.rate.ageMs > 0 ? this.rate.best : 0;
    return best * this.roundTripMs / 1000;
  }

  /**
   * The shortest round trip seen, in milliseconds. The first answer may be the only one that finds the
   * link's queue empty: it takes two of them at least, since its connection is new.
   */
  get roundTripMs(): number {
    return Math.min(this.leastLatencyMs, this.#firstRoundTripMs ?? Infinity);
  }

  get isBursty(): boolean {
    const { flow } = this.flowMeter;
    return flow === "bursty" || flow === "halting";
  }

  /** Keeps the connection of a request that is over. */
  keepConnection(): void {
    this.#idleConnections++;
  }

  /** Takes all connections for closed. */
  loseConnections(): void {
    this.#idleConnections = 0;
  }

  /** Notes that a request is sent; returns when its headers are expected. */
  sent(now: number): { cold: boolean; dueAt: number } {
    const dueAt = now + this.nextLatencyMs;
    const cold = this.#idleConnections === 0;
    if (!cold) this.#idleConnections--;
    return { cold, dueAt };
  }

  answered({ startedAt, cold, wasInterrupted = false }: SentRequest, now: number): void {
    if (wasInterrupted) return;
    const sample = now - startedAt;
    if (cold) {
      this.#firstRoundTripMs ??= sample / 2;
      this.#coldLatencyMs = this.#coldLatencyMs === undefined
        ? sample
        : this.#coldLatencyMs + (sample - this.#coldLatencyMs) / 4;
      return;
    }
    // RFC 6298 section 2, with the gains that it recommends; but a connection that seemed to be open
    // may have been a new one, so a shorter time counts for more than a longer one.
    const before = this.#latencyMs ?? sample;
    const deviation = this.#deviationMs ?? sample / 8;
    this.#deviationMs = deviation + (Math.abs(sample - before) - deviation) / 4;
    this.#latencyMs = before + (sample - before) / (sample < before ? 2 : 8);
    this.#leastLatencyMs = Math.min(this.#leastLatencyMs ?? Infinity, sample);
  }

  received(bytes: number, now: number, pauseMs = 0): void {
    this.#delivered += bytes;
    if (now - this.#deliveredAt > DOWN_MS) this.#flowingSince = now;
    this.#deliveredAt = now;
    this.flowMeter.received(pauseMs, this.latencyMs, now);
    this.rate.add(bytes, now, YOUNG_ROUND_TRIPS * this.latencyMs);
  }

  get flowingSince(): number {
    return this.#flowingSince;
  }

  /** Forgets its connections and its present rate, because a request has failed. */
  reset(): void {
    this.#idleConnections = 0;
    this.#delivered = 0;
    this.rate.reset();
  }

  /** Returns what later downloads can begin with; `undefined` before enough is measured. */
  summary(now: number): KnownLink | undefined {
    const bytesPerSecond = this.rate.at(now);
    // Where the process stood still while the first answers came, only later ones have measured it.
    const isMeasured = this.#coldLatencyMs !== undefined || this.#deviationMs !== undefined;
    if (bytesPerSecond === undefined || !isMeasured) return this.#known;
    return { bytesPerSecond, latencyMs: this.latencyMs };
  }
}

/**
 * A rate that follows a fall at once and a rise slowly. Only time in which bytes are expected counts;
 * short stretches of it are added up until they are long enough for a sample.
 */
export class LinkRate {
  #steady: number | undefined;
  #quick: number | undefined;
  #ageMs = 0;
  /** The best steady rate so far. */
  #best: number;
  #since: number | undefined;
  #idleSince: number | undefined;
  #elapsedMs = 0;
  #bytes = 0;
  /** What arrives earlier is not counted. */
  #countedFrom = -Infinity;

  constructor(known?: number) {
    this.#steady = this.#quick = known;
    this.#best = known ?? 0;
    // A known rate is mixed with the first samples, not replaced by them.
    if (known !== undefined) this.#ageMs = Infinity;
  }

  /** Bytes are expected from `now` on; those of the first `bufferedMs` were waiting, and do not count. */
  resume(now: number, bufferedMs = 0): void {
    if (bufferedMs > 0) this.#countedFrom = now + bufferedMs;
    // The next samples are mixed with the rate that it has recovered to.
    const recovered = this.at(now);
    if (this.#idleSince !== undefined && recovered !== undefined && recovered > this.#steady!) {
      this.#steady = this.#quick = recovered;
    }
    this.#since ??= now;
    this.#idleSince = undefined;
  }

  /**
   * Counts nothing of the last `ms` until `now`, and nothing that arrives in the `bufferedMs` after that:
   * the process stood still.
   */
  skip(ms: number, now: number, bufferedMs: number): void {
    this.#countedFrom = now + bufferedMs;
    if (this.#since !== undefined) this.#since = Math.min(now, this.#since + ms);
    else if (this.#idleSince !== undefined) this.#idleSince = Math.min(now, this.#idleSince + ms);
  }

  /** No bytes are expected from `now` on. */
  pause(now: number): void {
    if (this.#since !== undefined) this.#elapsedMs += now - this.#since;
    this.#since = undefined;
    this.#idleSince ??= now;
    const sample = this.#bytes * 1000 / Math.max(SHORT_MS, this.#elapsedMs);
    if (this.#steady === undefined) {
      // Where answers take long and bodies are short, there is no better sample to come.
      if (this.#bytes >= SHORT_BODY) this.#steady = this.#quick = sample;
    } else if (this.#bytes >= SURPRISE_BODY && sample > SURPRISE * this.#steady) {
      // It asks for as little as it was slow; what comes so much faster counts at once.
      this.#steady = this.#quick = SURPRISE * this.#steady;
      this.#elapsedMs = this.#bytes = 0;
    }
  }

  /** Counts bytes that arrived at `now`. In the first `youngMs`, only the newest sample counts. */
  add(bytes: number, now: number, youngMs = 0): void {
    if (now < this.#countedFrom) {
      if (this.#since !== undefined) this.#since = now;
      this.#elapsedMs = this.#bytes = 0;
      return;
    }
    this.#bytes += bytes;
    if (this.#since === undefined) return;
    const elapsedMs = this.#elapsedMs + now - this.#since;
    if (elapsedMs < SAMPLE_MS) return;
    const sample = this.#bytes * 1000 / elapsedMs;
    this.#ageMs += elapsedMs;
    const young = this.#ageMs < youngMs;
    this.#steady = young ? sample : mixed(this.#steady, sample, elapsedMs, STEADY_MS);
    this.#quick = young ? sample : mixed(this.#quick, sample, elapsedMs, QUICK_MS);
    this.#best = Math.max(this.#best, this.#steady);
    this.#since = now;
    this.#elapsedMs = this.#bytes = 0;
  }

  /** The best rate so far, in bytes per second. */
  get best(): number {
    return this.#best;
  }

  /** Time for which it has been measured, in milliseconds. */
  get ageMs(): number {
    return this.#ageMs;
  }

  /** Returns bytes per second at `now`; `undefined` before the first sample. */
  at(now: number): number | undefined {
    if (this.#steady === undefined || this.#quick === undefined) return undefined;
    const silentMs = this.#since === undefined ? 0 : now - this.#since;
    // A silence is a sample, too, once it is longer than the time between two chunks.
    const quick = silentMs < 4 * SAMPLE_MS
      ? this.#quick
      : mixed(this.#quick, this.#bytes * 1000 / silentMs, silentMs, QUICK_MS);
    const rate = Math.max(1, Math.min(this.#steady, QUICK_MARGIN * quick));
    const restedMs = this.#idleSince === undefined ? 0 : now - this.#idleSince - REST_MS;
    if (restedMs <= 0 || rate >= this.#best) return rate;
    return Math.min(this.#best, rate * RECOVERY ** (restedMs / 1000));
  }

  reset(): void {
    this.#steady = this.#quick = undefined;
    this.#ageMs = this.#elapsedMs = this.#bytes = 0;
  }
}

function mixed(
  rate: number | undefined,
  sample: number,
  elapsedMs: number,
  timeConstantMs: number,
): number {
  if (rate === undefined) return sample;
  const weight = Math.exp(-elapsedMs / timeConstantMs);
  return weight * rate + (1 - weight) * sample;
}

/** Estimates a rate in bytes per second: an exponentially weighted mean of samples over time. */
export class RateEstimator {
  readonly #timeConstantMs: number;
  readonly #sampleMs: number;
  #rate: number | undefined;
  #since: number | undefined;
  #bytes = 0;

  /**
   * `timeConstantMs` is the age at which a sample's weight has fallen to 1/e, `sampleMs` the minimum
   * length of a sample.
   */
  constructor(timeConstantMs = 1000, sampleMs = 50) {
    this.#timeConstantMs = timeConstantMs;
    this.#sampleMs = sampleMs;
  }

  /** Starts or resumes counting at `now`. */
  resume(now: number): void {
    this.#since ??= now;
  }

  /** Stops counting at `now`, so that idle time does not count. */
  pause(now: number): void {
    this.#sample(now);
    this.#since = undefined;
  }

  /** Counts nothing of the last `ms` until `now`: the process stood still. */
  skip(ms: number, now: number): void {
    if (this.#since !== undefined) this.#since = Math.min(now, this.#since + ms);
  }

  /** Counts bytes that arrived at `now`. */
  add(bytes: number, now: number): void {
    this.#bytes += bytes;
    if (this.#since !== undefined && now - this.#since >= this.#sampleMs) {
      this.#sample(now);
      this.#since = now;
    }
  }

  /** Returns bytes per second at `now`; 0 before the first sample. */
  rate(now: number): number {
    const silentMs = this.#since === undefined ? 0 : now - this.#since;
    if (silentMs < 4 * this.#sampleMs) return this.#rate ?? 0;
    return this.#mixed(silentMs);
  }

  #sample(now: number): void {
    if (this.#since === undefined || now <= this.#since) return;
    this.#rate = this.#mixed(now - this.#since);
    this.#bytes = 0;
  }

  #mixed(elapsedMs: number): number {
    return mixed(this.#rate, this.#bytes * 1000 / elapsedMs, elapsedMs, this.#timeConstantMs);
  }
}
