/**
 * Runs the scheduler in virtual time against modelled links: the very code that the driver runs,
 * without sockets or a clock. A link is strict (time that it stands idle is lost), is shared by all
 * requests to its mirror, and a new connection pays one round trip more.
 *
 * @module
 */

import { type DelayRequest, delayRequests } from "../../lib/algorithms/delay.ts";
import { duplicateRequests } from "../../lib/algorithms/duplicate.ts";
import type { Command, SchedulerEvent } from "../../lib/engine/messages.ts";
import { Scheduler, type SchedulerOptions } from "../../lib/engine/scheduler.ts";
import { MirrorError, type SphttpError } from "../../lib/errors.ts";
import type { TraceEvent } from "../../lib/trace/events.ts";
import { EventQueue } from "./event_queue.ts";

/** A mirror and its link. */
export interface SimulatedMirror {
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** Size that it gives; by default that of the simulation. */
  readonly size?: number;
  /** From when on it sends nothing any more, in milliseconds. */
  readonly silentFromMs?: number;
  /** Resets the connection of each request after this many bytes. */
  readonly resetAfterBytes?: number;
}

/** What is simulated. */
export interface SimulationOptions extends Partial<SchedulerOptions> {
  readonly links: readonly SimulatedMirror[];
  readonly size: number;
  /** Bytes per second that the consumer takes; by default as many as there are. */
  readonly consumerBytesPerSecond?: number;
  /** Seed of whatever is left to chance. */
  readonly seed?: number;
  /** Is called after every event, to hold invariants against the scheduler. */
  readonly inspect?: (scheduler: Scheduler) => void;
}

/** What came of it. Times are in seconds. */
export interface Simulation {
  readonly scheduler: Scheduler;
  readonly events: readonly TraceEvent[];
  readonly error: SphttpError | undefined;
  readonly seconds: number;
  readonly firstByteSeconds: number;
  readonly longestStallSeconds: number;
  readonly peakHeldBytes: number;
  readonly wastedBytes: number;
}

/** A scheduler's options as a downloader has them by default. */
export const SCHEDULER_DEFAULTS: Omit<SchedulerOptions, "urls"> = {
  start: 0,
  end: undefined,
  probeSize: 12 * 1024,
  splitSize: 1_000_000,
  windowSize: 32 * 1024 * 1024,
  maxBlocksPerRequest: 16,
  delay: delayRequests.diff({
    initialDelay: true,
    initialDelayCoefficient: 10,
    staticDelays: new Map(),
  }),
  duplicate: duplicateRequests.nibib,
  invalidBlockThreshold: 20,
  closeBadConnections: false,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  stallTimeoutMs: 1000,
  retry: {
    attempts: 5,
    minDelayMs: 250,
    maxDelayMs: 10_000,
    jitter: 0.5,
    maxRetryAfterMs: 120_000,
  },
  random: Math.random,
};

/** The URL of the mirror at `index`. */
export function simulatedUrl(index: number): string {
  return `http://mirror${index}.test/file`;
}

/** The thesis's testbed: 150, 50 and 15 Mbit/s with round trips of 10, 30 and 100 ms. */
export const TESTBED: readonly SimulatedMirror[] = megabits([[150, 10], [50, 30], [15, 100]]);

/** The eight public mirrors that the thesis measured. */
export const EIGHT_MIRRORS: readonly SimulatedMirror[] = megabits([
  [58.8, 10],
  [45.6, 12],
  [6.46, 180],
  [3.75, 250],
  [3.75, 240],
  [3.64, 260],
  [3.54, 220],
  [2.07, 300],
]);

function megabits(links: readonly (readonly [number, number])[]): SimulatedMirror[] {
  return links.map(([rate, roundTripMs]) => ({ bytesPerSecond: rate * 125_000, roundTripMs }));
}

