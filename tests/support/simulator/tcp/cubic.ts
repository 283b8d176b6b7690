/**
 * The congestion window of a connection: CUBIC (RFC 9438) with HyStart, as Linux has it by default.
 * Windows are counted in segments, times in milliseconds. It reads no clock.
 *
 * @module
 */

/** Initial window (RFC 6928). */
export const INITIAL_WINDOW = 10;

/** Share of the window that is kept after a loss. */
const BETA = 717 / 1024;
/** Growth in segments per cubic second. */
const C = 0.4;
/** Slope of the window of a fair Reno flow, as the number of windows per segment of growth. */
const RENO_WINDOWS = 15 / 8;
/** Until the first loss, the window grows by at least one segment in so many. */
const SLOWEST_FIRST_GROWTH = 20;
/** The cubic function is evaluated once in this time while the window is the same, or in a timer tick. */
const SAME_WINDOW_MS = 31;
const JIFFY_MS = 4;

/** HyStart begins at this window. */
const HYSTART_LOW_WINDOW = 16;
/** Acknowledgements closer than this belong to one train. */
const HYSTART_TRAIN_GAP_MS = 2;
/** Number of round-trip samples of each round. */
const HYSTART_SAMPLES = 8;
/** An increase of the round trip by an eighth, within these bounds, ends slow start. */
const HYSTART_LEAST_DELAY_MS = 4;
const HYSTART_MOST_DELAY_MS = 16;
/** Round trips are not measured so long after a loss. */
const QUIET_MS = 1000;

/** State of the sender that HyStart looks at. */
export interface RoundTripSample {
  readonly now: number;
  readonly roundTripMs: number;
  /** The first segment that is not acknowledged. */
  readonly unacknowledged: number;
  /** The next segment to send. */
  readonly next: number;
  /** Bytes per millisecond at which the sender estimates to send. */
  readonly pacingRate: number;
}

export class CubicWindow {
  /** The congestion window. */
  size = INITIAL_WINDOW;
  /** Slow start ends at this window. */
  threshold = Infinity;
  /** Acknowledged segments that have not led to growth yet. */
  #credit = 0;
  /** Acknowledged segments per segment of growth. */
  #perGrowth = 0;
  #epochAt: number | undefined;
  #lastMax = 0;
  #lastSize = 0;
  #evaluatedAt = -Infinity;
  #origin = 0;
  /** Time from the epoch to the origin, in seconds. */
  #k = 0;
  #renoCredit = 0;
  #renoSize = 0;
  #leastDelay = Infinity;
  /** Whether HyStart has ended slow start. */
  #isFound = false;
  #roundAt = 0;
  #trainAt = 0;
  #roundEnd = 0;
  #roundDelay = Infinity;
  #samples = 0;

  get inSlowStart(): boolean {
    return this.size < this.threshold;
  }

