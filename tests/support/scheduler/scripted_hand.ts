/**
 * A scheduler that is driven by hand, and whose policy is the test's: what it plans is written down.
 *
 * @module
 */

import type { Plan, Policy } from "../../../lib/scheduler/view.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests.ts";
import { MirrorError, type MirrorErrorOptions } from "../../../lib/errors.ts";
import { Hand } from "./hand.ts";
import type { TestOptions } from "./scheduler_options.ts";

/** A scheduler that does what a test says: mirrors that serve 100 bytes, of which 4 have come. */
export class ScriptedHand extends Hand {
  readonly #plans: Plan[];

  constructor(mirrors: number, options: TestOptions = {}) {
    const plans: Plan[] = [];
    const policy: Policy = { next: () => plans.shift(), wakeAt: () => Infinity };
    super(mirrors, { policy: () => policy, ...options });
    this.#plans = plans;
    this.now = 50;
    this.open(100);
  }

  /** Carries out a plan. */
  plan(plan: Plan): void {
    this.#plans.push(plan);
    this.handle({ type: "consumed", bytes: 0 });
  }

  /** Asks a mirror for a range, and lets it answer; returns the request. */
  ask(mirror: number, start: number, end: number): LiveRequest {
    this.plan({ type: "ask", mirror, range: { start, end }, reason: "front" });
    const request = this.live(mirror).at(-1)!;
    this.handle({ type: "response", request: request.id, answer: { type: "partial", start, end } });
    return request;
  }

  /** A request's next bytes come. */
  bring({ id }: LiveRequest, length: number): void {
    this.handle({ type: "bytes", request: id, length });
  }

  /** A request fails. */
  failRequest({ id, mirror: { url } }: LiveRequest, facts: Partial<MirrorErrorOptions>): void {
    const failure = new MirrorError("refused", {
      mirror: url,
      phase: "headers",
      reason: "status",
      retryable: true,
      ...facts,
    });
    this.handle({ type: "failed", request: id, failure });
  }

  live(mirror: number): readonly LiveRequest[] {
    const { mirrors, requests } = this.scheduler;
    return [...requests].filter((request) => request.mirror === mirrors[mirror]);
  }

  get free(): number[][] {
    return this.scheduler.ledger.free.map(({ start, end }) => [start, end]);
  }

  cancelled({ id }: LiveRequest): boolean {
    return this.commands.some((command) => command.type === "cancel" && command.request === id);
  }
}
