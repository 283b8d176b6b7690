/**
 * The bytes of one response, from as many downloads as that takes, one after another. It goes on with another
 * one where all mirrors failed on the way, as they may come back while the client waits; and where all bytes
 * had arrived, but less memory was left for them: those at the end are dropped, and requested again when
 * the client gets there. Where pieces of the file are proved, it downloads whole ones, and drops what the client
 * has not asked for of the first.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import {
  Downloader,
  type DownloaderOptions,
  type DownloadStats,
  type FileInfo,
  type KnownFile,
  type KnownPiece,
  type MirrorError,
  NoMirrorLeftError,
  PieceMismatchError,
  type TraceEvent,
} from "../../../../mod.ts";
import type { ByteRange } from "../../../http/byte_range.ts";
import type { ResponseMemory } from "../../capacity/memory_budget.ts";

type Parts = AsyncIterator<Uint8Array<ArrayBuffer>, undefined>;
type Part = IteratorResult<Uint8Array<ArrayBuffer>, undefined>;

export interface ContinuedOptions {
  readonly mirrors: readonly string[];
  readonly options: DownloaderOptions & { readonly splitSize: number };
  readonly memory: ResponseMemory;
  /** What is known of the file; `undefined` if the first download has to find it out. */
  readonly known: { readonly file: KnownFile | undefined } | undefined;
  /** `undefined` for the whole file. */
  readonly range: ByteRange | undefined;
  /** How long to go on while no mirror delivers anything, in milliseconds. */
  readonly retryMaxMs: number;
  /** Called with the events of all downloads as if they were one. */
  readonly onEvent: (event: TraceEvent) => void;
}

/** Time between the failure of a download and the next one, in milliseconds. */
const PAUSE_MS = 250;

export class ContinuedDownload {
  readonly #options: ContinuedOptions;
  /** Where the first download starts: where the client's bytes do, or the piece in which they begin. */
  readonly #start: number;
  readonly #cancelled = new AbortController();
  #download: Downloader;
  #parts: Parts;
  /** Where the current download starts. */
  #offset = 0;
  #position: number;
  /** Statistics of the downloads before. */
  #before: DownloadStats | undefined;
  #knownFile: KnownFile | undefined;
  /** Where the bytes end, once that is known. */
  #knownEnd: number | undefined;
  /** Parts of a download whose other bytes were dropped. */
  #kept: Uint8Array<ArrayBuffer>[] = [];
  #isTrimmed = false;
  #state: "running" | "complete" | "over" = "running";
  /** What is yet to be dropped: bytes of a piece before those that the client gets. */
  #surplus = 0;
  /** One step at a time. */
  #step: Promise<unknown> = Promise.resolve();

