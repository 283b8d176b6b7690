/**
 * One download for an answer, or for a part of one: counted, watched, and ended when the client
 * leaves. Its first bytes are there before the answer begins, so that an error still has a status.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type TraceEvent } from "../../../mod.ts";
import type { BodyListener, BodyOutcome } from "../observe/request_log.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import type { FileRecord } from "./known_files.ts";
import type { LiveDownloads, WatchedDownload } from "../observe/live_downloads.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type AnswerMemory, LEAST_SHARE, windowOf } from "../capacity/memory_budget.ts";

/** What deliveries share. */
export interface DeliveryContext {
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
}

/** What is to be delivered. */
export interface DeliveryOrder {
  readonly mirrors: readonly string[];
  readonly entry: FileRecord;
  /** `undefined` for the whole file. */
  readonly range: ByteRange | undefined;
  readonly options: DownloaderOptions;
}

/** One download for an answer. */
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
   * Starts one in the room of an answer and waits for its first bytes.
   *
   * Rejects as the download does, and with the signal's reason when that aborts before they are
   * there.
   */
  static async start(
    order: DeliveryOrder,
    context: DeliveryContext,
    memory: AnswerMemory,
    signal: AbortSignal,
  ): Promise<Delivery> {
    signal.throwIfAborted();
    const { download, watched } = makeDownload(order, memory, context.live, signal);
    const counted = context.metrics.download(() => download.stats());
    const delivery = new Delivery(download, (outcome, stallMs) => {
      watched.ended();
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

  /** The bytes; cancelling them ends the download at once. */
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
          // The client sees that the body breaks off: never a clean end of half a file.
          throw error;
        }
      },
      cancel: () => end("cancelled"),
    }, { highWaterMark: 0 });
  }

  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
    const askedAt = performance.now();
    const result = await this.#parts.next();
    // The first bytes are waited for by whoever starts: that is no stall.
    if (this.#isStarted) {
      this.#longestStallMs = Math.max(this.#longestStallMs, performance.now() - askedAt);
    }
    this.#isStarted = true;
    return result;
  }

  async #close(outcome: BodyOutcome): Promise<void> {
    await this.#download.cancel();
    this.#end(outcome);
  }
}

/** Default block size of the original's algorithms, in bytes: the original's. */
const SPLIT_SIZE = 1_000_000;

/** Default block size of others, in bytes: two blocks fit into the smallest share of the memory. */
const SMALL_SPLIT_SIZE = windowOf(LEAST_SHARE) / 2;

function makeDownload(
  { mirrors, entry, range, options }: DeliveryOrder,
  memory: AnswerMemory,
  live: LiveDownloads,
  signal: AbortSignal,
): { download: Downloader; watched: WatchedDownload } {
  const { windowSize } = memory;
  // A window holds at least two blocks.
  const usual = (options.delayRequest ?? "adaptive") === "adaptive" ? SMALL_SPLIT_SIZE : SPLIT_SIZE;
  const splitSize = Math.min(options.splitSize ?? usual, Math.floor(windowSize / 2));
  const download = new Downloader(mirrors, {
    ...options,
    signal,
    splitSize,
    windowSize,
    knownFile: entry.file,
    range,
    onEvent: (event: TraceEvent) => watched.told(event),
  });
  memory.hold(download, splitSize);
  const size = entry.info.size ?? 0;
  const { start, end } = range ?? { start: 0, end: size };
  const stats = () => download.stats();
  const facts = { stats, start, end, size, blockSize: splitSize };
  const watched = live.announce(mirrors, facts);
  return { download, watched };
}
