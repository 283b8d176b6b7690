/**
 * Watches over a download: which requests have been silent for too long, which mirrors bring too
 * little, and which have rested long enough after a failure. It says so; what follows from it is
 * decided by the scheduler. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { MirrorError } from "../errors.ts";
import { deadline, type DeadlineView, SUSPEND_MS, type TimeoutOptions } from "./deadlines.ts";
import type { Download } from "./state.ts";
import { type LowestRate, type Restraints, SpeedWatch, tooSlow } from "./lowest_rate.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";

/** What is watched for. */
export interface WatchOptions extends TimeoutOptions {
  /** The rate below which a mirror is given up; `undefined` for none. */
  readonly lowestRate: Required<LowestRate> | undefined;
}

/** A mirror that brings too little. */
export interface SlowMirror {
  readonly mirror: Mirror;
  readonly failure: MirrorError;
}

const NOBODY: readonly SlowMirror[] = [];

/** Watches over one download. */
export class Watch {
  readonly #download: Download;
  readonly #options: WatchOptions;
  /** In the order of the mirrors; none without a lowest rate. */
  readonly #speeds: readonly SpeedWatch[];

  constructor(download: Download, options: WatchOptions) {
    this.#download = download;
    this.#options = options;
    const { lowestRate } = options;
    this.#speeds = lowestRate === undefined
      ? []
      : download.mirrors.map(() => new SpeedWatch(lowestRate));
  }

  /** When something may be due, in milliseconds; `Infinity` for never. */
  get wakeAt(): number {
    const { mirrors, requests } = this.#download;
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
    for (const request of this.#download.requests) request.activeAt = now;
  }

  /** Lets mirrors that have rested long enough be asked again; says which. */
  rested(now: number): readonly Mirror[] {
    return this.#download.mirrors.filter((mirror) => {
      const { state } = mirror;
      if (state.type !== "waiting" || state.until > now) return false;
      mirror.state = { type: "ready" };
      return true;
    });
  }

  /** The requests that have been silent for too long; any may be closed meanwhile. */
  *silent(now: number): Generator<LiveRequest> {
    const { requests } = this.#download;
    for (const request of [...requests]) {
      const live = requests.get(request.id) !== undefined;
      if (live && deadline(request, this.#view, this.#options) <= now) yield request;
    }
  }

  /** Has to be told of every event, before anything changes by it; says who brings too little. */
  tooSlow(now: number): readonly SlowMirror[] {
    if (this.#speeds.length === 0) return NOBODY;
    const { mirrors } = this.#download;
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
    const { mirrors } = this.#download;
    const restraints = this.#restraints;
    return this.#speeds.reduce(
      (at, speed, index) => Math.min(at, speed.dueAt(mirrors[index]!, restraints)),
      Infinity,
    );
  }

  get #restraints(): Restraints {
    const { limit: { openAt }, heldBytes, windowSize } = this.#download;
    return { openAt, full: heldBytes >= windowSize };
  }

  get #view(): DeadlineView {
    const { ledger, mirrors, heldBytes, windowSize, limit: { openAt } } = this.#download;
    return { ledger, mirrors, heldBytes, windowSize, openAt };
  }
}
