/**
 * The driver of a download: it executes the scheduler's commands with real requests, timers and a
 * clock, and keeps the bytes in order for one consumer. It decides nothing itself.
 *
 * @module
 */

import { Transport } from "../transport/transport.ts";
import type { TraceEvent } from "../trace/events.ts";
import { Alarm } from "./alarm.ts";
import { type FileInfo, type KnownFile, presumed, PROBE_SIZE, probeSizeFor } from "./known_file.ts";
import { Inbox } from "./inbox.ts";
import { LinkMemory } from "./link_memory.ts";
import type { SchedulerCommand, SchedulerEvent } from "../scheduler/messages.ts";
import { Pace } from "./pace.ts";
import type { Part, PartSource } from "./parts.ts";
import { policyOf } from "../policy/policies.ts";
import { RequestRunner } from "./request_runner.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import { type DownloadStats, snapshot } from "./stats.ts";

/** The alarm may be this late, in milliseconds. */
const ARMING_MS = 20;

type State =
  | { readonly type: "new" }
  | { readonly type: "running" }
  | { readonly type: "complete" }
  | { readonly type: "failed"; readonly error: unknown };

/** Drives one download; nothing is asked before it is opened or read from. */
export class Driver implements PartSource {
  readonly #options: ResolvedOptions;
  readonly #memory: LinkMemory;
  readonly #scheduler: Scheduler;
  readonly #inbox: Inbox;
  readonly #pace: Pace;
  readonly #transport: Transport;
  readonly #runner: RequestRunner;
  readonly #alarm = new Alarm(() => this.#dispatch({ type: "timeout" }));
  readonly #opened = Promise.withResolvers<FileInfo>();
  readonly #trace: TraceEvent[] = [];
  #state: State = { type: "new" };
  /** When the alarm was set last, in milliseconds. */
  #armedAt = -Infinity;
  #info: FileInfo | undefined;
  /** How many bytes the mirrors are compared by. */
  readonly #sampleSize: number;
  #startedAt = 0;
  #endedAt: number | undefined;

