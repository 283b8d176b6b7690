/**
 * One download for a response, or for one part of a multipart response. It is counted and recorded,
 * and cancelled when the client disconnects. Its first bytes are read before the response starts, so
 * that an error can still set the status.
 *
 * @module
 */

import type {
  DownloaderOptions,
  FileInfo,
  KnownFile,
  KnownPiece,
  TraceEvent,
} from "../../../../mod.ts";
import type { BodyListener, BodyOutcome } from "../../observe/request_log.ts";
import type { ByteRange } from "../../../http/byte_range.ts";
import type {
  DownloadFacts,
  DownloadRecorder,
  LiveDownloads,
} from "../../observe/live_downloads.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { ContinuedDownload } from "./continued_download.ts";
import type { ResponseMemory } from "../../capacity/memory_budget.ts";
import { DeliveryBody } from "./delivery_body.ts";
import { streamOf } from "./part_source.ts";
import { deferred } from "../../../stand_ins.ts";
import { unlessAborted } from "../../../unless_aborted.ts";

export interface Observers {
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
  /** Is given each download until it has ended, which may be after its client has gone. */
  readonly running: { add(work: Promise<void>): unknown };
}

/** What a download has found out about its file. */
export interface FileFacts {
  readonly info: FileInfo;
  /** `undefined` if the mirrors do not support ranges or do not report the size. */
  readonly file: KnownFile | undefined;
}

export interface DeliveryRequest {
  readonly mirrors: readonly string[];
  /** What is known of the file; `undefined` if this download has to find it out. */
  readonly known: FileFacts | undefined;
  /** `undefined` for the whole file. */
  readonly range: ByteRange | undefined;
  readonly options: DownloaderOptions;
  /** How long to go on while no mirror delivers anything, in milliseconds. */
  readonly retryMaxMs: number;
  /** Called before it ends, unless it fails or has no known length, with pieces of the file. */
  readonly onLearned?: ((pieces: readonly KnownPiece[]) => void) | undefined;
  /** Called with the error when it fails. */
  readonly onFailed?: ((error: unknown) => void) | undefined;
}

/** A download for one response; nothing is requested before it is opened or begun. */
export class Delivery {
  readonly #request: DeliveryRequest;
  readonly #download: ContinuedDownload;
  readonly #memory: ResponseMemory;
  readonly #recorder: Recorder;
  readonly #counted: ReturnType<Metrics["download"]>;
  #first: IteratorResult<Uint8Array<ArrayBuffer>, undefined> | undefined;
  #isStarted = false;
  #longestStallMs = 0;
  readonly #ended = deferred();
  #closed: Promise<void> | undefined;

  /** @throws {TypeError | RangeError} when an option of the download is invalid */
  constructor(
    request: DeliveryRequest,
    { live, metrics, running }: Observers,
    memory: ResponseMemory,
  ) {
    const { mirrors, known, range, options, retryMaxMs } = request;
    this.#request = request;
    this.#memory = memory;
    // A window must hold two blocks, also when other downloads have made it smaller.
    const splitSize = Math.min(options.splitSize ?? SPLIT_SIZE, memory.maxSplitSize);
    const download = new ContinuedDownload({
      mirrors,
      options: { ...options, splitSize },
      memory,
      known,
      range,
      retryMaxMs,
      onEvent: (event) => this.#recorder.record(event),
    });
    this.#download = download;
    this.#recorder = new Recorder(live, (size = 0) => ({
      facts: {
        stats: () => download.stats(),
        start: download.range.start,
        end: Math.min(download.range.end, size),
        size,
        blockSize: splitSize,
      },
      mirrors,
    }));
    this.#counted = metrics.download(() => download.stats());
    if (known !== undefined) this.#recorder.start(known.info.size);
    void running.add(this.#ended.promise);
  }

  /**
   * Finds out about the file. The bytes that come meanwhile are the first ones of the body.
   *
   * Rejects as the download does, and with the signal's reason when that aborts first; the download is
   * closed then.
   */
  async open(signal: AbortSignal): Promise<FileFacts> {
    const info = await this.#unlessLeft(this.#download.open(), signal);
    this.#recorder.start(info.size);
    return { info, file: this.#download.knownFile };
  }

  /** What the download knows of the file by now. */
  get knownFile(): KnownFile | undefined {
    return this.#download.knownFile;
  }

  /** Waits for the first bytes. Rejects like {@linkcode open}. */
  async begin(signal: AbortSignal): Promise<void> {
    this.#first = await this.#unlessLeft(this.#next(), signal);
  }

  /** Returns the bytes, or only the first `length` ones. Cancelling the stream cancels the download at once. */
  stream(listener: BodyListener, length = Infinity): ReadableStream<Uint8Array> {
    const steps = {
      next: async () => {
        const first = this.#first;
        this.#first = undefined;
        return first ?? await this.#next();
      },
      release: (part: Uint8Array<ArrayBuffer>) => this.#download.release(part),
      learn: () => this.#learn(),
      close: (outcome: BodyOutcome) => this.close(outcome),
      failed: (error: unknown) => this.#request.onFailed?.(error),
    };
    return streamOf(new DeliveryBody(steps, this.#memory, listener, length));
  }

  /** Cancels the download unless it is complete, and counts its end; resolves when nothing is left. */
  close(outcome: BodyOutcome): Promise<void> {
    this.#closed ??= this.#close(outcome).finally(this.#ended.resolve);
    return this.#closed;
  }

  /** Waits for a step of the download, which is closed when it fails or the client leaves. */
  async #unlessLeft<Result>(step: Promise<Result>, signal: AbortSignal): Promise<Result> {
    try {
      return await unlessAborted(step, signal);
    } catch (error) {
      await this.close(signal.aborted ? "cancelled" : "failed");
      throw error;
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
    const startMs = performance.now();
    const result = await this.#download.next();
    // Waiting for the first bytes is no stall.
    if (this.#isStarted) {
      this.#longestStallMs = Math.max(this.#longestStallMs, performance.now() - startMs);
    }
    this.#isStarted = true;
    return result;
  }

  async #learn(): Promise<void> {
    this.#request.onLearned?.(await this.#download.learnedPieces());
  }

  async #close(outcome: BodyOutcome): Promise<void> {
    await this.#download.cancel();
    if (outcome === "cancelled") await this.#learn();
    this.#recorder.finish();
    this.#counted.end(outcome, this.#longestStallMs / 1000);
  }
}

/** Default block size in bytes, as in the original. */
const SPLIT_SIZE = 1_000_000;

/** Describes a download of a file of this size. */
type Describe = (size: number | undefined) => {
  readonly mirrors: readonly string[];
  readonly facts: DownloadFacts;
};

/** Records a download from the time when its size is known; earlier events are recorded then. */
class Recorder {
  readonly #live: LiveDownloads;
  readonly #describe: Describe;
  /** Events that came before the size; a few for each mirror. */
  readonly #early: TraceEvent[] = [];
  #recorder: DownloadRecorder | undefined;

  constructor(live: LiveDownloads, describe: Describe) {
    this.#live = live;
    this.#describe = describe;
  }

  start(size: number | undefined): void {
    const { mirrors, facts } = this.#describe(size);
    this.#recorder = this.#live.add(mirrors, facts);
    for (const event of this.#early.splice(0)) this.#recorder.record(event);
  }

  record(event: TraceEvent): void {
    if (this.#recorder === undefined) this.#early.push(event);
    else this.#recorder.record(event);
  }

  finish(): void {
    this.#recorder?.finish();
  }
}
