/**
 * Watches over a download: finds silent requests, mirrors that are slower than the lowest rate, and mirrors
 * that have waited long enough after a failure. The scheduler decides what follows. Pure: times are in
 * milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import { CrawlWatch } from "./crawl.ts";
import { type ResolvedLowestRate, SpeedWatches } from "./speeds.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
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
  readonly #speeds: SpeedWatches;
  readonly crawls: CrawlWatch;

  constructor(state: DownloadState, options: WatchOptions) {
    this.#state = state;
    this.#options = options;
    this.crawls = new CrawlWatch(state);
    this.#speeds = new SpeedWatches(state, options.lowestRate);
  }

  /** When something may be due, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    const { mirrors, requests } = this.#state;
    let at = Math.min(
      this.#speeds.dueAt,
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

  /**
   * Cancels the other requests of a silent one's mirror that have been silent for half as long: it has failed
   * once, however many requests it had.
   */
  giveUpBeside(request: LiveRequest, now: number): void {
    const silentSince = now - (now - request.activeAt) / 2;
    const silent = this.#state.requests.of(request.mirror).filter((other) =>
      other !== request && !other.held && !other.isExhausted && other.activeAt < silentSince
    );
    for (const other of silent) this.#state.cancel(other, "silent", now);
  }

  /**
   * Returns the mirrors that are too slow, or have waited for their turn in vain, and their failures. Must
   * be called at every event, before it takes effect.
   */
  hopeless(now: number): readonly (readonly [Mirror, MirrorError])[] {
    return [...this.#speeds.tooSlow(now), ...waitedInVain(this.#state, this.#options.retry, now)];
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
  // A bad piece stays received: while it is requested again, the ledger may be complete.
  const isEnd = ledger.complete && kind !== "probe" && kind !== "repair";
  const holdsUpEnd = ledger.complete && kind === "repair";
  const urgent = kind === "check" || holdsUpEnd || (kind === "range" && holdsUpFront);
  const helped = urgent && isReplaceable(mirror, mirrors);
  // Where no other mirror can help, its own one may, by other connections.
  if (holdsUpFront && isPassedBy(request, mirrors)) {
    const since = Math.max(activeAt, mirror.link.flowingSince);
    return Math.min(activeAt + patience, since + PASSED_BY * stallMs(mirror, options));
  }
  // The end of the download does not wait long for the last comparisons; and as long as a mirror is
  // compared, it delivers nothing.
  const short = helped || isEnd;
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
