/**
 * Watches over a download: finds silent requests, mirrors that are slower than the lowest rate
 * (`--lowest-speed-limit`), and mirrors that have waited long enough after a failure. The scheduler
 * decides what follows. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import { CrawlWatch } from "./crawl.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests.ts";
import type { DownloadState } from "../state.ts";
import type { DownloadView, RequestView, SourceView } from "../view.ts";
import type { ResolvedRetry } from "./retries.ts";
import { giveUpAt, waitedInVain } from "./turns.ts";

/** Timeouts, in milliseconds. */
export interface TimeoutOptions {
  /** For a mirror's first answer: connection, TLS and headers. By default as long as it seems of use. */
  readonly connectTimeoutMs: number | undefined;
  /** For the headers of a later answer. The same by default. */
  readonly headersTimeoutMs: number | undefined;
  /** For the next bytes of a body. The same by default. */
  readonly idleTimeoutMs: number | undefined;
  /** The default of these three where no other mirror may have the file. */
  readonly maxIdleMs: number;
  /**
   * For anything at all from a mirror that holds up the front, or did until its range was given to
   * others, while another could help.
   */
  readonly stallTimeoutMs: number;
}

/** The rate below which a mirror is dropped. */
export interface LowestRate {
  /** The rate, in bytes per second. */
  bytesPerSecond: number;
  /**
   * Period over which the rate is averaged, in milliseconds; only time in which the mirror has requests
   * under way counts.
   *
   * @default {30_000}
   */
  periodMs?: number | undefined;
}

/** A lowest rate with its default filled in. */
export type ResolvedLowestRate = { readonly [Key in keyof LowestRate]-?: number };

export interface WatchOptions extends TimeoutOptions {
  /** The rate below which a mirror is dropped; `undefined` for none. */
  readonly lowestRate: ResolvedLowestRate | undefined;
  readonly retry: ResolvedRetry;
}

/** A request, as far as its timeout depends on it. */
export interface TimedRequest extends RequestView {
  readonly mirror: SourceView;
  /** Whether its connection may be dead: it is given up soon. */
  readonly isDoubtful: boolean;
  /** Whether it is not given up for others. */
  readonly isKept: boolean;
}

/** A look that is later than this means that the process stood still. */
const SUSPEND_MS = 500;

/** A stream that others wait for may be left unread for this time, in milliseconds. */
const PAUSED_MS = 2000;

/** The default of the timeouts where another mirror may have the file, in milliseconds. */
const IDLE_MS = 10_000;

/** A doubtful request that could deliver all that is missing may be silent for this time, in milliseconds. */
const KEPT_MS = 5000;

/** A mirror that delivers by other connections may be silent for so many times the stall timeout. */
const PASSED_BY = 2;

/** A mirror at the front may be silent for this many times as long as its first answer took. */
const STALL_ANSWERS = 8;

export class Watch {
  readonly #state: DownloadState;
  readonly #options: WatchOptions;
  /** In the order of the mirrors; empty without a lowest rate. */
  readonly #speeds: readonly SpeedWatch[];
  readonly crawls: CrawlWatch;

  constructor(state: DownloadState, options: WatchOptions) {
    this.#state = state;
    this.#options = options;
    this.crawls = new CrawlWatch(state);
    const { lowestRate } = options;
    this.#speeds = lowestRate === undefined
      ? []
      : state.mirrors.map(() => new SpeedWatch(lowestRate));
  }

