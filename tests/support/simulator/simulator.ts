/**
 * Runs the scheduler in virtual time against simulated links: the same code as in the engine, without
 * sockets or a clock. It executes commands, reports the events of the links, and consumes bytes in
 * order. No mirror responds with the whole file, or with less than the requested range.
 *
 * @module
 */

import type { SchedulerCommand, SchedulerEvent } from "../../../lib/scheduler/messages.ts";
import { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import type { SphttpError } from "../../../lib/errors.ts";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import type { CancelEvent, TraceEvent } from "../../../lib/trace/events.ts";
import { Arrivals } from "./arrivals.ts";
import { Consumer } from "./consumer.ts";
import { EventQueue } from "./event_queue.ts";
import { changedError, refusedError, resetError } from "./failures.ts";
import { Gate } from "./gate.ts";
import { MeanOverTime } from "./measures.ts";
import { mulberry32 } from "../random.ts";
import { Receiver } from "./receiver.ts";
import type { Simulation, SimulationOptions } from "./simulation.ts";
import { Standstills } from "./standstill.ts";
import { schedulerOptions } from "../scheduler/scheduler_options.ts";
import { connectFluid, type Link } from "./link.ts";
import { SimulatedLandmarks, SimulatedValidators } from "./identity.ts";
import { simulatedUrl } from "./mirror.ts";

/**
 * Runs one download to its end.
 *
 * @throws {Error} if the scheduler stops without an end, spins, or does not end in time
 */
export function simulate(options: SimulationOptions): Simulation {
  return new Simulator(options).run();
}

const DAY_SECONDS = 24 * 3600;

/** More events than this at one time mean that the scheduler spins. */
const MOST_AT_ONCE = 100_000;

type StartCommand = Extract<SchedulerCommand, { type: "start" }>;

class Simulator {
  readonly #options: SimulationOptions;
  readonly #scheduler: Scheduler;
  readonly #queue = new EventQueue();
  readonly #urls: readonly string[];
  readonly #links: readonly Link[];
  readonly #gates: readonly Gate[];
  readonly #arrivals: Arrivals;
  readonly #landmarks: SimulatedLandmarks;
  readonly #validators: readonly SimulatedValidators[];
  /** Cancels requests that are under way. */
  readonly #cancels = new Map<number, () => void>();
  readonly #receivers = new Map<number, Receiver>();
  /** The first bytes that each probe delivered. */
  readonly #samples = new Map<number, readonly [mirror: number, start: number, end: number]>();
  readonly #events: TraceEvent[] = [];
  readonly #cancelEvents: CancelEvent[] = [];
  readonly #versions = new Set<string>();
  /** The byte from which versions differ. */
  readonly #versionFrom: number;
  readonly #consumer: Consumer;
  readonly #held = new MeanOverTime();
  readonly #start: number;
  #wakeAt = Infinity;
  readonly #standstills: Standstills;
  #ended = false;
  #error: SphttpError | undefined;
  #peakHeld = 0;
  #requestsSent = 0;

  constructor(options: SimulationOptions) {
    const { links, seed = 1 } = options;
    this.#options = options;
    this.#start = options.start ?? 0;
    const { connect = (queue, seed) => connectFluid(options, queue, seed) } = options;
    this.#links = connect(this.#queue, seed);
    this.#versionFrom = Math.max(0, ...links.map(({ versionFrom = 0 }) => versionFrom));
    this.#gates = links.map(({ gate = {} }) => new Gate(gate));
    this.#arrivals = new Arrivals(links.length);
    const urls = links.map(({ query }, index) =>
      simulatedUrl(index) + (query === undefined ? "" : `?${query}`)
    );
    const random = mulberry32(seed);
    this.#landmarks = new SimulatedLandmarks(this.#start);
    this.#validators = links.map((mirror) => new SimulatedValidators(mirror));
    const landmarks = this.#landmarks;
    this.#urls = urls;
    const given = urls.filter((_, index) => links[index]!.joinsAtMs === undefined);
    this.#scheduler = new Scheduler(schedulerOptions(given, { random, landmarks, ...options }));
    this.#standstills = new Standstills(this.#queue, options.standstills ?? [], {
      wakeAt: () => this.#wakeAt,
      stood: (ms) => this.#dispatch({ type: "stood", ms }),
      after: () => {
        for (const receiver of [...this.#receivers.values()]) receiver.goOn();
        this.#consumer.take();
      },
    });
    this.#consumer = new Consumer({
      queue: this.#queue,
      standstills: this.#standstills,
      bytesPerSecond: options.consumerBytesPerSecond ?? Infinity,
      ratesAt: options.consumerRatesAt,
      ready: () => this.#scheduler.ledger.front - this.#start,
      consumed: (bytes) => this.#dispatch({ type: "consumed", bytes }),
    });
  }

  run(): Simulation {
    this.#execute(this.#scheduler.start(0));
    for (const [seconds, bytes] of this.#options.windowSizesAt ?? []) {
      this.#queue.at(1000 * seconds, () => {
        this.#scheduler.windowSize = bytes;
        this.#dispatch({ type: "consumed", bytes: 0 });
      });
    }
    for (const [mirror, { joinsAtMs, dropsAtMs }] of this.#options.links.entries()) {
      const url = this.#urls[mirror]!;
      if (joinsAtMs !== undefined) {
        this.#queue.at(joinsAtMs, () => this.#dispatch({ type: "mirror-added", url }));
      }
      if (dropsAtMs !== undefined) {
        this.#queue.at(dropsAtMs, () => this.#dispatch({ type: "mirror-dropped", mirror }));
      }
    }
    this.#runQueue();
    const { bytesByMirror, usedBytesByMirror, duplicateBytes, forgottenBytes } = this.#arrivals;
    return {
      scheduler: this.#scheduler,
      events: this.#events,
      cancels: this.#cancelEvents,
      error: this.#error,
      seconds: this.#queue.now / 1000,
      firstByteSeconds: this.#consumer.firstByteMs / 1000,
      longestStallSeconds: this.#consumer.longestStallMs / 1000,
      peakHeldBytes: this.#peakHeld,
      wastedBytes: this.#scheduler.mirrors.reduce((sum, one) => sum + one.wastedBytes, 0),
      points: this.#consumer.points,
      lagBytes: this.#held.mean,
      requestsSent: this.#requestsSent,
      requestsRefused: this.#gates.reduce((sum, { refused }) => sum + refused, 0),
      duplicateBytes,
      forgottenBytes,
      versions: this.#versions,
      bytesByMirror,
      usedBytesByMirror,
    };
  }

  #runQueue(): void {
    const { limitSeconds = DAY_SECONDS } = this.#options;
    let atOnce = 0;
    while (!this.#ended) {
      const before = this.#queue.now;
      if (!this.#queue.step()) throw new Error("the download stopped: no event is scheduled");
      const { now } = this.#queue;
      this.#held.set(this.#scheduler.heldBytes, now);
      atOnce = now > before ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE) throw new Error(`the scheduler spins at ${now} ms`);
      if (now > limitSeconds * 1000) throw new Error(`no end after ${limitSeconds} s`);
    }
  }

  #dispatch(event: SchedulerEvent): void {
    if (this.#ended) return;
    this.#execute(this.#scheduler.handle(event, this.#queue.now));
    this.#options.inspect?.(this.#scheduler, this.#queue.now);
    this.#peakHeld = Math.max(this.#peakHeld, this.#scheduler.heldBytes);
    if (event.type !== "consumed") this.#consumer.take();
  }

  #execute(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) this.#executeOne(command);
    this.#setAlarm();
  }

  /** Executes a command; ignores those that do not matter here. */
  #executeOne(command: SchedulerCommand): void {
    switch (command.type) {
      case "start":
        return this.#request(command);
      case "cancel":
        this.#cancels.get(command.request)?.();
        this.#forget(command.request);
        return;
      case "read":
        return this.#later(() => this.#receivers.get(command.request)?.readTo(command.to));
      case "open":
        this.#consumer.isOpen = true;
        return;
      case "resume":
        return this.#later(() => this.#receivers.get(command.request)?.accept());
      case "distrust":
        this.#validators[command.mirror]!.isDistrusted = true;
        return;
      case "accept": {
        const [mirror, start, end] = this.#samples.get(command.request)!;
        const validators = this.#validators[mirror]!;
        const version = validators.versionAt(this.#queue.now);
        this.#landmarks.came(start, end, (piece) => validators.versionOf(version, piece), mirror);
        this.#arrivals.accepted(mirror, start, end);
        return this.#later(() => this.#receivers.get(command.request)?.accept());
      }
      case "discard":
        if (this.#consumer.isOpen) throw new Error("bytes are discarded that have been delivered");
        this.#landmarks.clear();
        return this.#arrivals.discarded();
      case "forget":
        this.#consumer.forgot(command.from - this.#start);
        return this.#arrivals.forgot(command.from);
      case "report":
        if (command.event.type === "cancel") this.#cancelEvents.push(command.event);
        else this.#events.push(command.event);
        return;
      case "finish":
        this.#ended = true;
        return;
      case "fail":
        this.#ended = true;
        this.#error = command.error;
    }
  }

  /** Runs what may report events once the commands of this one are done. */
  #later(action: () => void): void {
    this.#queue.after(0, action);
  }

  #setAlarm(): void {
    const { wakeAt } = this.#scheduler;
    if (wakeAt >= this.#wakeAt || wakeAt === Infinity) return;
    this.#wakeAt = wakeAt;
    this.#queue.at(Math.max(wakeAt, this.#queue.now), () => {
      this.#standstills.notice(() => {
        // An earlier alarm that was set later has done for this one.
        if (this.#wakeAt !== wakeAt) return;
        this.#wakeAt = Infinity;
        if (this.#scheduler.wakeAt > this.#queue.now) this.#setAlarm();
        else this.#dispatch({ type: "timeout" });
      });
    });
  }

  #request(command: StartCommand): void {
    this.#requestsSent++;
    const { request, mirror, kind, start, end: asked } = command;
    const { size = this.#options.size, resetAfterBytes = Infinity } = this.#options.links[mirror]!;
    const end = Math.min(asked ?? size, size);
    const leave = this.#gates[mirror]!.enter(this.#queue.now, end - start);
    if (leave === undefined) return this.#refuse(request, mirror);
    const outside = start > 0 && start >= size;
    if (kind === "check") this.#landmarks.keep({ start, end });
    const validators = this.#validators[mirror]!;
    let version = "";
    let etag: string | undefined;
    const link = this.#links[mirror]!;
    const receiver = new Receiver({
      command,
      bodyEnd: outside ? start : end,
      standsStill: () => this.#standstills.isNow,
      progress: () => this.#dispatch({ type: "progress", request }),
      sampled: (sampleEnd) => this.#sampled(request, mirror, start, sampleEnd),
      read: (from, to) => {
        if (kind === "check") return;
        const versionOf = (piece: ByteRange) => validators.versionOf(version, piece);
        const difference = this.#landmarks.came(from, to, versionOf, mirror);
        const { usedBytesByMirror } = this.#arrivals;
        const before = usedBytesByMirror[mirror]!;
        this.#arrivals.came(mirror, from, to);
        if (usedBytesByMirror[mirror]! > before && to > this.#versionFrom) {
          this.#versions.add(versionOf({ start: from, end: to }));
        }
        if (difference !== undefined) {
          const failure = changedError(simulatedUrl(mirror), difference.at);
          return this.#dispatch({ type: "differs", request, failure, ...difference });
        }
        this.#dispatch({ type: "bytes", request, length: to - from });
      },
      drained: () => link.wake(),
      ended: (isComplete) => {
        this.#forget(request);
        if (kind === "check" && isComplete) {
          this.#arrivals.sampled(mirror, end - start);
          const shown = validators.versionOf(version, { start, end });
          const isSame = this.#landmarks.show({ start, end }, mirror, shown);
          const fresh = isSame && validators.accept(etag);
          const differsAt = isSame ? undefined : start;
          this.#dispatch({ type: "compared", request, length: end - start, differsAt, fresh });
        }
        if (isComplete) return this.#dispatch({ type: "ended", request });
        const failure = resetError(simulatedUrl(mirror), version === "" ? "headers" : "body");
        this.#dispatch({ type: "failed", request, failure });
      },
    });
    // A sample is never broken off.
    const sampleBytes = kind === "probe" ? command.readTo - start + 1 : 0;
    const cancel = link.request({
      bytes: outside ? 0 : end - start,
      resetAfterBytes: Math.max(sampleBytes, resetAfterBytes),
      unread: () => receiver.unread,
      answered: () => {
        this.#standstills.notice(() => {
          if (!this.#receivers.has(request)) return;
          const answer = outside
            ? { type: "unsatisfiable", size } as const
            : { type: "partial", start, end, size } as const;
          version = validators.versionAt(this.#queue.now);
          etag = validators.next(this.#queue.now);
          const judgement = validators.judge(etag);
          if (kind === "range" && judgement.doubt !== undefined) receiver.hold();
          const details = etag === undefined ? undefined : { etag: `"${etag}"` };
          this.#dispatch({ type: "response", request, answer, details, ...judgement });
        });
      },
      arrived: (bytes) => receiver.arrived(bytes),
      ended: () => {
        leave();
        receiver.close(true);
      },
      reset: () => {
        leave();
        receiver.close(false);
      },
    });
    this.#receivers.set(request, receiver);
    this.#cancels.set(request, () => {
      leave();
      receiver.cancel();
      cancel();
    });
  }

  #refuse(request: number, mirror: number): void {
    const { gate: { status = 503, hangs = false } = {}, roundTripMs } = this.#options
      .links[mirror]!;
    const failure = refusedError(simulatedUrl(mirror), status);
    let isLive = true;
    this.#cancels.set(request, () => isLive = false);
    if (hangs) return;
    this.#queue.after(roundTripMs, () =>
      this.#standstills.notice(() => {
        this.#cancels.delete(request);
        if (isLive) this.#dispatch({ type: "failed", request, failure });
      }));
  }

  #forget(request: number): void {
    this.#cancels.delete(request);
    this.#receivers.delete(request);
  }

  #sampled(request: number, mirror: number, start: number, end: number): void {
    this.#arrivals.sampled(mirror, end - start);
    this.#samples.set(request, [mirror, start, end]);
    const digest = `content of ${this.#options.links[mirror]!.size ?? this.#options.size} bytes`;
    this.#dispatch({ type: "sampled", request, length: end - start, digest });
  }
}