/** Algorithms by the names that reports use; static delays fit the given links. */
export function delayRequestOf(name: string, links: readonly SimulatedMirror[]): DelayRequest {
  const total = links.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const staticDelays = new Map(links.map(({ bytesPerSecond }, index) => {
    // What the others deliver while this one delivers a block, less what they have asked for.
    const others = (total - bytesPerSecond) / bytesPerSecond;
    return [simulatedUrl(index), Math.max(0, Math.round(others - (links.length - 1)))];
  }));
  const initialDelay = name !== "diff without initial delay";
  const settings = { initialDelay, initialDelayCoefficient: 10, staticDelays };
  const key = initialDelay ? name as keyof typeof delayRequests : "diff";
  return delayRequests[key](settings);
}

interface Flow {
  readonly request: number;
  readonly kind: "probe" | "range" | "whole";
  readonly end: number;
  position: number;
  readonly start: number;
  cancelled: boolean;
}

interface Link {
  readonly mirror: SimulatedMirror;
  readonly flows: Flow[];
  connected: boolean;
  busy: boolean;
}

const QUANTUM_MS = 1;

/** Runs one download to its end. */
export function simulate(options: SimulationOptions): Simulation {
  return new Simulator(options).run();
}

class Simulator {
  readonly #options: SimulationOptions;
  readonly #scheduler: Scheduler;
  readonly #queue = new EventQueue();
  readonly #links: Link[];
  readonly #flows = new Map<number, Flow>();
  readonly #events: TraceEvent[] = [];
  #consumed: number;
  #consuming = false;
  #wakeAt = Infinity;
  #ended = false;
  #error: SphttpError | undefined;
  #endedAt = 0;
  #firstByteAt = Infinity;
  #lastByteAt = 0;
  #longestStall = 0;
  #peakHeld = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#links = options.links.map((mirror) => ({
      mirror,
      flows: [],
      connected: false,
      busy: false,
    }));
    this.#scheduler = new Scheduler({
      ...SCHEDULER_DEFAULTS,
      random: mulberry32(options.seed ?? 1),
      ...options,
      urls: options.links.map((_, index) => simulatedUrl(index)),
    });
    this.#consumed = options.start ?? 0;
  }

  run(): Simulation {
    this.#execute(this.#scheduler.start(0));
    while (!this.#ended) {
      if (!this.#queue.step()) throw new Error("the download stands still: nothing will happen");
      if (this.#queue.now > 24 * 3600_000) throw new Error("the download takes more than a day");
    }
    const wastedBytes = this.#scheduler.mirrors.reduce((sum, one) => sum + one.wastedBytes, 0);
    return {
      scheduler: this.#scheduler,
      events: this.#events,
      error: this.#error,
      seconds: this.#endedAt / 1000,
      firstByteSeconds: this.#firstByteAt / 1000,
      longestStallSeconds: this.#longestStall / 1000,
      peakHeldBytes: this.#peakHeld,
      wastedBytes,
    };
  }

  #dispatch(event: SchedulerEvent): void {
    if (this.#ended) return;
    this.#execute(this.#scheduler.handle(event, this.#queue.now));
    this.#options.inspect?.(this.#scheduler);
    this.#peakHeld = Math.max(this.#peakHeld, this.#scheduler.heldBytes);
    if (event.type !== "consumed") this.#consume();
  }

  #execute(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === "start") this.#start(command);
      else if (command.type === "cancel") this.#cancel(command.request);
      else if (command.type === "report") this.#events.push(command.event);
      else if (command.type === "finish" || command.type === "fail") {
        this.#ended = true;
        this.#endedAt = this.#queue.now;
        if (command.type === "fail") this.#error = command.error;
      }
    }
    const { wakeAt } = this.#scheduler;
    if (wakeAt >= this.#wakeAt || wakeAt === Infinity) return;
    this.#wakeAt = wakeAt;
    this.#queue.at(Math.max(wakeAt, this.#queue.now), () => {
      this.#wakeAt = Infinity;
      this.#dispatch({ type: "timeout" });
    });
  }

  #start(command: Extract<Command, { type: "start" }>): void {
    const { request, kind, start } = command;
    const link = this.#links[command.mirror]!;
    const size = link.mirror.size ?? this.#options.size;
    const end = Math.min(command.end ?? size, size);
    const flow: Flow = { request, kind, start, end, position: start, cancelled: false };
    this.#flows.set(request, flow);
    const trips = link.connected ? 1 : 2;
    link.connected = true;
    this.#queue.after(trips * link.mirror.roundTripMs, () => {
      if (flow.cancelled || this.#silent(link)) return;
      this.#dispatch({ type: "response", request, answer: { type: "partial", start, end, size } });
      link.flows.push(flow);
      if (!link.busy) this.#transmit(link);
    });
  }

  #cancel(request: number): void {
    const flow = this.#flows.get(request);
    if (flow === undefined) return;
    flow.cancelled = true;
    this.#flows.delete(request);
    for (const link of this.#links) {
      const index = link.flows.indexOf(flow);
      if (index >= 0) link.flows.splice(index, 1);
      // A connection with a body that was not read to its end cannot be used again.
      if (index >= 0) link.connected = false;
    }
  }

  /** Sends one quantum of the link's next flow, and goes on while there is anything to send. */
  #transmit(link: Link): void {
    const flow = link.flows.shift();
    link.busy = flow !== undefined;
    if (flow === undefined) return;
    const { bytesPerSecond } = link.mirror;
    const quantum = Math.max(1460, Math.floor(bytesPerSecond * QUANTUM_MS / 1000));
    const length = Math.min(quantum, flow.end - flow.position);
    this.#queue.after(length * 1000 / bytesPerSecond, () => {
      if (flow.cancelled) return this.#transmit(link);
      if (this.#silent(link)) return;
      this.#deliver(link, flow, length);
      this.#transmit(link);
    });
    link.flows.unshift(flow);
  }

  #deliver(link: Link, flow: Flow, length: number): void {
    const { request, kind } = flow;
    flow.position += length;
    const done = flow.position >= flow.end;
    const { resetAfterBytes } = link.mirror;
    const reset = kind !== "probe" && resetAfterBytes !== undefined &&
      flow.position - flow.start >= resetAfterBytes;
    link.flows.shift();
    if (!done && !reset) link.flows.push(flow);
    if (kind !== "probe") this.#dispatch({ type: "bytes", request, length });
    else if (done) {
      const digest = `content of ${link.mirror.size ?? this.#options.size} bytes`;
      this.#dispatch({ type: "sampled", request, length: flow.end - flow.start, digest });
    }
    if (flow.cancelled) return;
    if (done) {
      this.#flows.delete(request);
      this.#dispatch({ type: "ended", request });
    } else if (reset) {
      link.connected = false;
      this.#flows.delete(request);
      this.#dispatch({ type: "failed", request, failure: resetError(link.mirror) });
    }
  }

  #silent({ mirror }: Link): boolean {
    return this.#queue.now >= (mirror.silentFromMs ?? Infinity);
  }

  #consume(): void {
    const ready = this.#scheduler.ledger.front - this.#consumed;
    if (ready <= 0 || this.#consuming) return;
    const { consumerBytesPerSecond = Infinity } = this.#options;
    const bytes = consumerBytesPerSecond === Infinity ? ready : Math.min(ready, 64 * 1024);
    const now = this.#queue.now;
    if (this.#firstByteAt === Infinity) this.#firstByteAt = now;
    else this.#longestStall = Math.max(this.#longestStall, now - this.#lastByteAt);
    this.#lastByteAt = now;
    this.#consumed += bytes;
    if (consumerBytesPerSecond !== Infinity) {
      this.#consuming = true;
      this.#queue.after(bytes * 1000 / consumerBytesPerSecond, () => {
        this.#consuming = false;
        this.#consume();
      });
    }
    this.#dispatch({ type: "consumed", bytes });
  }
}

function resetError(mirror: SimulatedMirror): MirrorError {
  return new MirrorError(`mirror of ${mirror.bytesPerSecond} B/s: the connection was reset`, {
    mirror: "simulated",
    phase: "body",
    reason: "network",
    retryable: true,
  });
}

/** A small random number generator with a seed: the same numbers on every machine. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
