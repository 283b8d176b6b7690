/**
 * Drives a scheduler event by event, for tests of the commands it gives.
 *
 * @module
 */

import type { DelayRequest } from "../../../lib/policy/delay.ts";
import type { Answer, SchedulerCommand, SchedulerEvent } from "../../../lib/scheduler/messages.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests/live_request.ts";
import { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { MirrorError, type MirrorErrorOptions } from "../../../lib/errors.ts";
import type { CancelEvent, TraceEvent } from "../../../lib/trace/events.ts";
import type { Plan, Policy } from "../../../lib/scheduler/view.ts";
import { schedulerOptions, type TestOptions } from "./scheduler_options.ts";

type ReportedEvent = TraceEvent | CancelEvent;

/** Size of the probe, in bytes. */
export const PROBE = 4;

/** Drives a scheduler: blocks of 10 bytes, no randomness, every mirror at the front. */
export class Hand {
  readonly scheduler: Scheduler;
  now = 0;
  /** All commands so far. */
  readonly commands: SchedulerCommand[] = [];

  constructor(mirrors: number, options: TestOptions = {}) {
    const urls = options.urls ?? Array.from({ length: mirrors }, (_, index) => urlOf(index));
    this.scheduler = new Scheduler(schedulerOptions(urls, {
      probeSize: PROBE,
      splitSize: 10,
      windowSize: 1000,
      maxBlocksPerRequest: 1,
      delay: () => 0,
      duplicate: () => false,
      random: () => 0,
      ...options,
    }));
    this.commands.push(...this.scheduler.start(this.now));
  }

  handle(event: SchedulerEvent): void {
    this.commands.push(...this.scheduler.handle(event, this.now));
  }

  /** Returns the first live request of a mirror. */
  of(mirror: number): LiveRequest | undefined {
    const { url } = this.scheduler.mirrors[mirror]!;
    for (const request of this.scheduler.requests) if (request.mirror.url === url) return request;
    return undefined;
  }

  /** Describes the first live request of a mirror. */
  asked(mirror: number): string | undefined {
    const request = this.of(mirror);
    return request && `${request.kind} ${request.start}-${request.end}`;
  }

  /** Describes the first live request of every mirror. */
  get work(): (string | undefined)[] {
    return this.scheduler.mirrors.map((_, mirror) => this.asked(mirror));
  }

  respond(mirror: number, answer?: Answer): void {
    const { id, start, end } = this.of(mirror)!;
    this.handle({
      type: "response",
      request: id,
      answer: answer ?? { type: "partial", start, end },
    });
  }

  bytes(mirror: number, length: number): void {
    this.handle({ type: "bytes", request: this.of(mirror)!.id, length });
  }

  end(mirror: number): void {
    this.handle({ type: "ended", request: this.of(mirror)!.id });
  }

  /** A mirror delivers everything that is requested from it. */
  deliver(mirror: number): void {
    const { id, start, position, end, answeredAt } = this.of(mirror)!;
    if (answeredAt === undefined) this.respond(mirror, { type: "partial", start, end });
    this.bytes(mirror, end - position);
    this.handle({ type: "ended", request: id });
  }

  fail(mirror: number, facts: Partial<MirrorErrorOptions> = {}): void {
    const failure = new MirrorError(facts.reason ?? "reset", {
      mirror: urlOf(mirror),
      phase: "body",
      reason: "network",
      retryable: true,
      ...facts,
    });
    this.handle({ type: "failed", request: this.of(mirror)!.id, failure });
  }

  /** A mirror answers its probe; a partial answer also ends. */
  probed(mirror: number, answer: Answer, digest = "same"): void {
    const { id, start } = this.of(mirror)!;
    this.respond(mirror, answer);
    const { size = PROBE } = answer;
    const length = answer.type === "partial" ? answer.end - start : Math.min(PROBE, size);
    this.handle({ type: "sampled", request: id, length, digest });
    if (answer.type === "partial") this.handle({ type: "ended", request: id });
  }

  /** Every mirror answers its probe with a range of a file of `size` bytes. */
  open(size: number): this {
    for (const mirror of this.scheduler.mirrors.keys()) {
      const { start, end } = this.of(mirror)!;
      this.probed(mirror, { type: "partial", start, end: Math.min(end, size), size });
    }
    return this;
  }

  /** Advances the time to the next wake-up. */
  sleep(): void {
    this.now = this.scheduler.wakeAt;
    this.handle({ type: "timeout" });
  }

  /** The process stands still for `ms`. */
  standStill(ms: number): void {
    this.now += ms;
    this.handle({ type: "stood", ms });
  }

  types(): string[] {
    return this.commands.map(({ type }) => type).filter((type) => type !== "report");
  }

  events<Type extends ReportedEvent["type"]>(type: Type): Extract<ReportedEvent, { type: Type }>[] {
    const events = this.commands.flatMap((command) =>
      command.type === "report" ? [command.event] : []
    );
    return events.filter((event) => event.type === type) as Extract<
      ReportedEvent,
      { type: Type }
    >[];
  }

  /** The end of the download, `undefined` while it runs. */
  get outcome(): "finish" | Error | undefined {
    const last = this.commands.at(-1);
    return last?.type === "fail" ? last.error : last?.type === "finish" ? "finish" : undefined;
  }
}

/** A scheduler whose policy returns the plans of the test, for a file of 100 bytes of which 4 have arrived. */
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

  /** Lets the policy return a plan. */
  plan(plan: Plan): void {
    this.#plans.push(plan);
    this.handle({ type: "consumed", bytes: 0 });
  }

  /** Requests a range from a mirror, which answers; returns the request. */
  ask(mirror: number, start: number, end: number): LiveRequest {
    this.plan({ type: "ask", mirror, range: { start, end }, reason: "front" });
    const request = this.live(mirror).at(-1)!;
    this.handle({ type: "response", request: request.id, answer: { type: "partial", start, end } });
    return request;
  }

  /** The next bytes of a request arrive. */
  arrive({ id }: LiveRequest, length: number): void {
    this.handle({ type: "bytes", request: id, length });
  }

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

export function urlOf(mirror: number): string {
  return `http://${mirror}.test/file`;
}

/** Returns an algorithm with a fixed position for each mirror; `Infinity` retires the mirror. */
export function positions(...values: readonly number[]): DelayRequest {
  return ({ mirror }) => values[Number(mirror.url[7])]!;
}