  /** @throws {TypeError | RangeError} when an option of the download is invalid */
  constructor(options: ContinuedOptions) {
    const { range, known, memory } = options;
    this.#options = options;
    this.#position = range?.start ?? 0;
    this.#knownFile = known?.file;
    if (known !== undefined && known.file === undefined) memory.useLittle();
    [this.#download, this.#parts] = this.#create(range);
    this.#start = this.#offset;
    memory.assignTo(this);
  }

  /** Finds out about the file. */
  async open(): Promise<FileInfo> {
    const info = await this.#download.open();
    this.#knownFile = this.#download.knownFile;
    // What comes in one response is read as the client takes it: nothing of it could be dropped.
    if (this.#knownFile === undefined) this.#options.memory.useLittle();
    return info;
  }

  /** Returns the next bytes. */
  next(): Promise<Part> {
    return this.#inTurn(() => this.#next());
  }

  /** Takes back the memory of a part that is not needed any more. */
  release(part: Uint8Array<ArrayBuffer>): void {
    this.#download.release(part);
  }

  /** What is known of the file by now. */
  get knownFile(): KnownFile | undefined {
    return this.#download.knownFile ?? this.#knownFile;
  }

  learnedPieces(): Promise<readonly KnownPiece[]> {
    return this.#download.learnedPieces();
  }

  /** What is downloaded; `end` may be beyond that of the file. */
  get range(): ByteRange {
    const { range } = this.#options;
    return {
      start: this.#start,
      end: range === undefined ? Infinity : this.#wholePieces(range).end,
    };
  }

  /** Returns the statistics of all downloads as if they were one. */
  stats(): DownloadStats {
    const current = this.#download.stats();
    const bufferedBytes = current.bufferedBytes + bytesIn(this.#kept);
    const sum = this.#before === undefined ? current : added(this.#before, current);
    return { ...sum, consumedBytes: this.#position - this.#start, bufferedBytes };
  }

  set windowSize(bytes: number) {
    if (this.#state === "running") this.#download.windowSize = bytes;
    // It requests nothing any more.
    else void this.#inTurn(() => this.#trim(bytes)).catch(() => {});
  }

  /** Cancels what is running; resolves when nothing is left. */
  async cancel(): Promise<void> {
    this.#state = "over";
    this.#cancelled.abort();
    this.#kept = [];
    await this.#download.cancel();
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const step = this.#step.then(action);
    this.#step = step.catch(() => {});
    return step;
  }

  /**
   * Creates a download of a range that starts at the position, and waits for mirrors at most `maxQuietMs`; sets
   * where it starts.
   */
  #create(wanted: ByteRange | undefined, maxQuietMs = Infinity): [Downloader, Parts] {
    const { mirrors, options, memory } = this.#options;
    const range = wanted && this.#wholePieces(wanted);
    this.#offset = range?.start ?? 0;
    this.#surplus = this.#position - this.#offset;
    const { retry } = options;
    const download = new Downloader(mirrors, {
      ...options,
      retry: { ...retry, maxQuietMs: Math.min(retry?.maxQuietMs ?? Infinity, maxQuietMs) },
      windowSize: memory.windowSize,
      knownFile: this.#knownFile,
      range,
      onEvent: (event) => this.#report(event),
    });
    return [download, download[Symbol.asyncIterator]()];
  }

  /** Returns a range with all of the pieces in which it lies: only whole ones can be proved. */
  #wholePieces({ start, end }: ByteRange): ByteRange {
    const { expectedPieces, expectedSize = Infinity } = this.#options.options;
    if (expectedPieces === undefined) return { start, end };
    const { length } = expectedPieces;
    const size = this.#knownFile?.info.size ?? expectedSize;
    const last = Math.min(Math.ceil(end / length) * length, Math.max(end, size));
    return { start: start - start % length, end: last };
  }

  #report(event: TraceEvent): void {
    if (event.type === "end") {
      if (event.outcome === "complete" && this.#state === "running") this.#state = "complete";
      // Others may follow.
      else if (event.outcome === "failed") return;
    }
    const { options: { splitSize }, onEvent } = this.#options;
    const isOfBlock = event.type === "send" || event.type === "receive";
    const blocks = Math.floor((this.#offset - this.#start) / splitSize);
    onEvent(isOfBlock ? { ...event, block: event.block + blocks } : event);
  }

  async #next(): Promise<Part> {
    const kept = this.#kept.shift();
    const part: Part = kept === undefined ? await this.#read() : { done: false, value: kept };
    if (!part.done) this.#position += part.value.byteLength;
    return part;
  }

  /** Reads from the current download, and from others where it fails. */
  async #read(): Promise<Part> {
    const since = performance.now();
    for (;;) {
      // What was dropped is not requested again for a client that has gone.
      this.#cancelled.signal.throwIfAborted();
      const end = this.#end;
      if (this.#isTrimmed) this.#continue(end!);
      try {
        return await this.#take();
      } catch (error) {
        const leftMs = since + this.#options.retryMaxMs - performance.now();
        if (this.#state === "over" || leftMs <= 0 || end === undefined || !mayPass(error)) {
          this.#options.onEvent({ type: "end", outcome: "failed", atMs: this.stats().elapsedMs });
          throw error;
        }
        const { signal } = this.#cancelled;
        await delay(PAUSE_MS, { signal }).catch(() => {});
        // The client has gone meanwhile: nothing more is requested.
        if (signal.aborted) throw error;
        this.#continue(end, leftMs);
      }
    }
  }

  /** Takes the next bytes for the client from the current download. */
  async #take(): Promise<Part> {
    for (;;) {
      const part = await this.#parts.next();
      if (part.done || this.#surplus === 0) return part;
      const { value } = part;
      const rest = value.subarray(this.#surplus);
      this.#surplus -= value.byteLength - rest.byteLength;
      if (rest.byteLength > 0) return { done: false, value: rest };
      this.#download.release(value);
    }
  }

  /** Where the bytes end, if another download can begin anywhere before that. */
  get #end(): number | undefined {
    const { range } = this.#options;
    const isNew = this.#position === (range?.start ?? 0);
    if (this.#knownEnd !== undefined || isNew) return this.#knownEnd;
    const { knownFile } = this;
    if (knownFile === undefined) return undefined;
    this.#knownFile = knownFile;
    const size = knownFile.info.size!;
    return this.#knownEnd = Math.min(range?.end ?? size, size);
  }

  /** Starts another download of what is missing, which waits for mirrors at most `maxQuietMs`. */
  #continue(end: number, maxQuietMs = Infinity): void {
    const { knownFile } = this;
    this.#before = this.stats();
    this.#knownFile = knownFile;
    this.#isTrimmed = false;
    this.#state = "running";
    [this.#download, this.#parts] = this.#create({ start: this.#position, end }, maxQuietMs);
  }

  /** Drops what is over `bytes` of a download of which every byte has arrived. */
  async #trim(bytes: number): Promise<void> {
    if (this.#state !== "complete" || this.#end === undefined) return;
    if (!this.#isTrimmed) {
      if (this.#download.stats().bufferedBytes <= bytes) return;
      let held = 0;
      while (held < bytes) {
        const { done, value } = await this.#take();
        if (done) return;
        this.#kept.push(value);
        held += value.byteLength;
      }
      this.#isTrimmed = true;
      await this.#download.cancel();
    }
    while (this.#kept.length > 1 && bytesIn(this.#kept) > bytes) this.#kept.pop();
  }
}

/** Returns the statistics of a download and those before it. */
function added(before: DownloadStats, current: DownloadStats): DownloadStats {
  return {
    ...current,
    size: before.size,
    receivedBytes: before.consumedBytes + current.receivedBytes,
    peakBufferedBytes: Math.max(before.peakBufferedBytes, current.peakBufferedBytes),
    wastedBytes: before.wastedBytes + current.wastedBytes,
    elapsedMs: before.elapsedMs + current.elapsedMs,
    firstByteMs: before.firstByteMs,
    mirrors: current.mirrors.map((mirror, index) => {
      const { bytes, wastedBytes, requests, duplicates, failures, badPieces } = before.mirrors[
        index
      ]!;
      return {
        ...mirror,
        bytes: mirror.bytes + bytes,
        wastedBytes: mirror.wastedBytes + wastedBytes,
        requests: mirror.requests + requests,
        duplicates: mirror.duplicates + duplicates,
        failures: mirror.failures + failures,
        badPieces: mirror.badPieces + badPieces,
      };
    }),
  };
}

/** Reports whether mirrors may deliver later what they could not deliver now. */
function mayPass(error: unknown): boolean {
  // A mirror that has sent wrong bytes of a piece is not to be asked again, but others are.
  if (error instanceof PieceMismatchError) return error.cause.some(mayRecover);
  return error instanceof NoMirrorLeftError && error.cause.some(mayRecover) &&
    !error.cause.some(({ reason }) => reason === "changed" || reason === "mismatch");
}

function mayRecover({ retryable, reason, status = 0 }: MirrorError): boolean {
  return retryable || reason === "timeout" || reason === "network" || status >= 500;
}

function bytesIn(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
