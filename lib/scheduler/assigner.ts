/**
 * Sends requests to mirrors that can take some: it executes what the policy plans. Pure.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { SendReason } from "../trace/events.ts";
import type { Mirror } from "./mirror.ts";
import type { LiveRequest } from "./requests.ts";
import type { DownloadState } from "./state.ts";
import type { Plan, Policy } from "./view.ts";

export interface AssignerOptions {
  /** Makes the policy that decides which mirror gets which range next. */
  readonly policy: () => Policy;
  /** Whether a mirror whose block was requested again is closed. */
  readonly closeBadConnections: boolean;
}

/** Minimum time between two looks for work where nothing but bytes has arrived, in milliseconds. */
const LOOK_MS = 0.5;

export class Assigner {
  readonly #state: DownloadState;
  readonly #policy: Policy;
  readonly #closeBadConnections: boolean;
  #assignedAt = -Infinity;
  #wakeAt = Infinity;

  constructor(state: DownloadState, { policy, closeBadConnections }: AssignerOptions) {
    this.#state = state;
    this.#policy = policy();
    this.#closeBadConnections = closeBadConnections;
  }

  /** When to look for work though nothing has happened, in milliseconds. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** Reports whether to look for work though nothing but bytes has arrived. */
  isDue(now: number): boolean {
    return now >= this.#assignedAt + LOOK_MS;
  }

  /** Sends requests until the policy plans no more. */
  assign(now: number): void {
    const { mirrors } = this.#state;
    this.#wakeAt = Infinity;
    this.#state.look(now);
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

  /** Lets each mirror find out how many connections are of use. */
  #tune(now: number): void {
    const { mirrors } = this.#state;
    if (mirrors[0]!.tuner === undefined) return;
    const total = mirrors.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { tuner, bytes, link } of mirrors) {
      tuner?.observe({ own: bytes, total }, now, link.latencyMs);
    }
  }

  #assignWhole(now: number): void {
    const { mirrors, requests, size } = this.#state;
    if (requests.whole !== undefined) return;
    const mirror = mirrors.find(({ idle, service }) => idle && service === "whole");
    if (mirror === undefined) return;
    this.#state.send({ mirror, kind: "whole", start: 0, end: size ?? Infinity }, now);
  }

  #execute(plan: Plan, now: number): void {
    const { requests, ledger } = this.#state;
    switch (plan.type) {
      case "resize":
        ledger.unitSize = plan.unitSize;
        return;
      case "revoke": {
        const request = requests.get(plan.request)!;
        return this.#state.cut(request, request.position, "silent", now);
      }
      case "retire": {
        const mirror = this.#state.mirrors[plan.mirror]!;
        mirror.retire();
        return this.#report(mirror, "retired", "too slow to help with what is left", now);
      }
      case "ask": {
        const returned = ledger.wasReturned(plan.range.start);
        return this.#ask(plan.mirror, plan.range, returned ? "retry" : plan.reason, now);
      }
      case "steal":
      case "duplicate": {
        const late = requests.get(plan.late)!;
        if (plan.type === "steal") this.#state.cut(late, plan.range.start, "stolen", now);
        this.#ask(plan.mirror, plan.range, plan.type, now);
        if (plan.type === "duplicate" && this.#closeBadConnections) this.#close(late, now);
      }
    }
  }

  #ask(index: number, { start, end }: ByteRange, reason: SendReason, now: number): void {
    const { ledger, commands, received, mirrors } = this.#state;
    const mirror = mirrors[index]!;
    // A mirror that was retired or closed may be needed after all.
    mirror.revive();
    const duplicate = reason === "duplicate" || reason === "steal";
    const request = this.#state.send({ mirror, kind: "range", start, end }, now);
    mirror.asked(received, duplicate);
    this.#state.look(now);
    const facts = { mirror: mirror.url, request: request.id, start, end, duplicate, reason };
    // A range of any size is reported as the blocks that begin in it, but at least as one.
    const last = ledger.blockOf(end - 1);
    const first = Math.min(last, ledger.firstBlockFrom(start));
    for (let block = first; block <= last; block++) {
      commands.report({ type: "send", block, ...facts }, now);
    }
  }

  #close(request: LiveRequest, now: number): void {
    this.#state.cancel(request, "closed", now);
    request.mirror.close();
    this.#report(request.mirror, "closed", "held up the front", now);
  }

  #report(mirror: Mirror, state: "retired" | "closed", message: string, now: number): void {
    this.#state.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }
}
