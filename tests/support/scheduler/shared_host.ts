/**
 * Several downloads, each of its own file, from simulated hosts that serve only a few requests at once and
 * whose responses break off now and then. Time is virtual.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { MirrorError } from "../../../lib/errors.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import type { Proof, SchedulerCommand, SchedulerEvent } from "../../../lib/scheduler/messages.ts";
import { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { EventQueue } from "../simulator/event_queue.ts";
import { SimulatedLandmarks } from "../simulator/identity.ts";
import { schedulerOptions, type TestOptions } from "./scheduler_options.ts";

type StartCommand = Extract<SchedulerCommand, { type: "start" }>;

/** The time between a request and its answer, in milliseconds. */
const LATENCY_MS = 20;
/** A response is read in chunks of at most so many bytes. */
const CHUNK = 16 * 1024;

export interface SharedHostOptions {
  /** Number of downloads, and the size of each file in bytes. */
  readonly downloads: number;
  readonly size: number;
  /** Number of hosts of this kind, each of which has all files. */
  readonly hosts: number;
  /** The most requests that the host serves at once. */
  readonly most: number;
  /** The rate of each response, in bytes per millisecond. */
  readonly bytesPerMs: number;
  /** How many of the chunks a response breaks at, from 0 to 1. */
  readonly breaks: number;
  /** Until when responses break. */
  readonly breaksUntil: number;
  /** The host refuses a request with this status. */
  readonly status: number;
  /** How long the host takes a cancelled request for one under way, in milliseconds. */
  readonly lingerMs: number;
  /** What proves that a response delivers the file. */
  readonly proof: Proof;
  readonly random: () => number;
  readonly scheduler?: TestOptions | undefined;
  /** Called after each event of a download that goes on. */
  readonly inspect?: ((scheduler: Scheduler, now: number) => void) | undefined;
}

/** One response. */
interface Response {
  readonly command: StartCommand;
  readTo: number;
  position: number;
  isServed: boolean;
  isHeld: boolean;
  isMoving: boolean;
}

/** How a download ended, and when; `undefined` where nothing more would ever have happened. */
export type Outcome = { readonly at: number; readonly error: Error | undefined } | undefined;

/** The downloads and their host. */
export class SharedHost {
  readonly queue = new EventQueue();
  readonly schedulers: readonly Scheduler[];
  readonly outcomes: Outcome[] = [];
  readonly #options: SharedHostOptions;
  readonly #landmarks: readonly SimulatedLandmarks[];
  readonly #responses: readonly Map<number, Response>[];
  readonly #alarms: number[];
  /** Number of requests that each host serves. */
  readonly #served: number[];

  constructor(options: SharedHostOptions) {
    this.#options = options;
    const hosts = new HostLimits();
    const numbers = Array.from({ length: options.downloads }, (_, index) => index);
    this.#responses = numbers.map(() => new Map());
    this.#landmarks = numbers.map(() => new SimulatedLandmarks(0));
    this.#alarms = numbers.map(() => Infinity);
    this.#served = Array<number>(options.hosts).fill(0);
    this.schedulers = numbers.map((number) =>
      new Scheduler(schedulerOptions(this.#served.map((_, host) => urlOf(host, number)), {
        delay: "adaptive",
        splitSize: 100_000,
        windowSize: 500_000,
        hosts,
        onTurn: () => this.queue.after(0, () => this.#dispatch(number, { type: "timeout" })),
        landmarks: this.#landmarks[number],
        random: options.random,
        ...options.scheduler,
      }))
    );
  }

  /**
   * Runs until nothing is left to do, and returns how each download ended.
   *
   * @throws {AssertionError} if that takes longer than `mostMs`
   */
  run(mostMs = 600_000): readonly Outcome[] {
    for (const [number, scheduler] of this.schedulers.entries()) {
      this.#execute(number, scheduler.start(this.queue.now));
      this.#setAlarm(number);
    }
    while (this.queue.step()) {
      if (this.queue.now > mostMs) throw new AssertionError(`runs for more than ${mostMs} ms`);
    }
    return this.schedulers.map((_, number) => this.outcomes[number]);
  }

