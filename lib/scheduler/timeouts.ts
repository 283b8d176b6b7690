/**
 * Watches over a download: where a silent request or mirror is found, and a mirror that is too slow,
 * and which mirrors have waited long enough after a failure. The scheduler decides what follows.
 * Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import { type ResolvedLowestRate, SpeedWatch, tooSlow } from "./lowest_rate.ts";
import type { Mirror } from "./mirror.ts";
import type { LiveRequest } from "./requests.ts";
import type { DownloadState } from "./state.ts";
import type { DownloadView, RequestView, SourceView } from "./view.ts";

/** Timeouts, in milliseconds. */
export interface TimeoutOptions {
  /** For a mirror's first answer: connection, TLS and headers. */
  readonly connectTimeoutMs: number;
  /** For the headers of a later answer. */
  readonly headersTimeoutMs: number;
  /** For the next bytes of a body. */
  readonly idleTimeoutMs: number;
  /**
   * For anything at all from a mirror that holds up the front, or did until its range was given to
   * others, while another could help.
   */
  readonly stallTimeoutMs: number;
}

/** What is watched for. */
export interface WatchOptions extends TimeoutOptions {
  /** The rate below which a mirror is dropped; `undefined` for none. */
  readonly lowestRate: ResolvedLowestRate | undefined;
}

/** A mirror that delivers too little. */
export interface SlowMirror {
  readonly mirror: Mirror;
  readonly failure: MirrorError;
}

/** A request, as far as its timeout depends on it. */
export interface TimedRequest extends RequestView {
  readonly mirror: SourceView;
}

/** A wake-up that is later than this means that the process stood still. */
export const SUSPEND_MS = 500;

/** A mirror at the front may be silent for this many times as long as its first answer took. */
const STALL_ANSWERS = 8;

const NO_MIRRORS: readonly SlowMirror[] = [];

/** Watches over one download. */
export class Watch {
  readonly #state: DownloadState;
  readonly #options: WatchOptions;
  /** In the order of the mirrors; empty without a lowest rate. */
  readonly #speeds: readonly SpeedWatch[];

  constructor(state: DownloadState, options: WatchOptions) {
    this.#state = state;
    this.#options = options;
    const { lowestRate } = options;
    this.#speeds = lowestRate === undefined
      ? []
      : state.mirrors.map(() => new SpeedWatch(lowestRate));
  }

  /** When something may be due, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    const { mirrors, requests } = this.#state;
    let at = this.#speedsDueAt;
    for (const { state } of mirrors) {
      if (state.type === "waiting") at = Math.min(at, state.until);
    }
    for (const one of requests) at = Math.min(at, deadline(one, this.#state, this.#options));
    return at;
  }

  /** Excuses all silences until `now`, because the process stood still. */
  excuse(now: number): void {
    for (const request of this.#state.requests) request.touch(now);
  }

  /** Revives the mirrors that have waited long enough, and returns them. */
  revive(now: number): readonly Mirror[] {
    return this.#state.mirrors.filter((mirror) => {
      const { state } = mirror;
      if (state.type !== "waiting" || state.until > now) return false;
      mirror.revive();
      return true;
    });
  }

  /** Yields the requests that have been silent for too long; any may be closed meanwhile. */
  *silent(now: number): Generator<LiveRequest> {
    const { requests } = this.#state;
    for (const request of [...requests]) {
      const live = requests.get(request.id) !== undefined;
      if (live && deadline(request, this.#state, this.#options) <= now) yield request;
    }
  }

  /** Returns the mirrors that are too slow. Must be called at every event, before it takes effect. */
  tooSlow(now: number): readonly SlowMirror[] {
    if (this.#speeds.length === 0) return NO_MIRRORS;
    const { mirrors } = this.#state;
    // The process stood still, or has just started.
    const late = now - this.#speedsDueAt > SUSPEND_MS;
    return this.#speeds.flatMap((speed, index) => {
      const mirror = mirrors[index]!;
      if (late) speed.excuse(mirror, now);
      const rate = speed.look(mirror, this.#state, now);
      if (rate === undefined || mirror.state.type === "dropped") return [];
      return [{ mirror, failure: tooSlow(mirror, rate, this.#options.lowestRate!) }];
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
  if (request.held) return Infinity;
  // The body of a whole file is read only while there is room, and no faster than it may arrive.
  if (kind === "whole" && windowIsFull) return Infinity;
  const activeAt = kind === "whole" ? Math.max(request.activeAt, limit.openAt) : request.activeAt;
  const patience = answeredAt !== undefined
    ? options.idleTimeoutMs
    : mirror.answerMs === undefined
    ? options.connectTimeoutMs
    : options.headersTimeoutMs;
  const lostRange = claimEnd < end && claimEnd <= position;
  const holdsUpFront = lostRange || (position <= ledger.front && ledger.front < end);
  const helped = kind === "range" && holdsUpFront &&
    mirrors.some((other) => other !== mirror && other.servesRanges);
  if (!helped) return activeAt + patience;
  const stall = Math.max(options.stallTimeoutMs, STALL_ANSWERS * (mirror.answerMs ?? 0));
  return activeAt + Math.min(patience, stall);
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