  /** When something may be due, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    const { mirrors, requests } = this.#state;
    let at = Math.min(
      this.#speedsDueAt,
      this.crawls.dueAt,
      giveUpAt(this.#state, this.#options.retry),
    );
    for (const { state } of mirrors) {
      if (state.type === "waiting") at = Math.min(at, state.until);
    }
    for (const one of requests) {
      at = Math.min(at, deadline(one, this.#state, this.#options), yieldAt(one));
    }
    return at;
  }

  /** Revives the mirrors that have waited long enough, and returns them. */
  revive(now: number): readonly Mirror[] {
    return this.#state.mirrors.filter((mirror) => {
      const { state } = mirror;
      if (state.type !== "waiting") return false;
      const { seat } = mirror;
      if (state.turn && seat.room(now) === 0) {
        if (state.until <= now) mirror.waitForTurn(seat.turnAt(now), state.failure);
        return false;
      }
      if (!state.turn && state.until > now) return false;
      mirror.revive();
      return true;
    });
  }

  /** Returns the requests whose place at the host is to be given to another download. */
  yielding(now: number): readonly LiveRequest[] {
    return [...this.#state.requests].filter((request) => yieldAt(request) <= now);
  }

  /** Yields the requests that have been silent for too long; any may be closed meanwhile. */
  *silent(now: number): Generator<LiveRequest> {
    const { requests } = this.#state;
    for (const request of [...requests]) {
      const live = requests.get(request.id) !== undefined;
      if (live && deadline(request, this.#state, this.#options) <= now) yield request;
    }
  }

  /** Returns the other requests of a silent one's mirror that have been silent for half as long. */
  silentBeside(request: LiveRequest, now: number): readonly LiveRequest[] {
    const silentSince = now - (now - request.activeAt) / 2;
    return this.#state.requests.of(request.mirror).filter((other) =>
      other !== request && !other.held && !other.isExhausted && other.activeAt < silentSince
    );
  }

  /**
   * Returns the mirrors that are too slow, or have waited for their turn in vain, and their failures. Must
   * be called at every event, before it takes effect.
   */
  hopeless(now: number): readonly (readonly [Mirror, MirrorError])[] {
    return [...this.#tooSlow(now), ...waitedInVain(this.#state, this.#options.retry, now)];
  }

  #tooSlow(now: number): readonly (readonly [Mirror, MirrorError])[] {
    if (this.#speeds.length === 0) return [];
    const { mirrors } = this.#state;
    // The process stood still, or has just started.
    const late = now - this.#speedsDueAt > SUSPEND_MS;
    return this.#speeds.flatMap((speed, index) => {
      const mirror = mirrors[index]!;
      if (late) speed.excuse(mirror, now);
      const rate = speed.look(mirror, this.#state, now);
      if (rate === undefined || mirror.state.type === "dropped") return [];
      return [[mirror, tooSlow(mirror, rate, this.#options.lowestRate!)] as const];
    });
  }

  get #speedsDueAt(): number {
    const { mirrors } = this.#state;
    return this.#speeds.reduce(
      (at, speed, index) => Math.min(at, speed.dueAt(mirrors[index]!, this.#state)),
      Infinity,
    );
  }
}

/**
 * Returns when a stream that is not read, since the consumer has paused, is given up for another download
 * that waits for its host; `Infinity` for never.
 */
function yieldAt({ isExhausted, activeAt, mirror: { seat } }: LiveRequest): number {
  return isExhausted && seat.isWanted(activeAt) ? activeAt + PAUSED_MS : Infinity;
}

/** Returns when a request fails if nothing arrives for it, in milliseconds. */
export function deadline(
  request: TimedRequest,
  { ledger, mirrors, windowIsFull, limit }: Pick<
    DownloadView,
    "ledger" | "mirrors" | "windowIsFull" | "limit"
  >,
  options: TimeoutOptions,
): number {
  const { mirror, kind, answeredAt, position, claimEnd, end } = request;
  if (request.held || request.isExhausted) return Infinity;
  // The body of a whole file is read only while there is room, and no faster than it may arrive.
  if (kind === "whole" && windowIsFull) return Infinity;
  const activeAt = kind === "whole" ? Math.max(request.activeAt, limit.openAt) : request.activeAt;
  const explicit = answeredAt !== undefined
    ? options.idleTimeoutMs
    : mirror.answerMs === undefined
    ? options.connectTimeoutMs
    : options.headersTimeoutMs;
  const patience = explicit ?? defaultPatience(mirror, mirrors, options.maxIdleMs);
  const lostRange = claimEnd < end && claimEnd <= position;
  const holdsUpFront = lostRange || (position <= ledger.front && ledger.front < end);
  const urgent = kind === "check" || (kind === "range" && holdsUpFront);
  const helped = urgent && isReplaceable(mirror, mirrors);
  // Where no other mirror can help, its own one may, by other connections.
  if (holdsUpFront && isPassedBy(request, mirrors)) {
    const since = Math.max(activeAt, mirror.link.flowingSince);
    return Math.min(activeAt + patience, since + PASSED_BY * stallMs(mirror, options));
  }
  // The end of the download does not wait long for the last comparisons; and as long as a mirror is
  // compared, it delivers nothing.
  const short = helped || (kind !== "probe" && ledger.complete);
  if (!short && !request.isDoubtful) return activeAt + patience;
  const most = request.isKept && !short ? KEPT_MS : stallMs(mirror, options);
  return activeAt + Math.min(patience, most);
}

/**
 * Reports whether the only mirror that is of use has delivered by another connection since a request is
 * silent.
 */
export function isPassedBy(
  { mirror, kind, activeAt }: TimedRequest,
  mirrors: readonly SourceView[],
): boolean {
  return kind === "range" && mirror.deliveredAt > activeAt && !isReplaceable(mirror, mirrors);
}

function isReplaceable(mirror: SourceView, mirrors: readonly SourceView[]): boolean {
  return mirrors.some((other) => other !== mirror && other.servesRanges);
}

function stallMs({ answerMs = 0 }: SourceView, { stallTimeoutMs }: TimeoutOptions): number {
  return Math.max(stallTimeoutMs, STALL_ANSWERS * answerMs);
}

/**
 * Returns how long a mirror may be silent by default: as long as another one may have the file, which has
 * not failed since it last delivered something, patience is of little use.
 */
function defaultPatience(
  mirror: SourceView,
  mirrors: readonly SourceView[],
  maxIdleMs: number,
): number {
  const replaceable = mirrors.some((other) =>
    other !== mirror && other.state.type !== "dropped" && other.failures === 0
  );
  return replaceable ? Math.min(IDLE_MS, maxIdleMs) : maxIdleMs;
}

/** Returns the failure of a request that was silent until `now`. */
export function timeoutError(
  { mirror, answeredAt, activeAt }: TimedRequest,
  now: number,
): MirrorError {
  const phase = answeredAt !== undefined
    ? "body"
    : mirror.answerMs === undefined
    ? "connect"
    : "headers";
  const what = phase === "body" ? "no further bytes" : "no response";
  const seconds = ((now - activeAt) / 1000).toFixed(1);
  return new MirrorError(`${what} for ${seconds} s`, {
    mirror: mirror.url,
    phase,
    reason: "timeout",
    retryable: true,
  });
}

/** The period moves on by this part of itself. */
const SLICES = 10;

/** A slice ends though this much of it is left, in milliseconds: numbers are rounded. */
const ROUNDING_MS = 1e-3;

/** A mirror, as far as its speed is watched. */
export interface WatchedMirror {
  readonly url: string;
  readonly bytes: number;
  readonly live: readonly Pick<
    RequestView,
    "kind" | "held" | "isExhausted" | "startedAt" | "dueAt"
  >[];
}

/** What may hold back the whole download. */
type Restraints = Pick<DownloadView, "limit" | "windowIsFull">;

/**
 * Watches the speed of one mirror: whether, while it has requests under way, it delivers less than the
 * lowest rate on average. Only time in which bytes could arrive counts; it is measured in slices.
 */
export class SpeedWatch {
  readonly #lowest: ResolvedLowestRate;
  readonly #sliceMs: number;
  /** Bytes of the slices that are over, the latest last. */
  readonly #slices: number[] = [];
  #sliceAgeMs = 0;
  #sliceBytes = 0;
  #bytes = 0;
  #at = -Infinity;

  constructor(lowest: ResolvedLowestRate) {
    this.#lowest = lowest;
    this.#sliceMs = lowest.periodMs / SLICES;
  }

  excuse(mirror: WatchedMirror, now: number): void {
    this.#bytes = mirror.bytes;
    this.#at = now;
  }

  /**
   * Counts what has arrived since the last look, while `mirror` and `restraints` were as they are now.
   * Returns the rate in bytes per second if that is too low.
   */
  look(mirror: WatchedMirror, restraints: Restraints, now: number): number | undefined {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    this.#sliceBytes += mirror.bytes - this.#bytes;
    this.#sliceAgeMs += Math.max(0, now - from);
    this.excuse(mirror, now);
    let tooLow: number | undefined;
    while (this.#sliceAgeMs >= this.#sliceMs - ROUNDING_MS) {
      this.#sliceAgeMs = Math.max(0, this.#sliceAgeMs - this.#sliceMs);
      this.#slices.push(this.#sliceBytes);
      this.#sliceBytes = 0;
      if (this.#slices.length > SLICES) this.#slices.shift();
      tooLow = this.#rateIfTooLow();
    }
    return tooLow;
  }

  /** Returns when the next look is due. */
  dueAt(mirror: WatchedMirror, restraints: Restraints): number {
    const from = Math.max(this.#at, busyFrom(mirror, restraints));
    return from + this.#sliceMs - this.#sliceAgeMs;
  }

  #rateIfTooLow(): number | undefined {
    if (this.#slices.length < SLICES) return undefined;
    const bytes = this.#slices.reduce((sum, one) => sum + one);
    const rate = 1000 * bytes / this.#lowest.periodMs;
    return rate < this.#lowest.bytesPerSecond ? rate : undefined;
  }
}

/** Returns from when on bytes could arrive; `Infinity` for never. */
function busyFrom({ live }: WatchedMirror, { limit, windowIsFull }: Restraints): number {
  let from = Infinity;
  for (const { kind, held, isExhausted, startedAt, dueAt } of live) {
    const whole = kind === "whole";
    if (held || isExhausted || (whole && windowIsFull)) continue;
    // Under a limit little is requested at a time, and round trips take most of the time; but what
    // arrives later than expected is the mirror's fault. A whole file is not even read.
    const heldUntil = whole ? limit.openAt : Math.min(limit.openAt, dueAt);
    from = Math.min(from, Math.max(startedAt, heldUntil));
  }
  return from;
}

/** Returns the failure of a mirror that is too slow. */
export function tooSlow(
  { url }: WatchedMirror,
  bytesPerSecond: number,
  lowest: ResolvedLowestRate,
): MirrorError {
  const facts = { mirror: url, phase: "body", reason: "timeout", retryable: false } as const;
  const message = `delivered ${rateText(bytesPerSecond)} for ${lowest.periodMs / 1000} s, ` +
    `less than the lowest rate of ${rateText(lowest.bytesPerSecond)}`;
  return new MirrorError(message, facts);
}

/** Returns a rate in words, rounded down, so that a lower one never looks the same. */
function rateText(bytesPerSecond: number): string {
  const [unit, size] = bytesPerSecond < 1e3
    ? ["B/s", 1] as const
    : bytesPerSecond < 1e6
    ? ["kB/s", 1e3] as const
    : ["MB/s", 1e6] as const;
  return `${Math.floor(10 * bytesPerSecond / size) / 10} ${unit}`;
}
