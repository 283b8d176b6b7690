/**
 * The driver of a download: executes the scheduler's commands with real requests, timers and a clock,
 * and delivers the bytes in order to one consumer. It decides nothing itself.
 *
 * @module
 */

import type { MirrorSource } from "../http/address/mirror_url.ts";
import { policyOf } from "../policy/policies.ts";
import { FEW_MIRRORS } from "../scheduler/host/connection_budget.ts";
import type { SchedulerCommand, SchedulerEvent } from "../scheduler/messages.ts";
import { probeSizeFor } from "../scheduler/opening/probe.ts";
import { Scheduler } from "../scheduler/scheduler.ts";
import type { TraceEvent } from "../trace/events.ts";
import { Transport } from "../transport/transport.ts";
import { Alarm } from "./timing/alarm.ts";
import { clock } from "./timing/clock.ts";
import { DeliveryWindow } from "./delivery/delivery_window.ts";
import { earlierPieces, type FileInfo, presumed } from "./memory/known_file.ts";
import type { KnownPiece } from "./memory/known_pieces.ts";
import { LearnedFile } from "./memory/learned_file.ts";
import { EventLog } from "./event_log.ts";
import { FileLandmarks } from "./memory/landmarks.ts";
import { MirrorSources } from "./mirror_sources.ts";
import { Pace } from "./timing/pace.ts";
import type { Origin } from "./delivery/origins.ts";
import type { Part } from "./delivery/reorder_buffer.ts";
import { CommandExecutor } from "./requests/command_executor.ts";
import { PIECES_DECIDE } from "./requests/samples.ts";
import { RequestRunner } from "./requests/request_runner.ts";
import type { ResolvedOptions } from "./options/resolve_options.ts";
import { resolveWindowSize } from "./options/sizes.ts";
import { SerialQueue } from "./timing/serial_queue.ts";
import { type DownloadStats, snapshot } from "./stats.ts";
import { deferred } from "../stand_ins.ts";

/** How a download ended before all of its bytes were delivered. */
type EarlyEnd =
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "cancelled"; readonly reason: unknown };

type State =
  | { readonly type: "new" }
  | { readonly type: "running" }
  | { readonly type: "complete" }
  | EarlyEnd;

