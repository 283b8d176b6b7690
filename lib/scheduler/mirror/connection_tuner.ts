/**
 * Finds how many connections to a mirror to keep busy, where that is left to the download. At first sight
 * as many as the bytes under way on its link are worth; one, if bytes flow steadily. From then on, twice
 * as many are kept only if the mirror delivers more by them, without taking that from the others; and
 * half as many, if it delivers the same. Pure: time is passed in.
 *
 * @module
 */

import type { LanesReason } from "../../trace/events.ts";
import type { Flow } from "./flow.ts";

/** Bytes delivered, or a rate: by the mirror, and by all mirrors. */
interface Delivery {
  readonly own: number;
  readonly total: number;
}

type State =
  /** Measures what the present number of lanes delivers, and before that delivered `before`. */
  | { readonly type: "measuring"; readonly before?: Delivery | undefined }
  /** Measures what another number of lanes delivers, compared with `before`. */
  | { readonly type: "trying"; readonly before: Delivery; readonly lanes: number }
  /** Changes nothing until `until` (milliseconds); more lanes were of no use at the rates `at`. */
  | { readonly type: "settled"; readonly until: number; readonly at?: Delivery | undefined };

/** Minimum time for which rates are compared, in milliseconds and in round trips. */
const PERIOD_MS = 400;
const PERIOD_ROUND_TRIPS = 6;
/** Round trips that a new connection takes to speed up, before it counts. */
const RAMP_ROUND_TRIPS = 6;
/** All of them for a mirror that is alone: every trial disturbs the only connection. */
const PERIOD_ALONE_MS = 100;
const PERIOD_ALONE_ROUND_TRIPS = 4;
const RAMP_ALONE_ROUND_TRIPS = 4;
/** More lanes are so many times as many. */
const STEP = 2;
/** Twice the lanes have to deliver at least this many times as much. */
const LEAST_GAIN = 1.15;
/** More or fewer lanes are tried where at least as long is left as so many trials take. */
const TRIALS_LEFT = 4;
/** At less than this part of the rate, what was tried before is tried again. */
const MOST_FALL = 0.75;
/** What grows by more than this from period to period is still speeding up by itself. */
const MOST_GROWTH = 1.1;
/** Half the lanes have to deliver at least this part. */
const MOST_LOSS = 0.95;
/** The part of the gain that has to show in what all mirrors deliver. */
const TOTAL_SHARE = 0.5;
/** How long a result holds before the next trial, in milliseconds; longer each time. */
const SETTLED_MS = 5000;
/** The same where bytes flow steadily, until more lanes are tried: the server may limit each. */
const FIRST_SETTLED_MS = 1000;
const FIRST_SETTLED_ALONE_MS = 0;
const LONGEST_SETTLED_MS = 60_000;

export class ConnectionTuner {
  #most: number;
  readonly #isAlone: boolean;
  #lanes: number;
  #reason: LanesReason = "start";
  /** Whether the number depends on what was tried, not on the link at first sight. */
  #isTried = false;
  #state: State = { type: "measuring" };
  #flow: Flow = "unknown";
  #settledMs = SETTLED_MS;
  /** What is tried next: more lanes, or fewer once more have turned out to be of no use. */
  #next: "more" | "fewer" = "more";
  #since: { readonly at: number; readonly progress: Delivery } | undefined;

  /** Keeps at most `most` lanes busy, and begins with `first`, or with one for a mirror that is alone. */
  constructor(most: number, first: number, isAlone: boolean) {
    this.#most = most;
    this.#isAlone = isAlone;
    this.#lanes = isAlone ? 1 : Math.min(first, most);
  }

  /** Number of lanes to keep busy. */
  get lanes(): number {
    return this.#lanes;
  }

  /** Why there are so many. */
  get reason(): LanesReason {
    return this.#reason;
  }

  /** Accepts that the server allows no more than `most` lanes. */
  limit(most: number): void {
    this.#most = Math.max(1, most);
    this.#lanes = Math.min(this.#lanes, this.#most);
  }

