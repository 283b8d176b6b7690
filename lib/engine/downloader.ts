/**
 * The driver of a download: it executes the scheduler's commands with real requests, timers and a
 * clock, keeps the bytes in order, and hands them to one consumer. It decides nothing itself.
 *
 * @module
 */

import { Transport } from "../http/transport.ts";
import type { TraceEvent } from "../trace/events.ts";
import { Alarm } from "./alarm.ts";
import {
  type FileInfo,
  type KnownFile,
  presumed,
  PROBE_SIZE,
  probeSizeFor,
  responseHeaders,
} from "./file_info.ts";
import { Inbox } from "./inbox.ts";
import { LinkMemory } from "./link_memory.ts";
import type { Command, SchedulerEvent } from "./messages.ts";
import type { DownloaderOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import { partIterator, type PartSource, partStream } from "./parts.ts";
import { policyOf } from "./policies.ts";
import { RequestRunner } from "./request_runner.ts";
import { type ResolvedOptions, resolveMaxRate, resolveOptions } from "./resolve_options.ts";
import { Scheduler } from "./scheduler.ts";
import { type DownloadStats, snapshot } from "./stats.ts";

/** The alarm may be this late, in milliseconds. */
const ARMING_MS = 20;

type State =
  | { readonly type: "new" }
  | { readonly type: "running" }
  | { readonly type: "complete" }
  | { readonly type: "failed"; readonly error: unknown };

/**
 * Downloads one file from many mirrors at once and hands its bytes over in order, once, while they
 * arrive. Nothing is asked before {@linkcode Downloader.open} or the first read.
 *
 * @example Serve a file from its mirrors
 * ```ts
 * import { Downloader } from "@x/sphttp";
 * import { assertEquals } from "@std/assert";
 *
 * async function serve(urls: string[], fetch: typeof globalThis.fetch): Promise<Response> {
 *   const download = new Downloader(urls, { fetch });
 *   await download.open();
 *   return new Response(download.stream(), { headers: download.headers });
 * }
 *
 * const mirror = () => fetch("data:text/plain,a film");
 * const response = await serve(["https://one.example/film", "https://two.example/film"], mirror);
 * assertEquals(response.headers.get("content-type"), "text/plain");
 * assertEquals(await response.text(), "a film");
 * ```
 */
export class Downloader implements AsyncDisposable {
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
  readonly #source: PartSource = {
    next: () => this.#next(),
    cancel: (reason) => this.cancel(reason),
  };
  #state: State = { type: "new" };
  /** When the alarm was set last, in milliseconds. */
  #armedAt = -Infinity;
  #info: FileInfo | undefined;
  /** How many bytes the mirrors are compared by. */
  readonly #sampleSize: number;
  #consumed = false;
  #startedAt = 0;
  #endedAt: number | undefined;

  /**
   * Takes the URLs of all mirrors of one file.
   *
   * @throws {MirrorUrlError} no URL, or one that is none, or of another scheme than http(s)
   * @throws {TypeError} an unknown name, or a number that is not whole where it must be
   * @throws {RangeError} a number out of range
   */
  constructor(urls: readonly (string | URL)[], options: DownloaderOptions = {}) {
    this.#options = resolveOptions(urls, options);
    const { knownFile, start, end = Infinity, windowSize, maxRate } = this.#options;
    const knownMirrors = knownFile?.mirrors ?? [];
    this.#transport = new Transport({ ...this.#options, knownMirrors });
    this.#inbox = new Inbox(this.#options.start, this.#options.windowSize);
    const mirrorUrls = this.#options.mirrors.map(({ url }) => url);
    const probeSize = probeSizeFor(maxRate, mirrorUrls.length);
    this.#sampleSize = Math.min(probeSize, windowSize, end - start);
    this.#memory = new LinkMemory(this.#options.book, mirrorUrls, Date.now());
    this.#scheduler = new Scheduler({
      ...this.#options,
      urls: mirrorUrls,
      known: this.#memory.known,
      policy: policyOf(this.#options.delayRequest, this.#options.policySettings),
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

  /**
   * Asks the mirrors what the file is. The download runs from then on, as far as the window allows.
   *
   * Rejects with {@linkcode NoMirrorLeftError}, {@linkcode MirrorMismatchError},
   * {@linkcode RangeNotSatisfiableError}, or the reason of the signal.
   */
  open(): Promise<FileInfo> {
    if (this.#state.type === "new") this.#start();
    return this.#opened.promise;
  }

  /**
   * Headers for a response with these bytes: length, type, validators.
   *
   * @throws {TypeError} before `open()` has resolved
   */
  get headers(): Headers {
    if (this.#info === undefined) throw new TypeError("headers are known after open() only");
    const { start, end } = this.#scheduler.ledger;
    return responseHeaders(this.#info, end - start);
  }

  /**
   * Hands over the parts of the file in order. Leaving the loop early cancels the download.
   *
   * @throws {TypeError} when the parts are being read already, or the download has been cancelled
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined, undefined> {
    this.#claim();
    return partIterator(this.#source);
  }

  /**
   * The parts of the file as a stream that is pulled from; cancelling it cancels the download.
   *
   * @throws {TypeError} when the parts are being read already, or the download has been cancelled
   */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#claim();
    return partStream(this.#source);
  }

  /** What has been done so far. */
  stats(): DownloadStats {
    const now = performance.now();
    return snapshot({
      mirrors: this.#scheduler.mirrors,
      ledger: this.#scheduler.ledger,
      buffer: this.#inbox.buffer,
      consumedBytes: this.#inbox.buffer.front - this.#options.start,
      rate: this.#inbox.rate.rate(now),
      started: this.#startedAt > 0,
      startedAt: this.#startedAt,
      firstByteAt: this.#inbox.firstByteAt,
      now: this.#endedAt ?? now,
    });
  }

  /**
   * What has been learned of the file, for another download of it; `undefined` before `open()` has
   * resolved, and where the mirrors do not serve ranges.
   */
  get knownFile(): KnownFile | undefined {
    const { mirrors, digest } = this.#scheduler;
    const useful = mirrors.filter(({ servesRanges }) => servesRanges).map(({ url }) => url);
    const known = this.#transport.knownMirrors.filter(({ url }) => useful.includes(url));
    if (this.#info?.size === undefined || known.length === 0) return undefined;
    // Of fewer bytes than usual, the digest is of no use to another download.
    const usual = this.#sampleSize >= PROBE_SIZE ? digest : undefined;
    return { info: this.#info, digest: usual, digestStart: this.#options.start, mirrors: known };
  }

  /** The most bytes held, and asked for, ahead of the consumer; may change at any time. */
  get windowSize(): number {
    return this.#inbox.windowSize;
  }

  set windowSize(bytes: number) {
    this.#inbox.windowSize = this.#scheduler.windowSize = bytes;
    this.#dispatch({ type: "consumed", bytes: 0 });
    this.#inbox.wake();
  }

  /** The most bytes per second, all mirrors together; `undefined` for no limit. May change at any time. */
  get maxRate(): number | undefined {
    const { bytesPerSecond } = this.#scheduler.limit;
    return bytesPerSecond === Infinity ? undefined : bytesPerSecond;
  }

  set maxRate(bytesPerSecond: number | undefined) {
    this.#scheduler.limit.set(resolveMaxRate(bytesPerSecond), performance.now());
    this.#pace.wake();
    this.#dispatch({ type: "consumed", bytes: 0 });
  }

  /** The send and receive events so far; empty without the option `trace`. */
  trace(): readonly TraceEvent[] {
    return this.#trace;
  }

  /**
   * Gives a part back that is of no use any more, so that its memory serves again: reading much, and
   * fast, costs about a fifth less. The part, and whatever else looks at its buffer, may be empty or
   * have other bytes from then on.
   */
  release(part: Uint8Array<ArrayBuffer>): void {
    this.#transport.buffers.give(part.buffer);
  }

  /**
   * Ends the download: every request is given up, and whoever reads gets `reason` as the error.
   * Resolves when nothing of it is left. Does nothing when it has ended already.
   */
  async cancel(
    reason: unknown = new DOMException("The download was cancelled", "AbortError"),
  ): Promise<void> {
    const unread = this.#state.type === "complete" && this.#inbox.buffer.held > 0;
    if (unread) this.#state = { type: "failed", error: reason };
    if (this.#state.type === "running" || this.#state.type === "new") {
      const seconds = this.#state.type === "new" ? 0 : this.#seconds();
      this.#fail(reason);
      this.#report({ type: "end", seconds, outcome: "cancelled" });
    }
    this.#inbox.buffer.clear();
    await this.#settled();
  }

  /** Cancels the download if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  #claim(): void {
    if (this.#consumed) {
      throw new TypeError(
        "The parts of this download can be read once only; make a new Downloader",
      );
    }
    if (this.#state.type === "failed") {
      throw new TypeError("This download has failed or was cancelled; make a new Downloader", {
        cause: this.#state.error,
      });
    }
    this.#consumed = true;
  }

  #start(): void {
    this.#state = { type: "running" };
    this.#startedAt = performance.now();
    const { signal, notes } = this.#options;
    if (signal?.aborted) {
      this.#fail(signal.reason);
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    for (const message of notes) this.#report({ type: "note", seconds: 0, message });
    this.#inbox.rate.resume(this.#startedAt);
    this.#execute(this.#scheduler.start(this.#startedAt));
  }

  readonly #onAbort = (): void => {
    void this.cancel(this.#options.signal?.reason);
  };

  /** The next part for the consumer. */
  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
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

  #execute(commands: readonly Command[]): void {
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
          this.#accept(command.request);
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
          this.#fail(command.error);
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

  #accept(request: number): void {
    const { offset, bytes } = this.#runner.accept(request);
    this.#write(offset, bytes);
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

  #fail(error: unknown): void {
    if (this.#state.type === "failed" || this.#state.type === "complete") return;
    this.#opened.reject(error);
    this.#end({ type: "failed", error });
  }

  #end(state: State): void {
    this.#state = state;
    this.#endedAt = performance.now();
    // What comes no faster than it may says nothing of the links.
    if (this.maxRate === undefined) {
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

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}