  /** Takes options that have been checked. */
  constructor(options: ResolvedOptions) {
    this.#options = options;
    const { knownFile, start, end = Infinity, windowSize, maxRate } = options;
    const knownMirrors = knownFile?.mirrors ?? [];
    this.#transport = new Transport({ ...options, knownMirrors });
    this.#inbox = new Inbox(start, windowSize);
    const mirrorUrls = options.mirrors.map(({ url }) => url);
    const probeSize = probeSizeFor(maxRate, mirrorUrls.length);
    this.#sampleSize = Math.min(probeSize, windowSize, end - start);
    this.#memory = new LinkMemory(options.book, mirrorUrls, Date.now());
    this.#scheduler = new Scheduler({
      ...options,
      urls: mirrorUrls,
      known: this.#memory.known,
      policy: policyOf(options.delayRequest, options.policySettings),
      knownFile: knownFile && presumed(knownFile, start, this.#sampleSize),
      probeSize,
      random: Math.random,
    });
    this.#pace = new Pace(this.#scheduler.limit);
    this.#runner = new RequestRunner({
      transport: this.#transport,
      write: (offset, chunk) => this.#write(offset, chunk),
      room: (signal) => this.#inbox.room(signal),
      pace: (signal) => this.#pace.allowance(signal),
      chunkSize: () => this.#inbox.chunkSize,
      dispatch: (event) => this.#dispatch(event),
      fail: (error) => this.#fail(error),
    });
    this.#opened.promise.catch(() => {});
  }

  /** Begins, unless that was done, and resolves once it is known what the file is. */
  open(): Promise<FileInfo> {
    if (this.#state.type === "new") this.#start();
    return this.#opened.promise;
  }

  /** What the file is; `undefined` before it is known. */
  get info(): FileInfo | undefined {
    return this.#info;
  }

  /** Bytes of the file that are wanted; only of use once it is known what the file is. */
  get length(): number {
    const { start, end } = this.#scheduler.ledger;
    return end - start;
  }

  /** Why it has ended before its time; `undefined` as long as it has not. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#state.type === "failed" ? this.#state : undefined;
  }

  /** What has been done so far. */
  stats(): DownloadStats {
    const now = performance.now();
    return snapshot({
      mirrors: this.#scheduler.mirrors,
      ledger: this.#scheduler.ledger,
      buffer: this.#inbox.buffer,
      consumedBytes: this.#inbox.buffer.front - this.#options.start,
      bytesPerSecond: this.#inbox.rate.rate(now),
      started: this.#startedAt > 0,
      startedAt: this.#startedAt,
      firstByteAt: this.#inbox.firstByteAt,
      now: this.#endedAt ?? now,
    });
  }

  /** What has been learned of the file, where that is of use to another download of it. */
  get knownFile(): KnownFile | undefined {
    const { mirrors, digest } = this.#scheduler;
    const useful = mirrors.filter(({ servesRanges }) => servesRanges).map(({ url }) => url);
    const known = this.#transport.knownMirrors.filter(({ url }) => useful.includes(url));
    if (this.#info?.size === undefined || known.length === 0) return undefined;
    // Of fewer bytes than usual, the digest is of no use to another download.
    const usual = this.#sampleSize >= PROBE_SIZE ? digest : undefined;
    return { info: this.#info, digest: usual, digestStart: this.#options.start, mirrors: known };
  }

  /** Size of a block in bytes. */
  get splitSize(): number {
    return this.#options.splitSize;
  }

  /** The most bytes held, and asked for, ahead of the consumer. */
  get windowSize(): number {
    return this.#inbox.windowSize;
  }

  set windowSize(bytes: number) {
    this.#inbox.windowSize = this.#scheduler.windowSize = bytes;
    this.#dispatch({ type: "consumed", bytes: 0 });
    this.#inbox.wake();
  }

  /** The most bytes per second, all mirrors together; may be `Infinity`. */
  get maxRate(): number {
    return this.#scheduler.limit.bytesPerSecond;
  }

  set maxRate(bytesPerSecond: number) {
    this.#scheduler.limit.set(bytesPerSecond, performance.now());
    this.#pace.wake();
    this.#dispatch({ type: "consumed", bytes: 0 });
  }

  /** The send and receive events so far, where they are kept. */
  get trace(): TraceEvent[] {
    return [...this.#trace];
  }

  /** Takes the memory of a part back. */
  release(part: Part): void {
    this.#transport.buffers.give(part.buffer);
  }

  /** The next part for the consumer. */
  async next(): Promise<IteratorResult<Part, undefined>> {
    if (this.#state.type === "new") this.#start();
    for (;;) {
      const part = this.#info === undefined ? undefined : this.#inbox.buffer.read();
      if (part !== undefined) {
        const wasFull = this.#inbox.buffer.held + part.byteLength >= this.#inbox.windowSize;
        this.#dispatch({ type: "consumed", bytes: part.byteLength });
        if (wasFull) this.#inbox.wake();
        return { done: false, value: part };
      }
      if (this.#state.type === "complete") {
        await this.#settled();
        return { done: true, value: undefined };
      }
      if (this.#state.type === "failed") {
        await this.#settled();
        throw this.#state.error;
      }
      await this.#inbox.changed();
    }
  }

  /** Gives every request up; resolves when nothing is left. Does nothing when it has ended. */
  async cancel(reason: unknown): Promise<void> {
    const unread = this.#state.type === "complete" && this.#inbox.buffer.held > 0;
    if (unread) this.#state = { type: "failed", error: reason };
    this.#fail(reason, "cancelled");
    this.#inbox.buffer.clear();
    await this.#settled();
  }

  #start(): void {
    this.#state = { type: "running" };
    this.#startedAt = performance.now();
    const { signal, notes } = this.#options;
    if (signal?.aborted) {
      this.#fail(signal.reason, "cancelled");
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    for (const message of notes) this.#report({ type: "note", atMs: 0, message });
    this.#inbox.rate.resume(this.#startedAt);
    this.#execute(this.#scheduler.start(this.#startedAt));
  }

  readonly #onAbort = (): void => {
    void this.cancel(this.#options.signal?.reason);
  };

  #dispatch(event: SchedulerEvent): void {
    if (this.#state.type !== "running") return;
    const now = performance.now();
    let commands;
    try {
      commands = this.#scheduler.handle(event, now);
    } catch (error) {
      // An algorithm of the caller's own threw.
      return this.#fail(error);
    }
    // Most events are bytes that move deadlines back a little: one look at them now and then will do.
    if (commands.length === 0 && now < this.#armedAt + ARMING_MS) {
      this.#alarm.set(this.#armedAt + ARMING_MS);
      return;
    }
    this.#armedAt = now;
    this.#execute(commands);
  }

  #execute(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      // A listener may have cancelled the download.
      if (this.#state.type !== "running") return;
      switch (command.type) {
        case "start":
          this.#runner.start(command);
          break;
        case "cancel":
          this.#runner.cancel(command.request);
          this.#inbox.wake();
          break;
        case "open":
          this.#open(this.#scheduler.mirrors[command.mirror]!.url, command.size);
          break;
        case "accept":
          this.#runner.accept(command.request);
          break;
        case "discard":
          this.#inbox.buffer.clear();
          this.#trace.length = 0;
          break;
        case "report":
          this.#report(command.event);
          break;
        case "finish":
          this.#end({ type: "complete" });
          return;
        case "fail":
          this.#fail(command.error, "told");
          return;
      }
    }
    if (this.#state.type === "running") this.#alarm.set(this.#scheduler.wakeAt);
  }

  #open(mirror: string, size: number | undefined): void {
    const known = this.#scheduler.mirrors.filter(({ service }) => service !== "unknown");
    const about = this.#options.knownFile?.info ?? this.#runner.aboutOf(mirror);
    this.#info = { ...about, size, mirrors: known.map(({ url }) => url) };
    this.#inbox.open();
    this.#opened.resolve(this.#info);
  }

  #write(offset: number, chunk: Uint8Array<ArrayBuffer>): void {
    // The body of a whole file may go on behind the part of it that is wanted.
    this.#inbox.write(offset, chunk, this.#scheduler.ledger.end);
  }

  #report(event: TraceEvent): void {
    if (this.#options.trace && (event.type === "send" || event.type === "receive")) {
      this.#trace.push(event);
    }
    try {
      this.#options.onEvent(event.type === "end" ? { ...event, bytes: this.#usedBytes() } : event);
    } catch (error) {
      this.#fail(error);
    }
  }

  #usedBytes(): Record<string, number> {
    return Object.fromEntries(
      this.stats().mirrors.map(({ url, bytes, wastedBytes }) => [url, bytes - wastedBytes]),
    );
  }

  /** Ends the download before its time, and tells how, unless the scheduler has. */
  #fail(error: unknown, outcome: "failed" | "cancelled" | "told" = "failed"): void {
    if (this.#state.type === "failed" || this.#state.type === "complete") return;
    const atMs = this.#state.type === "new" ? 0 : performance.now() - this.#startedAt;
    this.#opened.reject(error);
    this.#end({ type: "failed", error });
    if (outcome !== "told") this.#report({ type: "end", atMs, outcome });
    // Whoever got no further than `open()` has nothing to close.
    void this.#settled();
  }

  #end(state: State): void {
    this.#state = state;
    this.#endedAt = performance.now();
    // What comes no faster than it may says nothing of the links.
    if (this.maxRate === Infinity) {
      this.#memory.keep(this.#scheduler.mirrors, { now: this.#endedAt, date: Date.now() });
    }
    this.#alarm.clear();
    this.#runner.cancelAll();
    this.#inbox.wake();
  }

  /** Waits until nothing is under way any more. */
  async #settled(): Promise<void> {
    await this.#runner.settled();
    this.#transport.close();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
