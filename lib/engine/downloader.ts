/**
 * The public face of a download.
 *
 * @module
 */

import type { TraceEvent } from "../trace/events.ts";
import { Driver } from "./driver.ts";
import { type FileInfo, type KnownFile, responseHeaders } from "./known_file.ts";
import type { DownloaderOptions } from "./options.ts";
import { partIterator, type PartSource, partStream } from "./parts.ts";
import { resolveMaxRate, resolveOptions, resolveWindowSize } from "./resolve_options.ts";
import type { DownloadStats } from "./stats.ts";

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
  readonly #driver: Driver;
  readonly #source: PartSource = {
    next: () => this.#driver.next(),
    cancel: (reason) => this.cancel(reason),
  };
  #consumed = false;

  /**
   * Takes the URLs of all mirrors of one file.
   *
   * @throws {MirrorUrlError} no URL, or one that is none, or of another scheme than http(s)
   * @throws {TypeError} an unknown name, or a number that is not whole where it must be
   * @throws {RangeError} a number out of range
   */
  constructor(urls: readonly (string | URL)[], options: DownloaderOptions = {}) {
    this.#driver = new Driver(resolveOptions(urls, options));
  }

  /**
   * Asks the mirrors what the file is. The download runs from then on, as far as the window allows.
   *
   * Rejects with {@linkcode NoMirrorLeftError}, {@linkcode MirrorMismatchError},
   * {@linkcode RangeNotSatisfiableError}, or the reason of the signal.
   */
  open(): Promise<FileInfo> {
    return this.#driver.open();
  }

  /**
   * Headers for a response with these bytes: length, type, validators.
   *
   * @throws {TypeError} before `open()` has resolved
   */
  get headers(): Headers {
    const { info, length } = this.#driver;
    if (info === undefined) throw new TypeError("headers are known after open() only");
    return responseHeaders(info, length);
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
    return this.#driver.stats();
  }

  /**
   * What has been learned of the file, for another download of it; `undefined` before `open()` has
   * resolved, and where the mirrors do not serve ranges.
   */
  get knownFile(): KnownFile | undefined {
    return this.#driver.knownFile;
  }

  /**
   * The most bytes held, and asked for, ahead of the consumer; may change at any time.
   *
   * @throws {TypeError | RangeError} it is not whole, or less than 2000
   */
  get windowSize(): number {
    return this.#driver.windowSize;
  }

  set windowSize(bytes: number) {
    this.#driver.windowSize = resolveWindowSize(bytes, this.#driver.splitSize);
  }

  /**
   * The most bytes per second, all mirrors together; `undefined` for no limit. May change at any time.
   *
   * @throws {RangeError} it is less than 1, or no number
   */
  get maxRate(): number | undefined {
    const { maxRate } = this.#driver;
    return maxRate === Infinity ? undefined : maxRate;
  }

  set maxRate(bytesPerSecond: number | undefined) {
    this.#driver.maxRate = resolveMaxRate(bytesPerSecond);
  }

  /** Returns a copy of the send and receive events so far; empty without the option `trace`. */
  trace(): TraceEvent[] {
    return this.#driver.trace;
  }

  /**
   * Gives a part back that is of no use any more, so that its memory serves again: reading much, and
   * fast, costs about a fifth less. The part, and whatever else looks at its buffer, may be empty or
   * have other bytes from then on.
   */
  release(part: Uint8Array<ArrayBuffer>): void {
    this.#driver.release(part);
  }

  /**
   * Ends the download: every request is given up, and whoever reads gets `reason` as the error.
   * Resolves when nothing of it is left. Does nothing when it has ended already.
   */
  async cancel(
    reason: unknown = new DOMException("The download was cancelled", "AbortError"),
  ): Promise<void> {
    await this.#driver.cancel(reason);
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
    const { failure } = this.#driver;
    if (failure !== undefined) {
      throw new TypeError("This download has failed or was cancelled; make a new Downloader", {
        cause: failure.error,
      });
    }
    this.#consumed = true;
  }
}