  #dispatch(number: number, event: SchedulerEvent): void {
    if (this.outcomes[number] !== undefined) return;
    const scheduler = this.schedulers[number]!;
    this.#execute(number, scheduler.handle(event, this.queue.now));
    if (this.outcomes[number] !== undefined) return;
    this.#setAlarm(number);
    this.#options.inspect?.(scheduler, this.queue.now);
  }

  #setAlarm(number: number): void {
    const { wakeAt } = this.schedulers[number]!;
    if (wakeAt >= this.#alarms[number]!) return;
    this.#alarms[number] = wakeAt;
    this.queue.at(Math.max(wakeAt, this.queue.now), () => {
      if (this.#alarms[number] !== wakeAt) return;
      this.#alarms[number] = Infinity;
      if (this.schedulers[number]!.wakeAt > this.queue.now) this.#setAlarm(number);
      else this.#dispatch(number, { type: "timeout" });
    });
  }

  #execute(number: number, commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      switch (command.type) {
        case "start":
          this.#start(number, command);
          break;
        case "cancel":
          this.#end(number, command.request, this.#options.lingerMs);
          break;
        case "read": {
          const response = this.#responses[number]!.get(command.request);
          if (response === undefined) break;
          response.readTo = command.to;
          this.#move(number, response);
          break;
        }
        case "accept":
        case "resume": {
          const response = this.#responses[number]!.get(command.request);
          if (command.type === "accept") this.#landmarks[number]!.came(0, CHUNK, () => "", 0);
          if (response === undefined) break;
          response.isHeld = false;
          this.queue.after(0, () => this.#move(number, response));
          break;
        }
        case "finish":
        case "fail": {
          const error = command.type === "fail" ? command.error : undefined;
          this.outcomes[number] = { at: this.queue.now, error };
          for (const request of this.#responses[number]!.keys()) this.#end(number, request, 0);
        }
      }
    }
  }

  #start(number: number, command: StartCommand): void {
    const { request, mirror, kind, start, end = start, readTo } = command;
    if (kind === "check") this.#landmarks[number]!.keep({ start, end });
    const response: Response = {
      command,
      readTo,
      position: start,
      isServed: false,
      isHeld: kind === "probe",
      isMoving: false,
    };
    this.#responses[number]!.set(request, response);
    this.queue.after(LATENCY_MS, () => {
      if (!this.#isLive(number, response)) return;
      if (this.#served[mirror]! >= this.#options.most) return this.#refuse(number, response);
      this.#served[mirror]!++;
      response.isServed = true;
      const { proof, size } = this.#options;
      const answer = { type: "partial", start, end: this.#bodyEnd(response), size } as const;
      this.#dispatch(number, { type: "response", request, answer, proof });
      if (this.#isLive(number, response)) this.#move(number, response);
    });
  }

  #refuse(number: number, response: Response): void {
    const { status } = this.#options;
    this.#fail(number, response, { phase: "headers", reason: "status", status });
  }

  #fail(
    number: number,
    { command: { request, mirror } }: Response,
    facts: { phase: "headers" | "body"; reason: "status" | "network"; status?: number },
  ): void {
    this.#end(number, request, 0);
    const failure = new MirrorError("failed", {
      mirror: urlOf(mirror, number),
      retryable: facts.status === undefined || facts.status >= 420,
      ...facts,
    });
    this.#dispatch(number, { type: "failed", request, failure });
  }

  /** Sends the next bytes that may be read. */
  #move(number: number, response: Response): void {
    const { command: { request, kind, start }, readTo, position } = response;
    if (response.isMoving || !this.#isLive(number, response)) return;
    const bodyEnd = this.#bodyEnd(response);
    if (response.isHeld && position > start) return;
    if (position >= bodyEnd) {
      this.#end(number, request, 0);
      return this.#dispatch(number, { type: "ended", request });
    }
    const most = kind === "probe" && response.isHeld ? readTo - start : CHUNK;
    const length = Math.min(most, readTo - position, bodyEnd - position);
    if (length <= 0) return;
    response.isMoving = true;
    this.queue.after(length / this.#options.bytesPerMs, () => {
      response.isMoving = false;
      if (!this.#isLive(number, response)) return;
      this.#arrived(number, response, length);
    });
  }

  #arrived(number: number, response: Response, length: number): void {
    const { command: { request, kind }, position } = response;
    const { random, breaks, breaksUntil } = this.#options;
    if (kind !== "probe" && this.queue.now < breaksUntil && random() < breaks) {
      return this.#fail(number, response, { phase: "body", reason: "network" });
    }
    response.position += length;
    if (kind === "check") {
      this.#end(number, request, 0);
      const facts = { length, differsAt: undefined, fresh: false };
      return this.#dispatch(number, { type: "compared", request, ...facts });
    }
    if (response.isHeld) {
      // A response that has sent all of its bytes is over for the host, whatever becomes of the sample.
      if (response.position >= this.#bodyEnd(response)) this.#leave(response);
      return this.#dispatch(number, { type: "sampled", request, length, digest: "same" });
    }
    this.#landmarks[number]!.came(position, response.position, () => "", response.command.mirror);
    this.#dispatch(number, { type: "bytes", request, length });
    this.#consume(number);
    if (this.#isLive(number, response)) this.queue.after(0, () => this.#move(number, response));
  }

  #consume(number: number): void {
    const { ledger, heldBytes } = this.schedulers[number]!;
    const ready = ledger.front - ledger.start - (ledger.receivedBytes - heldBytes);
    if (ready > 0) this.#dispatch(number, { type: "consumed", bytes: ready });
  }

  #bodyEnd({ command: { end = Infinity } }: Response): number {
    return Math.min(end, this.#options.size);
  }

  #isLive(number: number, { command: { request } }: Response): boolean {
    return this.#responses[number]!.has(request);
  }

  #end(number: number, request: number, lingerMs: number): void {
    const response = this.#responses[number]!.get(request);
    if (response === undefined) return;
    this.#responses[number]!.delete(request);
    this.#leave(response, lingerMs);
  }

  /** Frees the response's place at its host. */
  #leave(response: Response, lingerMs = 0): void {
    if (!response.isServed) return;
    response.isServed = false;
    this.queue.after(lingerMs, () => this.#served[response.command.mirror]!--);
  }
}

function urlOf(host: number, download: number): string {
  return `http://${host}.test/${download}`;
}