  /**
   * Takes in how the mirror's bytes flow, and how many lanes its link is worth at first sight: where bytes
   * pause, that many are of use.
   */
  learn(flow: Flow, worth: number, now: number): void {
    const isNew = flow !== this.#flow;
    this.#flow = flow;
    if (isNew) this.#isTried = false;
    if (isNew && flow === "steady") this.#set(1, "steady");
    else if (flow === "steady" || this.#isTried) return;
    else if (flow === "unknown" && this.#isAlone) return;
    else this.#set(Math.min(this.#most, worth), isNew ? "pauses" : "rate");
    if (!isNew) return;
    const isMost = this.#lanes === this.#most;
    this.#next = isMost ? "fewer" : "more";
    const firstMs = this.#isAlone ? FIRST_SETTLED_ALONE_MS : FIRST_SETTLED_MS;
    this.#begin({ type: "settled", until: now + (isMost ? SETTLED_MS : firstMs) });
  }

  /** Takes in how many lanes are of use at least, until more or fewer are tried: its responses are short. */
  need(lanes: number): void {
    if (!this.#isTried && lanes > this.#lanes) this.#set(Math.min(this.#most, lanes), "rate");
  }

  /** Takes in what has been delivered by `now`; what is missing takes `leftMs`. */
  observe(progress: Delivery, now: number, roundTripMs: number, leftMs = Infinity): void {
    if (this.#flow === "unknown") return;
    if (this.#state.type === "settled" && now >= this.#state.until) {
      this.#begin({ type: "measuring" });
    }
    // What was found out for a rate says nothing about one that is much lower.
    const isWatched = this.#isAlone && this.#lanes === 1;
    if (this.#state.type === "settled" && !isWatched) return;
    const { rampMs, periodMs } = this.#times(roundTripMs);
    const isSteady = this.#isAlone && this.#state.type !== "trying";
    this.#since ??= { at: now + (isSteady ? 0 : rampMs), progress };
    const elapsedMs = now - this.#since.at;
    if (elapsedMs <= 0) this.#since = { ...this.#since, progress };
    if (elapsedMs < periodMs) return;
    const own = (progress.own - this.#since.progress.own) / elapsedMs;
    const total = (progress.total - this.#since.progress.total) / elapsedMs;
    this.#since = { at: now, progress };
    // A mirror that had nothing to deliver shows nothing.
    if (own > 0) this.#conclude({ own, total }, now, leftMs >= TRIALS_LEFT * (rampMs + periodMs));
  }

  /** Whether a second lane is tried, of a mirror that is alone: it is only to show what it brings. */
  get isTrying(): boolean {
    return this.#isAlone && this.#state.type === "trying" && this.#state.lanes === 1;
  }

  /** Starts its measurement anew: what was delivered meanwhile says nothing. */
  interrupt(): void {
    this.#since = undefined;
  }

  /** Returns for how long new connections speed up, and rates are compared, in milliseconds. */
  #times(roundTripMs: number): { rampMs: number; periodMs: number } {
    if (!this.#isAlone) {
      const periodMs = Math.max(PERIOD_MS, PERIOD_ROUND_TRIPS * roundTripMs);
      return { rampMs: RAMP_ROUND_TRIPS * roundTripMs, periodMs };
    }
    const periodMs = Math.max(PERIOD_ALONE_MS, PERIOD_ALONE_ROUND_TRIPS * roundTripMs);
    return { rampMs: RAMP_ALONE_ROUND_TRIPS * roundTripMs, periodMs };
  }

  #conclude(rates: Delivery, now: number, isWorthTrying: boolean): void {
    if (this.#state.type === "settled") {
      const { at } = this.#state;
      if (at === undefined || rates.own >= MOST_FALL * at.own) return;
      return this.#begin({ type: "measuring", before: rates });
    }
    if (this.#state.type === "trying") {
      const { before, lanes } = this.#state;
      if (!this.#improved(before, rates, lanes)) {
        this.#set(Math.min(lanes, this.#most), "useless");
        return this.#settle(now, before);
      }
    }
    if (this.#isAlone && this.#state.type === "measuring") {
      const { before } = this.#state;
      const isGrowing = before === undefined || rates.own > MOST_GROWTH * before.own;
      if (isGrowing) return this.#begin({ type: "measuring", before: rates });
    }
    // What was tried with success is what the next number is compared with.
    const lanes = this.#next === "fewer"
      ? Math.ceil(this.#lanes / 2)
      : Math.min(this.#most, STEP * this.#lanes);
    if (lanes === this.#lanes || !isWorthTrying) return this.#settle(now);
    this.#begin({ type: "trying", before: rates, lanes: this.#lanes });
    this.#isTried = true;
    this.#set(lanes, "trial");
  }

  #set(lanes: number, reason: LanesReason): void {
    if (lanes === this.#lanes) return;
    this.#lanes = lanes;
    this.#reason = reason;
  }

  #improved(before: Delivery, after: Delivery, lanes: number): boolean {
    if (this.#lanes < lanes) return after.own >= MOST_LOSS * before.own;
    const gain = after.own - before.own;
    // There may be fewer than twice the lanes.
    const least = 1 + (LEAST_GAIN - 1) * (this.#lanes / lanes - 1);
    return after.own >= least * before.own && after.total - before.total >= TOTAL_SHARE * gain;
  }

  #begin(state: State): void {
    this.#state = state;
    this.#since = undefined;
  }

  #settle(now: number, at?: Delivery): void {
    this.#state = { type: "settled", until: now + this.#settledMs, at };
    this.#settledMs = Math.min(LONGEST_SETTLED_MS, 2 * this.#settledMs);
    this.#next = this.#lanes > 1 && this.#next === "more" ? "fewer" : "more";
    this.#since = undefined;
  }
}