/** Drives one download; nothing is requested before it is opened or read. */
export class Driver {
  readonly #options: ResolvedOptions;
  readonly #sources: MirrorSources;
  readonly #scheduler: Scheduler;
  readonly #window: DeliveryWindow;
  readonly #landmarks: FileLandmarks;
  readonly #pace: Pace;
  readonly #transport: Transport;
  readonly #runner: RequestRunner;
  readonly #executor: CommandExecutor;
  readonly #alarm = new Alarm(() => this.#wake());
  readonly #opened = deferred<FileInfo>();
  readonly #log: EventLog;
  /** What is learned of the file. */
  readonly file: LearnedFile;
  /** Each event waits until those before it, and their commands, are done. */
  readonly #events: SerialQueue<SchedulerEvent>;
  #state: State = { type: "new" };
  /** Whether someone reads, or will; until then, little is fetched, and the process may end meanwhile. */
  #isRead = false;
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  /** Creates a download by options that were resolved. */
  constructor(options: ResolvedOptions) {
    this.#options = options;
    const { knownFile, start, end = Infinity, windowSize, maxRate } = options;
    const pieces = options.expectedPieces;
    // What is proved by pieces is not compared with anything else.
    const earlier = pieces === undefined ? earlierPieces(knownFile) : [];
    this.#landmarks = new FileLandmarks(start, options.knownPieces, earlier);
    this.#landmarks.windowSize = windowSize;
    this.#sources = new MirrorSources(options);
    const { urls, known, suspects } = this.#sources;
    const knownMirrors = knownFile?.mirrors ?? [];
    const closesIdle = urls.length > FEW_MIRRORS;
    const now = () => clock.now();
    this.#transport = new Transport({ ...options, knownMirrors, suspects, closesIdle, now });
    this.#log = new EventLog({ ...options, mirrors: () => this.#scheduler.mirrors });
    const fail = (error: unknown) => this.#endEarly({ type: "failed", error }, "failed");
    const wantedEnd = () => this.#scheduler.ledger.end;
    const dispatch = (event: SchedulerEvent) => this.#dispatch(event);
    const proofs = pieces && { pieces, end: wantedEnd, onEvent: dispatch, fail };
    const { buffers } = this.#transport;
    this.#window = new DeliveryWindow(start, windowSize, { ...options, now, buffers, proofs });
    const probeSize = probeSizeFor(maxRate, urls.length);
    const sampleSize = Math.min(probeSize, windowSize, end - start);
    this.#scheduler = new Scheduler({
      ...options,
      urls,
      known,
      policy: policyOf(options.delayRequest, options.policySettings),
      knownFile: knownFile && presumed(knownFile, start, sampleSize, pieces && PIECES_DECIDE),
      pieces: pieces && { length: pieces.length, count: pieces.digests.length },
      landmarks: this.#landmarks,
      probeSize,
      // Another download has ended a request just now, and has yet to finish what it is doing.
      onTurn: () => queueMicrotask(() => this.#dispatch({ type: "timeout" })),
      ...{ random: Math.random, isRead: () => this.#isRead },
    });
    const [transport, scheduler] = [this.#transport, this.#scheduler];
    this.file = new LearnedFile(options, { scheduler, transport, sampleSize });
    // A caller's own algorithm may throw.
    this.#events = new SerialQueue((event) => this.#handle(event), fail);
    this.#pace = new Pace(this.#scheduler.limit);
    this.#runner = new RequestRunner({
      transport,
      urls,
      landmarks: this.#landmarks,
      allowHtml: options.allowHtml,
      refuse: (etag) => this.file.lateProblem(etag),
      expectedName: options.expectedName,
      arePiecesExpected: pieces !== undefined,
      window: this.#window,
      end: wantedEnd,
      pace: this.#pace,
      dispatch,
      fail,
    });
    const [runner, window] = [this.#runner, this.#window];
    this.#executor = new CommandExecutor({ runner, transport, window });
    this.#opened.promise.catch(() => {});
  }

