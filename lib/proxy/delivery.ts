/**
 * One download for one answer: admitted to the memory, counted, watched, and ended when the client
 * leaves. Its first bytes are there before the answer begins, so that an error still has a status.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type TraceEvent } from "../../mod.ts";
import type { MemoryBudget } from "./budget.ts";
import type { ResolvedRange } from "./byte_ranges.ts";
import type { CatalogueEntry } from "./catalogue.ts";
import type { LiveDownloads } from "./live.ts";
import type { Metrics } from "./metrics.ts";
import { Problem } from "./problem.ts";

/** What deliveries share. */
export interface DeliveryContext {
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
  readonly live: LiveDownloads;
}

/** What is to be delivered. */
export interface DeliveryOrder {
  readonly mirrors: readonly string[];
  readonly entry: CatalogueEntry;
  /** `undefined` for the whole file. */
  readonly range: ResolvedRange | undefined;
  readonly options: DownloaderOptions;
}

/** How a delivery ended. */
export type DeliveryOutcome = "complete" | "failed" | "cancelled";

/** After how many seconds a client may come back when there is no room. */
const RETRY_AFTER_SECONDS = 5;

/** One download for one answer. */
export class Delivery implements AsyncDisposable {
  readonly #download: Downloader;
  readonly #parts: AsyncIterator<Uint8Array<ArrayBuffer>, undefined>;
  readonly #end: (outcome: DeliveryOutcome) => void;
  #first: IteratorResult<Uint8Array<ArrayBuffer>, undefined> | undefined;
  #askedAt = performance.now();
  #longestStallMs = 0;

  private constructor(
    download: Downloader,
    end: (outcome: DeliveryOutcome, stallMs: number) => void,
  ) {
    this.#download = download;
    this.#parts = download[Symbol.asyncIterator]();
    this.#end = (outcome) => end(outcome, this.#longestStallMs);
  }

  /**
   * Starts one and waits for its first bytes.
   *
   * Rejects as the download does, and with a {@linkcode Problem} of status 503 where there is no room.
   */
  static async start(order: DeliveryOrder, context: DeliveryContext): Promise<Delivery> {
    const { budget, metrics } = context;
    let download: Downloader | undefined;
    const admission = budget.admit((share) => {
      if (download !== undefined) download.windowSize = windowOf(share);
    });
    if (admission === undefined) {
      metrics.refused();
      throw new Problem(503, "as many downloads as there is memory for are under way", {
        headers: { "retry-after": `${RETRY_AFTER_SECONDS}` },
      });
    }
    try {
      download = makeDownload(order, windowOf(admission.share), context.live);
    } catch (error) {
      admission[Symbol.dispose]();
      throw error;
    }
    const counted = metrics.download(() => download!.stats());
    const delivery = new Delivery(download, (outcome, stallMs) => {
      admission[Symbol.dispose]();
      counted.end(outcome, stallMs / 1000);
    });
    try {
      delivery.#first = await delivery.#next();
    } catch (error) {
      await delivery.#close("failed");
      throw error;
    }
    return delivery;
  }

  /** The bytes; cancelling them ends the download at once. */
  stream(ended: (outcome: DeliveryOutcome, bytes: number) => void): ReadableStream<Uint8Array> {
    let bytes = 0;
    const end = async (outcome: DeliveryOutcome) => {
      await this.#close(outcome);
      ended(outcome, bytes);
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
          bytes += value.byteLength;
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

  /** Ends the download if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close("cancelled");
  }

  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
    this.#askedAt = performance.now();
    const first = this.#first === undefined;
    const result = await this.#parts.next();
    if (!first) {
      this.#longestStallMs = Math.max(this.#longestStallMs, performance.now() - this.#askedAt);
    }
    return result;
  }

  async #close(outcome: DeliveryOutcome): Promise<void> {
    await this.#download.cancel();
    this.#end(outcome);
  }
}

/**
 * How much of its share a download's reorder buffer may take, in bytes: about as much again is on
 * its way, in the connections to the mirrors and in the one to the client.
 */
function windowOf(share: number): number {
  return Math.floor(share / 2);
}

/** The size of blocks where none is asked for, in bytes, as in the original. */
const SPLIT_SIZE = 1_000_000;

function makeDownload(
  { mirrors, entry, range, options }: DeliveryOrder,
  windowSize: number,
  live: LiveDownloads,
): Downloader {
  // A window holds at least two blocks.
  const splitSize = Math.min(options.splitSize ?? SPLIT_SIZE, Math.floor(windowSize / 2));
  const download = new Downloader(mirrors, {
    ...options,
    splitSize,
    windowSize,
    knownFile: entry.file,
    ...(range && { range }),
    onEvent: (event) => tell(event),
  });
  const size = entry.info.size ?? 0;
  const { start, end } = range ?? { start: 0, end: size };
  const tell: (event: TraceEvent) => void = live.announce(mirrors, {
    download,
    start,
    end,
    size,
    blockSize: splitSize,
  });
  return download;
}
