/**
 * A driver that reports anything at any time: events of requests that are over or never were, twice, in the wrong
 * order, with wrong lengths, while time stands still. It keeps its own account of what has arrived, and holds the
 * scheduler's against it after each event. At last it behaves, and the download has to end.
 *
 * @module
 */

import { assert, assertEquals, AssertionError } from "@std/assert";
import { SphttpError } from "../../../lib/errors.ts";
import { IntervalSet } from "../../../lib/scheduler/bytes/ledger.ts";
import type { SchedulerCommand, SchedulerEvent } from "../../../lib/scheduler/messages.ts";
import { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { inspector } from "../simulator/invariants.ts";
import { SimulatedLandmarks } from "../simulator/identity.ts";
import { urlOf } from "./hand.ts";
import { schedulerOptions, type TestOptions } from "./scheduler_options.ts";
import {
  honestEvent,
  isPossible,
  type StartCommand,
  type Step,
  type Transfer,
  wildEvent,
} from "./wild_events.ts";

/** A piece of the file that can be compared is smaller. */
const PROBE_SIZE = 1100;
/** After so many steps an honest driver has brought any file to its end. */
const MOST_STEPS = 5000;
/** Mirrors are added up to this number. */
const MOST_MIRRORS = 7;

export interface WildOptions extends TestOptions {
  readonly mirrors: number;
}

export class WildDriver {
  readonly scheduler: Scheduler;
  now = 0;
  /** Events that no driver would send. */
  strange = 0;
  outcome: "finish" | Error | undefined;
  readonly #start: number;
  readonly #landmarks: SimulatedLandmarks;
  readonly #live = new Map<number, Transfer>();
  readonly #over: number[] = [];
  /** Probes that have brought their first bytes. */
  readonly #samples = new Map<number, Transfer>();
  readonly #received = new IntervalSet();
  readonly #inspect = inspector(Infinity, Infinity);
  #lastId = -1;
  #isOpen = false;
  #consumed = 0;

  constructor({ mirrors, ...options }: WildOptions) {
    this.#start = options.start ?? 0;
    this.#landmarks = new SimulatedLandmarks(this.#start);
    const urls = Array.from({ length: mirrors }, (_, index) => urlOf(index));
    this.scheduler = new Scheduler(schedulerOptions(urls, {
      probeSize: PROBE_SIZE,
      splitSize: 8000,
      windowSize: 40_000,
      random: () => 0.5,
      landmarks: this.#landmarks,
      ...options,
    }));
    this.#execute(this.scheduler.start(this.now));
    this.#check();
  }

  /** Takes a step. */
  take({ type, which, amount, flavour, after }: Step): void {
    const { wakeAt } = this.scheduler;
    this.now = after !== "wake"
      ? this.now + after
      : Number.isFinite(wakeAt)
      ? Math.max(this.now, wakeAt)
      : this.now;
    if (type === "honest") return void this.#behave(which);
    if (type === "window") {
      this.scheduler.windowSize = 1200 + 4 * amount;
      return this.handle({ type: "consumed", bytes: 0 });
    }
    if (type === "rate") {
      this.scheduler.limit.set(flavour % 3 === 0 ? Infinity : 1 + 50 * amount, this.now);
      return this.handle({ type: "timeout" });
    }
    if (type === "timeout") return this.handle({ type });
    if (type === "stood") return this.handle({ type, ms: amount * 10 });
    if (type === "consumed") {
      return this.handle({
        type,
        bytes: flavour % 4 === 0 ? amount : Math.min(amount, this.#ready),
      });
    }
    if (type === "mirror-added") {
      // One that is in use, one that was dropped, or a new one.
      const known = flavour % 3 === 0 ? { bytesPerSecond: 1 + amount, latencyMs: 1 } : undefined;
      return this.handle({ type, url: urlOf(which % MOST_MIRRORS), known });
    }
    if (type === "mirror-dropped") return this.handle({ type, mirror: which % MOST_MIRRORS });
    const request = this.#choose(which);
    const transfer = this.#live.get(request);
    const mirrors = this.scheduler.mirrors.length;
    this.handle(wildEvent(type, request, amount, flavour, transfer, mirrors));
  }

  /** Behaves from now on, until the download is over. */
  end(): void {
    for (let step = 0; this.outcome === undefined; step++) {
      assert(step < MOST_STEPS, "the download does not end");
      if (this.#ready > 0) {
        this.handle({ type: "consumed", bytes: this.#ready });
        continue;
      }
      this.now++;
      if (this.#behave(step)) continue;
      const { wakeAt } = this.scheduler;
      assert(Number.isFinite(wakeAt), "nothing will ever happen");
      this.now = Math.max(this.now, wakeAt);
      this.handle({ type: "timeout" });
    }
    if (this.outcome === "finish") {
      const { start, end } = this.scheduler.ledger;
      assert(this.#received.covers(start, end), "finished without all bytes");
    } else assert(this.outcome instanceof SphttpError, String(this.outcome));
  }

  /** Reports an event, and checks everything that has to hold after it. */
  handle(event: SchedulerEvent): void {
    const wasOver = this.outcome !== undefined;
    const isPlausible = this.#apply(event);
    const before = [...this.scheduler.requests].map(({ id }) => id);
    const { heldBytes } = this.scheduler;
    const commands = this.scheduler.handle(event, this.now);
    if (wasOver) assertEquals(commands, [], "commands after the end");
    else if (!isPlausible) {
      this.strange++;
      const after = [...this.scheduler.requests].map(({ id }) => id);
      assertEquals(after, before, `${JSON.stringify(event)} has changed what is under way`);
      assertEquals(this.scheduler.heldBytes, heldBytes, `${JSON.stringify(event)} was counted`);
    }
    this.#execute(commands);
    this.#check();
  }

  get #ready(): number {
    return this.#isOpen ? this.scheduler.ledger.front - this.#start - this.#consumed : 0;
  }

  #choose(which: number): number {
    const live = [...this.#live.keys()];
    if (which % 8 === 0) return 1e6 + which;
    if (which % 8 === 1 && this.#over.length > 0) return this.#over[which % this.#over.length]!;
    return live.length === 0 ? 1e6 : live[which % live.length]!;
  }

  /** Lets a live request go on as an honest mirror would. Reports whether there was one that can. */
  #behave(which: number): boolean {
    const able = [...this.#live].filter(([, transfer]) => honestEvent(transfer) !== undefined);
    const chosen = able[which % Math.max(1, able.length)];
    if (chosen === undefined) return false;
    const [request, transfer] = chosen;
    this.handle({ request, ...honestEvent(transfer)! } as SchedulerEvent);
    return true;
  }

  /** Accounts for an event; reports whether a driver may send it. */
  #apply(event: SchedulerEvent): boolean {
    switch (event.type) {
      case "timeout":
      case "stood":
      case "mirror-added":
      case "mirror-dropped":
        return true;
      case "consumed": {
        if (this.outcome === undefined) this.#consumed += Math.min(event.bytes, this.#ready);
        return true;
      }
      case "proved":
      case "disproved":
        return true;
    }
    const transfer = this.#live.get(event.request);
    if (transfer === undefined || this.outcome !== undefined) return false;
    const { command: { kind }, state, position } = transfer;
    switch (event.type) {
      case "response": {
        if (state !== "asked" || !isPossible(event.answer, transfer)) return false;
        const { answer } = event;
        transfer.answer = answer;
        if (answer.type === "whole" && kind === "probe") {
          transfer.start = transfer.position = 0;
          transfer.readTo = transfer.bodyEnd = answer.size ?? Infinity;
        } else if (answer.type !== "unsatisfiable") {
          const end = answer.type === "partial" ? answer.end : answer.size ?? Infinity;
          transfer.bodyEnd = Math.min(transfer.bodyEnd, end);
        }
        const waits = kind === "probe" || kind === "check";
        transfer.state = waits ? "answered" : event.doubt === undefined ? "flowing" : "held";
        return true;
      }
      case "progress":
        return kind === "probe" && state === "answered";
      case "sampled": {
        const most = Math.min(transfer.readTo, transfer.bodyEnd) - transfer.start;
        if (kind !== "probe" || state !== "answered" || event.length < 0 || event.length > most) {
          return false;
        }
        transfer.position += event.length;
        transfer.state = "sampled";
        this.#samples.set(event.request, transfer);
        const goesOn = transfer.answer!.type === "whole" ||
          (transfer.answer!.type === "partial" && transfer.position < transfer.bodyEnd);
        return goesOn || this.#close(event.request);
      }
      case "compared":
        if (kind !== "check" || state !== "answered") return false;
        return this.#close(event.request);
      case "bytes": {
        const to = position + event.length;
        if (state !== "flowing" || event.length < 0 || to > transfer.bodyEnd) return false;
        this.#arrived(position, position + event.length, transfer.command.mirror);
        transfer.position += event.length;
        return true;
      }
      case "ended":
        return state === "flowing" && this.#close(event.request);
      case "failed":
        return this.#close(event.request);
      case "differs":
        return state === "flowing" && this.#close(event.request);
    }
  }

  #close(request: number): true {
    this.#live.delete(request);
    this.#over.push(request);
    return true;
  }

  #execute(commands: readonly SchedulerCommand[]): void {
    for (const [index, command] of commands.entries()) {
      if (this.outcome !== undefined) {
        assert(command.type === "report", `${command.type} after the end`);
      }
      switch (command.type) {
        case "start":
          this.#begin(command);
          break;
        case "cancel":
          this.#need(command.request, "cancel");
          this.#close(command.request);
          break;
        case "read":
          this.#need(command.request, "read").readTo = command.to;
          break;
        case "resume": {
          const transfer = this.#need(command.request, "resume");
          transfer.state = "flowing";
          if (transfer.command.kind === "probe") {
            transfer.readTo = Math.max(transfer.position, transfer.readTo);
          }
          break;
        }
        case "accept":
          this.#accept(command.request);
          break;
        case "discard":
          assert(!this.#isOpen, "discarded what was delivered");
          this.#received.delete(0, Infinity);
          this.#landmarks.clear();
          break;
        case "forget":
          assert(command.from >= this.#start + this.#consumed, "forgot what was delivered");
          this.#received.delete(command.from, Infinity);
          break;
        case "open":
          assert(!this.#isOpen, "opened twice");
          this.#isOpen = true;
          break;
        case "finish":
        case "fail":
          assertEquals(index, commands.length - 1);
          assert(this.outcome === undefined, "ended twice");
          this.outcome = command.type === "finish" ? "finish" : command.error;
      }
    }
  }

  #begin(command: StartCommand): void {
    const { request, mirror, start, end, readTo } = command;
    assert(request > this.#lastId, `request ${request} is not new`);
    this.#lastId = request;
    assert(this.scheduler.mirrors[mirror] !== undefined, `there is no mirror ${mirror}`);
    assert(readTo >= start && (end === undefined || end >= readTo), JSON.stringify(command));
    assert(start >= this.#start || command.kind === "whole" || command.kind === "check");
    if (command.kind === "check") this.#landmarks.keep({ start, end: end! });
    this.#live.set(request, {
      command,
      state: "asked",
      answer: undefined,
      start,
      position: start,
      readTo,
      bodyEnd: end ?? command.size ?? Infinity,
    });
  }

  #need(request: number, what: string): Transfer {
    const transfer = this.#live.get(request);
    if (transfer === undefined) throw new AssertionError(`${what} of ${request}, which is over`);
    return transfer;
  }

  /** Uses the sample of a probe, which may be over by then. */
  #accept(request: number): void {
    const transfer = this.#samples.get(request);
    if (transfer === undefined) {
      throw new AssertionError(`accepted ${request}, which has no sample`);
    }
    this.#arrived(transfer.start, transfer.position, transfer.command.mirror);
    if (transfer.state === "sampled") transfer.state = "flowing";
  }

  #arrived(start: number, end: number, mirror: number): void {
    this.#received.add(start, end);
    this.#landmarks.came(start, end, () => "first", mirror);
  }

  /** Holds the scheduler's account against this one. */
  #check(): void {
    const { ledger, requests, heldBytes, wakeAt } = this.scheduler;
    if (this.outcome !== undefined) {
      assertEquals([wakeAt, [...requests].length, this.#live.size], [Infinity, 0, 0], "left over");
      return;
    }
    assert(!Number.isNaN(wakeAt), "no time to wake at");
    this.#inspect(this.scheduler);
    assertEquals(
      clipped(ledger.received, ledger.start, ledger.end),
      clipped(this.#received.intervals, ledger.start, ledger.end),
      "received",
    );
    assert(ledger.front >= this.#start + this.#consumed, "the front is behind the consumer");
    assertEquals(heldBytes, ledger.receivedBytes - this.#consumed, "held");
    const ids = [...requests].map(({ id }) => id);
    for (const id of ids) assert(this.#live.has(id), `the driver has no request ${id}`);
    for (const id of this.#live.keys()) {
      assert(ids.includes(id), `the scheduler has no request ${id}`);
    }
  }
}

function clipped(intervals: readonly { start: number; end: number }[], start: number, end: number) {
  return intervals.map((one) => [Math.max(one.start, start), Math.min(one.end, end)] as const)
    .filter(([from, to]) => from < to);
}