  /** Starts unless started already, and resolves once the mirrors have agreed on the file. */
  open(): Promise<FileInfo> {
    if (this.#state.type === "new") this.#start();
    return this.#opened.promise;
  }

  /** Set if the download was cancelled. */
  get cancellation(): { readonly reason: unknown } | undefined {
    return this.#state.type === "cancelled" ? this.#state : undefined;
  }

  stats(): DownloadStats {
    const { mirrors, ledger } = this.#scheduler;
    const [window, startedAt, endedAt] = [this.#window, this.#startedAt, this.#endedAt];
    return snapshot({ mirrors, ledger, window, startedAt, endedAt, now: clock.now() });
  }

  /** Who has sent which bytes; `undefined` if that is not recorded. */
  get origins(): readonly Origin[] | undefined {
    return this.#window.origins?.named(this.#sources.urls);
  }

  learnedPieces(): Promise<KnownPiece[]> {
    return this.#landmarks.digests();
  }

  get windowSize(): number {
    return this.#window.windowSize;
  }

  set windowSize(bytes: number) {
    resolveWindowSize(bytes, this.#options.splitSize, this.#options.expectedPieces?.length);
    this.#window.windowSize = this.#scheduler.windowSize = this.#landmarks.windowSize = bytes;
    this.#dispatch({ type: "consumed", bytes: 0 });
    this.#window.wake();
  }

  /** Maximum rate of all mirrors together, in bytes per second; `Infinity` for no limit. */
  get maxRate(): number {
    return this.#scheduler.limit.bytesPerSecond;
  }

  set maxRate(bytesPerSecond: number) {
    this.#scheduler.limit.set(bytesPerSecond, clock.now());
    this.#pace.wake();
    this.#dispatch({ type: "consumed", bytes: 0 });
  }

  /** Uses another mirror, or one again that was dropped; `connections` is the most requests at once. */
  addMirror(mirror: MirrorSource, connections?: number): void {
    if (this.#state.type !== "running") return;
    const added = this.#sources.add(mirror, this.#transport);
    this.#dispatch({ type: "mirror-added", ...added, connections });
  }

  /** Uses the mirrors no more whose URLs `isMeant` accepts. */
  dropMirrors(isMeant: (url: string) => boolean): void {
    for (const [mirror, url] of this.#sources.urls.entries()) {
      if (isMeant(url)) this.#dispatch({ type: "mirror-dropped", mirror });
    }
  }

  get trace(): TraceEvent[] {
    return this.#log.trace;
  }

  release(part: Part): void {
    this.#transport.buffers.give(part.buffer);
  }

  /** Fetches as much as the window has room for. */
  expectReader(): void {
    this.#isRead = this.#alarm.holdsProcess = true;
    this.#dispatch({ type: "consumed", bytes: 0 });
  }

  /** Returns the next part for the consumer. After a failure, first come the bytes before the gap. */
  async next(): Promise<IteratorResult<Part, undefined>> {
    if (this.#state.type === "new") this.#start();
    for (;;) {
      const part = this.#isInDoubt ? undefined : this.#window.read();
      if (part !== undefined) {
        this.#dispatch({ type: "consumed", bytes: part.byteLength });
        this.#closeIfTaken();
        return { done: false, value: part };
      }
      if (this.#state.type !== "running") break;
      await this.#window.changed();
    }
    await this.#settled();
    if (this.#state.type === "failed") throw this.#state.error;
    if (this.#state.type === "cancelled") throw this.#state.reason;
    return { done: true, value: undefined };
  }

  /**
   * Whether all bytes have arrived, but mirrors are still being compared. What is left is delivered after
   * that: a consumer that only counts bytes would take those of two files for one.
   */
  get #isInDoubt(): boolean {
    return this.#state.type === "running" && this.#scheduler.ledger.complete &&
      this.#window.proofs === undefined;
  }

  /** Cancels every request; resolves when nothing is left. Does nothing after the end. */
  cancel(reason: unknown): Promise<void> {
    return this.#abandon({ type: "cancelled", reason });
  }

  readonly #onAbort = (): void => {
    void this.#abandon({ type: "failed", error: this.#options.signal?.reason });
  };

  #abandon(end: EarlyEnd): Promise<void> {
    // All bytes have come, but the consumer will not have them.
    const isUnread = this.#state.type === "complete" && this.#window.buffer.held > 0;
    if (isUnread) this.#state = end;
    this.#endEarly(end, "cancelled");
    this.#window.clear();
    return this.#settled();
  }

  #start(): void {
    this.#state = { type: "running" };
    const now = this.#startedAt = clock.now();
    const { signal, notes } = this.#options;
    if (signal?.aborted) return this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort);
    this.#events.run(() => {
      for (const message of notes) this.#report({ type: "note", atMs: 0, message });
      if (this.#state.type !== "running") return;
      this.#execute(this.#scheduler.start(now));
    });
  }

  /** Lets the scheduler act if it is time: the alarm may have rung only so that it is set anew. */
  #wake(): void {
    const { wakeAt } = this.#scheduler;
    if (this.#alarm.isDue(wakeAt, clock.now())) this.#dispatch({ type: "timeout" });
    else this.#arm(wakeAt);
  }

  #dispatch(event: SchedulerEvent): void {
    if (this.#state.type === "running") this.#events.add(event);
  }

  #handle(event: SchedulerEvent): void {
    if (this.#state.type !== "running") return;
    const now = clock.now();
    const ms = this.#alarm.lateMs(now);
    if (ms > 0) this.#execute(this.#scheduler.handle({ type: "stood", ms }, now));
    const commands = this.#scheduler.handle(event, now);
    this.#window.proofs?.close();
    // The scheduler's window may have grown.
    this.#window.resize(this.#scheduler.windowSize);
    // Most events are bytes that move deadlines back a little: checking them now and then is enough.
    if (commands.length > 0 || !this.#alarm.setSoon(now)) this.#execute(commands);
  }

  #execute(commands: readonly SchedulerCommand[]): void {
    for (const command of commands) {
      // A listener or an algorithm may have cancelled the download.
      if (this.#state.type !== "running") return;
      switch (command.type) {
        case "open":
          this.#open(command.mirror, command.size);
          break;
        case "discard":
          this.#landmarks.clear();
          this.#window.clear();
          this.#log.clear();
          break;
        case "report":
          this.#report(command.event);
          break;
        case "finish":
          this.#end({ type: "complete" });
          this.#closeIfTaken();
          break;
        case "fail":
          if (this.#isInDoubt) this.#window.clear();
          this.#endEarly({ type: "failed", error: command.error }, "failed");
          break;
        default:
          this.#executor.execute(command);
      }
    }
    this.#arm(this.#scheduler.wakeAt);
  }

  #arm(at: number): void {
    // Deno 2.9 loads its timers at their first use: not before the first requests are sent. It runs microtasks
    // meanwhile, in which the download may end.
    clearTimeout(undefined);
    if (this.#state.type !== "running") return;
    const isBusy = this.#scheduler.mirrors.some(({ live }) => live.length > 0);
    this.#alarm.set(at, isBusy);
  }

  #open(mirror: number, size: number | undefined): void {
    const about = this.#options.knownFile?.info ?? this.#runner.aboutOf(mirror);
    let info: FileInfo;
    try {
      info = this.file.open(about, size);
    } catch (error) {
      return this.#endEarly({ type: "failed", error }, "failed");
    }
    this.#window.open();
    this.#alarm.holdsProcess = this.#isRead;
    this.#opened.resolve(info);
  }

  #report(event: TraceEvent): void {
    if (event.type === "open") event.proof = this.file.info?.proof;
    try {
      this.#log.add(event);
    } catch (error) {
      this.#endEarly({ type: "failed", error }, "failed");
    }
  }

  /** Ends the download before all bytes have come; reports it unless the scheduler has. */
  #endEarly(end: EarlyEnd, outcome: "failed" | "cancelled"): void {
    const { type } = this.#state;
    if (type !== "new" && type !== "running") return;
    const now = clock.now();
    const atMs = now - (this.#startedAt ?? now);
    this.#opened.reject(end.type === "failed" ? end.error : end.reason);
    this.#end(end);
    if (!this.#log.hasEnd) this.#report({ type: "end", atMs, outcome });
    // A caller that came no further than `open()` has nothing to close.
    void this.#settled();
  }

  #end(state: State): void {
    this.#state = state;
    this.#endedAt = clock.now();
    this.#alarm.clear();
    this.#scheduler.stop(this.#endedAt);
    this.#events.clear();
    this.#runner.cancelAll();
    try {
      // Under a limit, the rates say nothing about the links.
      const endedAt = this.maxRate === Infinity ? this.#endedAt : undefined;
      this.#sources.record(this.#scheduler.mirrors, this.#transport, endedAt);
    } catch (error) {
      // A caller's own book threw: unless there is an error already, this is the one.
      if (state.type === "complete") this.#state = { type: "failed", error };
    }
    this.#window.close();
  }

  /** Leaves nothing open once all bytes were taken: a consumer that counts them asks for no more. */
  #closeIfTaken(): void {
    if (this.#state.type === "complete" && this.#window.buffer.held === 0) void this.#settled();
  }

  /** Resolves when nothing is running any more. */
  async #settled(): Promise<void> {
    await this.#runner.settled();
    await this.#window.proofs?.settled();
    await this.#transport.close();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
