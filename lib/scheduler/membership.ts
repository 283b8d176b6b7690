/**
 * Mirrors that are added to a download, or dropped by the caller, while it runs. Pure, but for the state that
 * it changes: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import { drop } from "./failure/failures.ts";
import type { Checks } from "./identity/checks.ts";
import type { NewMirror, SchedulerEvent } from "./messages.ts";
import type { Mirror } from "./mirror/mirror.ts";
import type { Opening } from "./opening/opening.ts";
import type { DownloadState } from "./state.ts";

/** A mirror is to be added, or dropped. */
export type MembershipEvent = Extract<
  SchedulerEvent,
  { readonly type: "mirror-added" | "mirror-dropped" }
>;

/** Adds and drops mirrors of one download. */
export class Membership {
  readonly #state: DownloadState;
  readonly #opening: Opening;
  readonly #checks: Checks;

  constructor(state: DownloadState, opening: Opening, checks: Checks) {
    this.#state = state;
    this.#opening = opening;
    this.#checks = checks;
  }

  /** Adds or drops a mirror. Returns it, or `undefined` if nothing changes. */
  change(event: MembershipEvent, now: number): Mirror | undefined {
    return event.type === "mirror-added" ? this.#add(event, now) : this.#drop(event.mirror, now);
  }

  /** Adds a mirror, or one again that was dropped: nothing is known of its file. */
  #add(wanted: NewMirror, now: number): Mirror | undefined {
    const mirror = this.#state.add(wanted, now);
    if (mirror === undefined) return undefined;
    this.#checks.forget(mirror);
    this.#opening.join(mirror);
    const message = "joins the download, and is asked for its first bytes";
    const { commands } = this.#state;
    commands.report({ type: "mirror", mirror: mirror.url, state: "added", message }, now);
    return mirror;
  }

  /** Drops a mirror: its requests end, and what it has delivered is kept. */
  #drop(index: number, now: number): Mirror | undefined {
    const mirror = this.#state.mirrors[index];
    if (mirror === undefined || mirror.state.type === "dropped") return undefined;
    const facts = { phase: "headers", reason: "dropped", retryable: false } as const;
    drop(
      mirror,
      new MirrorError("was dropped", { mirror: mirror.url, ...facts }),
      this.#state,
      now,
    );
    this.#checks.forget(mirror);
    return mirror;
  }
}
