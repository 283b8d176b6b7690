/**
 * One download for a response, or for one part of a multipart response. It is counted and recorded,
 * and cancelled when the client disconnects. Its first bytes are read before the response starts, so
 * that an error can still set the status.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type TraceEvent } from "../../../mod.ts";
import type { BodyListener, BodyOutcome } from "../observe/request_log.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import type { FileRecord } from "./known_files.ts";
import type { DownloadRecorder, LiveDownloads } from "../observe/live_downloads.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { ResponseMemory } from "../capacity/memory_budget.ts";

export interface Observers {
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
}

export interface DeliveryRequest {
  readonly mirrors: readonly string[];
  readonly record: FileRecord;
  /** `undefined` for the whole file. */
  readonly range: ByteRange | undefined;
  readonly options: DownloaderOptions;
}

/** A download whose first bytes have arrived. */
export class Delivery {
  readonly #download: Downloader;
  readonly #parts: AsyncIterator<Uint8Array<ArrayBuffer>, undefined>;
  readonly #end: (outcome: BodyOutcome) => void;
  #first: IteratorResult<Uint8Array<ArrayBuffer>, undefined> | undefined;
  #isStarted = false;
  #longestStallMs = 0;

  private constructor(
    download: Downloader,
    end: (outcome: BodyOutcome, stallMs: number) => void,
  ) {
    this.#download = download;
    this.#parts = download[Symbol.asyncIterator]();
    this.#end = (outcome) => end(outcome, this.#longestStallMs);
  }

  /**
   * Starts a download and waits for its first bytes.
   *
   * Rejects as the download does, and with the signal's reason when that aborts first.
   */
  static async start(
    request: DeliveryRequest,
    observers: Observers,
    memory: ResponseMemory,
    signal: AbortSignal,
  ): Promise<Delivery> {
    signal.throwIfAborted();
    const { download, recorder } = createDownload(request, memory, observers.live, signal);
    const counted = observers.metrics.download(() => download.stats());
    const delivery = new Delivery(download, (outcome, stallMs) => {
      recorder.finish();
      counted.end(outcome, stallMs / 1000);
    });
    try {
      delivery.#first = await delivery.#next();
    } catch (error) {
      await delivery.#close(signal.aborted ? "cancelled" : "failed");
      throw error;
    }
    return delivery;
  }

  /** Returns the bytes. Cancelling the stream cancels the download at once. */
  stream(listener: BodyListener): ReadableStream<Uint8Array> {
    const end = async (outcome: BodyOutcome) => {
      await this.#close(outcome);
      listener.ended(outcome);
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = this.#first ?? await this.#next();
          this.#first = undefined;
          if (done) {
            controller.close();
            return await end("complete");
          }
          listener.sent(value.byteLength);
          controller.enqueue(value);
        } catch (error) {
          await end("failed");
          // The client sees the body fail: an incomplete file never ends cleanly.
          throw error;
        }
      },
      cancel: () => end("cancelled"),
    }, { highWaterMark: 0 });
  }

  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
    const startMs = performance.now();
    const result = await this.#parts.next();
    // Waiting for the first bytes is no stall.
    if (this.#isStarted) {
      this.#longestStallMs = Math.max(this.#longestStallMs, performance.now() - startMs);
    }
    this.#isStarted = true;
    return result;
  }

  async #close(outcome: BodyOutcome): Promise<void> {
    await this.#download.cancel();
    this.#end(outcome);
  }
}

/** Default block size in bytes, as in the original. */
const SPLIT_SIZE = 1_000_000;

function createDownload(
  { mirrors, record, range, options }: DeliveryRequest,
  memory: ResponseMemory,
  live: LiveDownloads,
  signal: AbortSignal,
): { download: Downloader; recorder: DownloadRecorder } {
  // A window must hold two blocks, also when other downloads have made it smaller.
  const splitSize = Math.min(options.splitSize ?? SPLIT_SIZE, memory.maxSplitSize);
  const download = new Downloader(mirrors, {
    ...options,
    signal,
    splitSize,
    windowSize: memory.windowSize,
    knownFile: record.file,
    range,
    onEvent: (event: TraceEvent) => recorder.record(event),
  });
  memory.assignTo(download);
  const size = record.info.size ?? 0;
  const { start, end } = range ?? { start: 0, end: size };
  const stats = () => download.stats();
  const facts = { stats, start, end, size, blockSize: splitSize };
  const recorder = live.add(mirrors, facts);
  return { download, recorder };
}
