/**
 * Watches over a download: which requests have been silent for too long, which mirrors bring too
 * little, and which have rested long enough after a failure. It says so; what follows from it is
 * decided by the scheduler. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import type { Ledger } from "./ledger.ts";
import type { DownloadState } from "./state.ts";
import { type ResolvedLowestRate, type Restraints, SpeedWatch, tooSlow } from "./lowest_rate.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";

/** What is watched for. */
export interface WatchOptions extends TimeoutOptions {
  /** The rate below which a mirror is given up; `undefined` for none. */
  readonly lowestRate: ResolvedLowestRate | undefined;
}

/** A mirror that brings too little. */
export interface SlowMirror {
  readonly mirror: Mirror;
  readonly failure: MirrorError;
}

const NOBODY: readonly SlowMirror[] = [];

/** Watches over one download. */
export class Watch {
  readonly #state: DownloadState;
  readonly #options: WatchOptions;
  /** In the order of the mirrors; none without a lowest rate. */
  readonly #speeds: readonly SpeedWatch[];

  constructor(download: DownloadState, options: WatchOptions) {
    this.#state = download;
    this.#options = options;
    const { lowestRate } = options;
    this.#speeds = lowestRate === undefined
      ? []
      : download.mirrors.map(() => new SpeedWatch(lowestRate));
  }

  /** When something may be due, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    const { mirrors, requests } = this.#state;
    let at = this.#speedsDueAt;
    for (const { state } of mirrors) {
      if (state.type === "waiting") at = Math.min(at, state.until);
    }
    const view = this.#view;
    for (const request of requests) at = Math.min(at, deadline(request, view, this.#options));
    return at;
  }

  /** The process stood still until `now`: nobody was silent. */
  excuse(now: number): void {
    for (const request of this.#state.requests) request.activeAt = now;
  }

  /** Lets mirrors that have rested long enough be asked again; says which. */
  rested(now: number): readonly Mirror[] {
    return this.#state.mirrors.filter((mirror) => {
      const { state } = mirror;
      if (state.type !== "waiting" || state.until > now) return false;
      mirror.state = { type: "ready" };
      return true;
    });
  }

  /** The requests that have been silent for too long; any may be closed meanwhile. */
  *silent(now: number): Generator<LiveRequest> {
    const { requests } = this.#state;
    for (const request of [...requests]) {
      const live = requests.get(request.id) !== undefined;
      if (live && deadline(request, this.#view, this.#options) <= now) yield request;
    }
  }

  /** Has to be told of every event, before anything changes by it; says who brings too little. */
  tooSlow(now: number): readonly SlowMirror[] {
    if (this.#speeds.length === 0) return NOBODY;
    const { mirrors } = this.#state;
    const restraints = this.#restraints;
    // The process stood still, or has just begun.
    const late = now - this.#speedsDueAt > SUSPEND_MS;
    return this.#speeds.flatMap((speed, index) => {
      const mirror = mirrors[index]!;
      if (late) speed.excuse(mirror, now);
      const rate = speed.look(mirror, restraints, now);
      if (rate === undefined || mirror.state.type === "dropped") return [];
      return [{ mirror, failure: tooSlow(mirror, rate, this.#options.lowestRate!) }];
    });
  }

  get #speedsDueAt(): number {
    const { mirrors } = this.#state;
    const restraints = this.#restraints;
    return this.#speeds.reduce(
      (at, speed, index) => Math.min(at, speed.dueAt(mirrors[index]!, restraints)),
      Infinity,
    );
  }

  get #restraints(): Restraints {
    const { limit: { openAt }, heldBytes, windowSize } = this.#state;
    return { openAt, full: heldBytes >= windowSize };
  }

  get #view(): DeadlineView {
    const { ledger, mirrors, heldBytes, windowSize, limit: { openAt } } = this.#state;
    return { ledger, mirrors, heldBytes, windowSize, openAt };
  }
}

/** Timeouts, in milliseconds. */
export interface TimeoutOptions {
  /** For a mirror's first answer: connection, TLS and headers. */
  readonly connectTimeoutMs: number;
  /** For the headers of a later answer. */
  readonly headersTimeoutMs: number;
  /** For the next bytes of a body. */
  readonly idleTimeoutMs: number;
  /**
   * For anything at all from the mirror that holds up the front, or did until its range was given to
   * others, while another could help.
   */
  readonly stallTimeoutMs: number;
}

/** A wake-up that comes later than this says that the process stood still. */
export const SUSPEND_MS = 500;

/** A mirror may be silent for this many times what its first answer took. */
const STALL_ANSWERS = 8;

/** What a deadline depends on besides the request. */
export interface DeadlineView {
  readonly ledger: Ledger;
  readonly mirrors: readonly Mirror[];
  readonly heldBytes: number;
  /** The most bytes held and asked for together. */
  readonly windowSize: number;
  /** Until when no more bytes are to come, because of the greatest rate, in milliseconds. */
  readonly openAt: number;
}

/** When a request fails if nothing comes for it, in milliseconds. */
export function deadline(
  request: LiveRequest,
  { ledger, mirrors, heldBytes, windowSize, openAt }: DeadlineView,
  options: TimeoutOptions,
): number {
  const { mirror, kind, answeredAt, position, claimEnd, end } = request;
  if (request.held) return Infinity;
  // The body of a whole file is read only while there is room, and no faster than it may come.
  if (kind === "whole" && heldBytes >= windowSize) return Infinity;
  const activeAt = kind === "whole" ? Math.max(request.activeAt, openAt) : request.activeAt;
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

/** The failure of a request that was silent until `now`. */
export function timeoutError(
  { mirror, answeredAt, activeAt }: LiveRequest,
  now: number,
): MirrorError {
  const phase = answeredAt !== undefined
    ? "body"
    : mirror.answerMs === undefined
    ? "connect"
    : "headers";
  const what = { connect: "no answer", headers: "no answer", body: "nothing more" }[phase];
  const seconds = ((now - activeAt) / 1000).toFixed(1);
  return new MirrorError(`${what} came for ${seconds} s`, {
    mirror: mirror.url,
    phase,
    reason: "timeout",
    retryable: true,
  });
}
