/**
 * Gives work to the mirrors: it carries out what the policy plans. Pure.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { Plan, Policy } from "./view.ts";
import type { SendReason } from "../trace/events.ts";
import type { DownloadState } from "./state.ts";
import type { LiveRequest, Mirror } from "./mirror.ts";

/** What work is given by. */
export interface AssignerOptions {
  /** Makes the policy by which work is given. */
  readonly policy: () => Policy<DownloadState>;
  /** Whether a mirror whose block was asked for again is closed. */
  readonly closeBadConnections: boolean;
}

/** For bytes alone, work is looked for again after so many milliseconds at the earliest. */
const LOOK_MS = 0.5;

/** Gives work to mirrors. */
export class Assigner {
  readonly #state: DownloadState;
  readonly #policy: Policy<DownloadState>;
  readonly #closeBadConnections: boolean;
  #assignedAt = -Infinity;
  #wakeAt = Infinity;

  constructor(download: DownloadState, { policy, closeBadConnections }: AssignerOptions) {
    this.#state = download;
    this.#policy = policy();
    this.#closeBadConnections = closeBadConnections;
  }

  /** When work may have to be given though nothing has happened, in milliseconds. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** Whether it is worth while to look for work though no more than some bytes have come. */
  isDue(now: number): boolean {
    return now >= this.#assignedAt + LOOK_MS;
  }

  /** Gives work to every mirror that can take some. */
  assign(now: number): void {
    const { mirrors } = this.#state;
    this.#wakeAt = Infinity;
    if (!mirrors.some((mirror) => mirror.servesRanges)) return this.#assignWhole(now);
    this.#tune(now);
    this.#assignedAt = now;
    for (;;) {
      const plan = this.#policy.next(this.#state, now);
      if (plan === undefined) break;
      this.#execute(plan, now);
    }
    this.#wakeAt = this.#policy.wakeAt(this.#state, now);
  }

  /** Lets the mirrors find out how many connections are of use. */
  #tune(now: number): void {
    const { mirrors } = this.#state;
    if (mirrors[0]!.tuner === undefined) return;
    const total = mirrors.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { tuner, bytes, link } of mirrors) {
      tuner?.observe({ own: bytes, total }, now, link.latencyMs);
    }
  }

  /** No mirror can do ranges: one of the others serves the whole file. */
  #assignWhole(now: number): void {
    const { mirrors, requests, size } = this.#state;
    if (requests.whole !== undefined) return;
    const mirror = mirrors.find(({ idle, service }) => idle && service === "whole");
    if (mirror === undefined) return;
    this.#state.send({ mirror, kind: "whole", start: 0, end: size ?? Infinity }, now);
  }

  #execute(plan: Plan, now: number): void {
    const { requests } = this.#state;
    if (plan.type === "revoke") {
      const request = requests.get(plan.request)!;
      return this.#state.cut(request, request.position, "silent", now);
    }
    const mirror = this.#state.mirrors[plan.mirror]!;
    if (plan.type === "retire") {
      mirror.state = { type: "retired" };
      return this.#report(mirror, "retired", "too slow to help with what is left", now);
    }
    // One that was sent home comes back by this.
    mirror.state = { type: "ready" };
    if (plan.type === "ask") {
      const returned = this.#state.ledger.wasReturned(plan.range.start);
      return this.#ask(mirror, plan.range, returned ? "retry" : plan.reason, now);
    }
    const late = requests.get(plan.late)!;
    mirror.duplicates++;
    if (plan.type === "steal") this.#state.cut(late, plan.range.start, "stolen", now);
    this.#ask(mirror, plan.range, plan.type, now);
    if (plan.type === "duplicate" && this.#closeBadConnections) this.#close(late, now);
  }

  #ask(mirror: Mirror, { start, end }: ByteRange, reason: SendReason, now: number): void {
    const { ledger, commands, received } = this.#state;
    const request = this.#state.send({ mirror, kind: "range", start, end }, now);
    mirror.previous = received;
    mirror.requests++;
    const duplicate = reason === "duplicate" || reason === "steal";
    const facts = { mirror: mirror.url, request: request.id, start, end, duplicate, reason };
    // A range of any size is told of by the blocks that begin in it, but at least by one.
    const last = ledger.blockOf(end - 1);
    const first = Math.min(last, ledger.firstBlockFrom(start));
    for (let block = first; block <= last; block++) {
      commands.report({ type: "send", block, ...facts }, now);
    }
  }

  #close(request: LiveRequest, now: number): void {
    this.#state.cancel(request, "closed", now);
    request.mirror.state = { type: "closed" };
    this.#report(request.mirror, "closed", "held up the front", now);
  }

  #report(mirror: Mirror, state: "retired" | "closed", message: string, now: number): void {
    this.#state.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }
}
