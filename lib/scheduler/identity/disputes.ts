/**
 * What follows where bytes of two mirrors differ behind the first ones: a mirror is dropped of which nothing
 * wrong was used, or the download fails, as nothing says whose bytes are right. One that has delivered nothing
 * is dropped where most mirrors have other bytes than it has. Pure, but for the state that it changes: times
 * are in milliseconds, and passed in.
 *
 * @module
 */

import { FileChangedError, type SphttpError } from "../../errors.ts";
import { drop } from "../failure/failures.ts";
import type { SchedulerEvent } from "../messages.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { Opening } from "../opening/opening.ts";
import type { OpeningEvent } from "../opening/opening_steps.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import type { Comparisons } from "./comparisons.ts";
import type { CrossChecks, SentCheck } from "./cross_checks.ts";
import { changed, type Identity, otherFile } from "./identity.ts";
import type { Contradiction } from "./witnesses.ts";

/** What follows: an event for the opening, or the download fails. A mirror may have been dropped. */
export type Outcome = OpeningEvent | { readonly type: "fail"; readonly error: SphttpError };

/** Where what is known of the mirrors is kept. */
export interface DisputesOptions {
  readonly state: DownloadState;
  readonly opening: Opening;
  readonly identity: Identity;
  readonly comparisons: Comparisons;
  readonly cross: CrossChecks;
}

/** The disputes of one download. */
export class Disputes {
  readonly #options: DisputesOptions;

  constructor(options: DisputesOptions) {
    this.#options = options;
  }

  /** Notes that a mirror has shown other bytes than another one has sent. */
  shown({ mirror, sender, doubt }: SentCheck, at: number, now: number): Outcome {
    if (this.#hasOnlyChanged(mirror, doubt, at, now)) return { type: "waited" };
    return this.#compare({ mirror, sender, at }, now);
  }

  /** Notes that the bytes of a request differ from those that have arrived before. */
  arrived(
    { mirror }: LiveRequest,
    { failure, at, other }: Extract<SchedulerEvent, { type: "differs" }>,
    now: number,
  ): Outcome {
    const { state, comparisons, cross } = this.#options;
    const earlier = other === undefined ? undefined : state.mirrors[other]!;
    if (earlier === undefined || earlier === mirror) {
      return { type: "fail", error: new FileChangedError(failure) };
    }
    // The other one may have shown these bytes without having sent them.
    comparisons.refute(earlier, at);
    const isUnused = this.#hasOnlyChanged(earlier, cross.doubtAt(at, earlier), at, now);
    if (isUnused) return { type: "waited" };
    return this.#compare({ mirror: earlier, sender: mirror, at }, now);
  }

  /** Fails at the end if no more mirrors have what was delivered than have other bytes. */
  settle(now: number): Outcome | undefined {
    const contradiction = this.#options.comparisons.contradiction(now);
    if (contradiction === undefined) return undefined;
    const { mirror, sender, at } = contradiction;
    return this.differ(mirror, sender, at, now);
  }

  /** Fails, as bytes of two mirrors differ that may both have been used. */
  differ(one: Mirror, other: Mirror, at: number, now: number): Outcome {
    const { state, opening, identity, comparisons } = this.#options;
    // One that contradicts itself is at fault.
    for (const mirror of [one, other]) {
      const doubt = identity.doubtOf(mirror);
      if (doubt === undefined) continue;
      const error = changed(mirror, doubt, at);
      drop(mirror, error, state, now);
      return { type: "fail", error: new FileChangedError(error) };
    }
    const [first, later] = one === comparisons.first ? [one, other] : [other, one];
    return { type: "fail", error: opening.mismatch(later, first, at) };
  }

  /** Drops a mirror that has delivered nothing, unless most others cannot have what was delivered. */
  #compare(contradiction: Contradiction, now: number): Outcome {
    const { state, comparisons } = this.#options;
    const { mirror, sender, at } = contradiction;
    if (mirror.usedBytes > 0) return this.differ(mirror, sender, at, now);
    const lost = comparisons.differs(contradiction, now);
    if (lost !== undefined) return this.differ(lost.mirror, lost.sender, lost.at, now);
    drop(mirror, otherFile(mirror, at), state, now);
    return { type: "waited" };
  }

  /**
   * Drops a mirror that has shown another version with a response that contradicts earlier ones, if nothing
   * of that version was used. What it has sent before is compared with others as before.
   */
  #hasOnlyChanged(mirror: Mirror, doubt: string | undefined, at: number, now: number): boolean {
    const { state, identity } = this.#options;
    if (doubt === undefined || identity.isSuspect(mirror, doubt)) return false;
    drop(mirror, changed(mirror, doubt, at), state, now);
    return true;
  }
}