  /** A round trip was measured. */
  measured(sample: RoundTripSample): void {
    const { now, roundTripMs } = sample;
    if (this.#epochAt !== undefined && now - this.#epochAt < QUIET_MS) return;
    this.#leastDelay = Math.min(this.#leastDelay, roundTripMs);
    if (!this.#isFound && this.inSlowStart) this.#hystart(sample);
  }

  /** So many segments were acknowledged while the window was full. */
  grow(acknowledged: number, now: number): void {
    let left = acknowledged;
    if (this.inSlowStart) {
      const size = Math.min(this.size + left, this.threshold);
      left -= size - this.size;
      this.size = size;
      if (left <= 0) return;
    }
    this.#evaluate(left, now);
    if (this.#credit >= this.#perGrowth) {
      this.#credit = 0;
      this.size++;
    }
    this.#credit += left;
    if (this.#credit >= this.#perGrowth) {
      const growth = Math.floor(this.#credit / this.#perGrowth);
      this.#credit -= growth * this.#perGrowth;
      this.size += growth;
    }
  }

  /** Segments were lost: sets the threshold, to which the sender reduces the window. */
  reduce(): void {
    this.#epochAt = undefined;
    const isFalling = this.size < this.#lastMax;
    this.#lastMax = isFalling ? this.size * (1 + BETA) / 2 : this.size;
    this.threshold = Math.max(2, Math.floor(this.size * BETA));
  }

  /** A retransmission timeout: the window's history is forgotten. */
  timedOut({ now, next }: { readonly now: number; readonly next: number }): void {
    this.#credit = 0;
    this.#perGrowth = 0;
    this.#epochAt = undefined;
    this.#lastMax = 0;
    this.#lastSize = 0;
    this.#evaluatedAt = -Infinity;
    this.#leastDelay = Infinity;
    this.#isFound = false;
    this.#startRound(now, next);
  }

  /** Nothing was under way for `idleMs`: the cubic function does not go on meanwhile. */
  resumed(idleMs: number, now: number): void {
    if (this.#epochAt !== undefined) this.#epochAt = Math.min(now, this.#epochAt + idleMs);
  }

  /** Halves the window for every `timeoutMs` of idleness, down to the initial one. */
  restart(idleMs: number, timeoutMs: number): void {
    this.#keepThreshold();
    const least = Math.min(INITIAL_WINDOW, this.size);
    for (let left = idleMs - timeoutMs; left > 0 && this.size > least; left -= timeoutMs) {
      this.size = this.size >> 1;
    }
    this.size = Math.max(this.size, least);
  }

  /** Takes back a part of a window of which only `used` was used for a whole timeout. */
  limitTo(used: number): void {
    const most = Math.max(used, INITIAL_WINDOW);
    if (most >= this.size) return;
    this.#keepThreshold();
    this.size = (this.size + most) >> 1;
  }

  #keepThreshold(): void {
    this.threshold = Math.max(this.threshold, (this.size >> 1) + (this.size >> 2));
  }

  #startRound(now: number, next: number): void {
    this.#roundAt = this.#trainAt = now;
    this.#roundEnd = next;
    this.#roundDelay = Infinity;
    this.#samples = 0;
  }

  /** Ends slow start when the queue grows: the acknowledgements spread out, or come later. */
  #hystart({ now, roundTripMs, unacknowledged, next, pacingRate }: RoundTripSample): void {
    if (unacknowledged > this.#roundEnd) this.#startRound(now, next);
    if (this.size < HYSTART_LOW_WINDOW) return;
    if (now - this.#trainAt <= HYSTART_TRAIN_GAP_MS) {
      this.#trainAt = now;
      const ackDelay = Math.min(1, 4 * 65536 / pacingRate);
      const isLong = now - this.#roundAt > (this.#leastDelay + ackDelay) / 2;
      if (isLong) this.#isFound = true;
    }
    this.#roundDelay = Math.min(this.#roundDelay, roundTripMs);
    if (this.#samples < HYSTART_SAMPLES) this.#samples++;
    else {
      const growth = Math.min(
        Math.max(this.#leastDelay / 8, HYSTART_LEAST_DELAY_MS),
        HYSTART_MOST_DELAY_MS,
      );
      if (this.#roundDelay > this.#leastDelay + growth) this.#isFound = true;
    }
    if (this.#isFound) this.threshold = this.size;
  }

  /** Evaluates the cubic function, and the growth of a Reno flow in its place where that is faster. */
  #evaluate(acknowledged: number, now: number): void {
    this.#renoCredit += acknowledged;
    const { size } = this;
    const elapsed = now - this.#evaluatedAt;
    if (this.#lastSize === size && elapsed <= SAME_WINDOW_MS) return;
    if (this.#epochAt === undefined || elapsed >= JIFFY_MS) {
      this.#lastSize = size;
      this.#evaluatedAt = now;
      if (this.#epochAt === undefined) this.#startEpoch(acknowledged, now);
      const delay = this.#leastDelay === Infinity ? 0 : this.#leastDelay;
      const seconds = (now - this.#epochAt! + delay) / 1000;
      const target = this.#origin + Math.trunc(C * (seconds - this.#k) ** 3);
      this.#perGrowth = target > size ? Math.floor(size / (target - size)) : 100 * size;
      if (this.#lastMax === 0) this.#perGrowth = Math.min(this.#perGrowth, SLOWEST_FIRST_GROWTH);
    }
    const perReno = size * RENO_WINDOWS;
    while (this.#renoCredit > perReno) {
      this.#renoCredit -= perReno;
      this.#renoSize++;
    }
    if (this.#renoSize > size) {
      this.#perGrowth = Math.min(this.#perGrowth, Math.floor(size / (this.#renoSize - size)));
    }
    this.#perGrowth = Math.max(2, this.#perGrowth);
  }

  #startEpoch(acknowledged: number, now: number): void {
    this.#epochAt = now;
    this.#renoCredit = acknowledged;
    this.#renoSize = this.size;
    this.#origin = Math.max(this.#lastMax, this.size);
    this.#k = Math.cbrt((this.#origin - this.size) / C);
  }
}
