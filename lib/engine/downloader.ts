/**
 * The public face of a download.
 *
 * @module
 */

import { RangeNotSatisfiableError, SphttpError } from "../errors.ts";
import { type MirrorSource, parseMirrorUrl } from "../http/address/mirror_url.ts";
import { requestedUrl } from "../http/address/named_address.ts";
import type { TraceEvent } from "../trace/events.ts";
import { Driver } from "./driver.ts";
import type { FileInfo, KnownFile } from "./memory/known_file.ts";
import type { KnownPiece } from "./memory/known_pieces.ts";
import type { DownloaderOptions } from "./options/options.ts";
import type { Origin } from "./delivery/origins.ts";
import { Verification } from "./delivery/verification.ts";
import {
  type ResolvedOptions,
  resolveMaxRate,
  resolveOptions,
  withMirrors,
} from "./options/resolve_options.ts";
import { byteStream } from "./delivery/byte_stream.ts";
import { fileResponse, type ResponseOptions, unsatisfiableResponse } from "./delivery/response.ts";
import type { DownloadStats } from "./stats.ts";

/**
 * Downloads one file from many mirrors at once and delivers its bytes in order, once, while they
 * arrive. Nothing is requested before {@linkcode Downloader.open} or the first read.
 *
 * @example Serve a file from its mirrors
 * ```ts
 * import { Downloader } from "@x/sphttp";
 * import { assertEquals } from "@std/assert";
 *
 * function serve(urls: string[], fetch: typeof globalThis.fetch): Promise<Response> {
 *   return new Downloader(urls, { fetch }).response();
 * }
 *
 * const mirror = () => fetch("data:text/plain,a film");
 * const response = await serve(["https://one.example/film", "https://two.example/film"], mirror);
 * assertEquals(response.headers.get("content-type"), "text/plain");
 * assertEquals(await response.text(), "a film");
 * ```
 */
export class Downloader implements AsyncDisposable {
  #options: ResolvedOptions;
  #driver: Driver;
  /** Whether it was opened, read or cancelled: from then on, the driver has to know of any change. */
  #isStarted = false;
  /** The mirrors' URLs, as they were given or added. */
  readonly #names: Set<string>;
  /** Whether the driver has all mirrors; else the addresses of the given ones have to be looked up. */
  #isReady: boolean;
  #lookup: Promise<Driver> | undefined;
  /** Where addresses are looked up, mirrors are added and dropped one after the other. */
  #changes: Promise<void> = Promise.resolve();
  readonly #cancelled = new AbortController();
  #isRead = false;
  /** Whether someone reads, or will. */
  #isAwaited = false;
  /** The size that was set last; a window whose size was set does not grow. */
  #windowSize: number | undefined;
  #verification: Verification | undefined;

  /**
   * Creates a download of one file.
   *
   * @param urls the URLs of all mirrors of the file
   * @throws {MirrorUrlError} if there is no URL, an invalid one, or one that is not http or https
   * @throws {OptionTypeError} if an option has a value of the wrong type or kind
   * @throws {UnsupportedOptionError} if an option is set that needs Deno, and this is another runtime
   * @throws {UnusedOptionError} if an option is set that the chosen algorithm does not use
   * @throws {OptionRangeError} if a number is out of range
   */
  constructor(urls: readonly (string | URL)[], options: DownloaderOptions = {}) {
    this.#options = resolveOptions(urls, options);
    this.#driver = new Driver(this.#options);
    this.#isReady = !this.#options.eachAddress;
    this.#names = new Set(this.#options.mirrors.map(({ url }) => url));
  }

  /**
   * Starts the download and resolves once the mirrors have agreed on the file. Until the bytes are asked
   * for, by an iterator, {@linkcode Downloader.stream} or {@linkcode Downloader.response}, before this or
   * after it, no more than 2 MiB are fetched, and the process does not go on for the rest.
   *
   * Rejects with {@linkcode NoMirrorLeftError}, {@linkcode MirrorMismatchError},
   * {@linkcode RangeNotSatisfiableError}, or the reason of the signal.
   */
  open(): Promise<FileInfo> {
    const driver = this.#ready();
    if (driver instanceof Driver) return driver.open();
    const opened = driver.then((driver) => driver.open());
    opened.catch(() => {});
    return opened;
  }

  /**
   * Opens the download and returns a response with its bytes: 200 with the whole file, 206 with
   * `Content-Range` if a `range` is downloaded, and 416 without a body if the file does not have that
   * range. Cancelling the body cancels the download. The method and the conditions of a request
   * (`HEAD`, `If-None-Match`) are left to the caller.
   *
   * Rejects like `open()`, and with an {@linkcode SphttpError} if a range is downloaded of a file whose
   * size no mirror reports: a 206 has to state it.
   *
   * @throws {TypeError} if the bytes are being read already, or the download was cancelled
   */
  async response(options: ResponseOptions = {}): Promise<Response> {
    // Invalid headers throw before anything is running.
    const headers = new Headers(options.headers);
    this.#expectUnread();
    this.#expectReader();
    let info: FileInfo;
    try {
      info = await this.open();
    } catch (error) {
      if (error instanceof RangeNotSatisfiableError) {
        return unsatisfiableResponse(error.size, headers);
      }
      throw error;
    }
    const { range } = this.#driver.file;
    if (range === undefined || info.size) return fileResponse(info, range, this.stream(), headers);
    await this.cancel();
    if (info.size === 0) return unsatisfiableResponse(0, headers);
    throw new SphttpError(
      "a response with a range needs the size of the file, but no mirror reports it; " +
        "download the whole file",
    );
  }

  /**
   * Iterates over the bytes in order, in parts as they arrive. Leaving the loop early cancels the
   * download. If it fails, all bytes before the gap are delivered before the error is thrown.
   *
   * @throws {TypeError} if the bytes are being read already, or the download was cancelled
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined, undefined> {
    this.#claim();
    const end = { done: true, value: undefined } as const;
    let isLeft = false;
    const iterator: AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined, undefined> = {
      next: () => isLeft ? Promise.resolve(end) : this.#next(),
      return: async () => {
        isLeft = true;
        await this.cancel();
        return end;
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /**
   * Returns the bytes in order as a byte stream that downloads as it is read. Its chunks belong to the
   * reader. One that brings buffers of its own (`getReader({ mode: "byob" })`) gets the bytes copied into
   * these, and has nothing to {@linkcode Downloader.release}. Cancelling it cancels the download.
   *
   * @throws {TypeError} if the bytes are being read already, or the download was cancelled
   */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#claim();
    return byteStream({
      next: () => this.#next(),
      release: (part) => this.release(part),
      cancel: (reason) => this.cancel(reason),
    });
  }

  /**
   * Adds a mirror, at any time: before the start as if it had been given, and from then on as one that
   * has to show that it has the file before bytes of it are used. If it does not, it is dropped, and the
   * download goes on. One that failed, or was dropped, is tried again. Does nothing if the mirror is in use,
   * or the download is over.
   *
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  addMirror(url: string | URL): void {
    const mirror = parseMirrorUrl(url);
    this.#names.add(mirror.url);
    if (!this.#isStarted) {
      const others = this.#options.mirrors.filter((other) => other.url !== mirror.url);
      return this.#setMirrors([...others, mirror]);
    }
    if (!this.#options.eachAddress) return this.#driver.addMirror(mirror);
    this.#change(async (driver) => {
      const { mirrors, connections } = await this.#withAddresses([mirror]);
      for (const [index, one] of mirrors.entries()) driver.addMirror(one, connections?.[index]);
    });
  }

  /**
   * Drops a mirror, at any time: its requests are cancelled, and what it has delivered is used. Reports
   * whether the download had it. If no other mirror is left, the download fails with
   * {@linkcode NoMirrorLeftError}: add another one first.
   *
   * @throws {MirrorUrlError} if it is not an http or https URL
   */
  dropMirror(url: string | URL): boolean {
    const { url: name } = parseMirrorUrl(url);
    if (!this.#names.delete(name)) return false;
    const isMeant = (url: string) => requestedUrl(url) === name;
    if (!this.#isStarted) {
      this.#setMirrors(this.#options.mirrors.filter(({ url }) => !isMeant(url)));
    } else if (!this.#options.eachAddress) this.#driver.dropMirrors(isMeant);
    else this.#change((driver) => driver.dropMirrors(isMeant));
    return true;
  }

  /** Returns a snapshot of the download. */
  stats(): DownloadStats {
    return this.#driver.stats();
  }

  /**
   * What was learned of the file, as an option for another download of it; `undefined` before `open()`
   * has resolved, and if no mirror serves ranges.
   */
  get knownFile(): KnownFile | undefined {
    return this.#driver.file.known;
  }

  /**
   * Returns digests of some pieces of what was received so far, spread over it, at most 32. Added to
   * the `pieces` of a {@linkcode KnownFile}, they let another download recognize the file on a mirror
   * whose validators have changed.
   */
  learnedPieces(): Promise<readonly KnownPiece[]> {
    return this.#driver.learnedPieces();
  }

  /**
   * Returns which mirror has sent which of the bytes so far, lowest first: adjacent bytes of one mirror are
   * one range. `undefined` without the option `recordOrigins`, and if there are more than 65 536 ranges.
   */
  origins(): readonly Origin[] | undefined {
    return this.#driver.origins;
  }

  /**
   * Maximum number of bytes held or requested ahead of the consumer; may change at any time. If it
   * becomes smaller, what is over it is given back, and requested again later; only what has arrived of
   * a file whose mirrors do not serve ranges, or of which every byte has arrived, is kept.
   *
   * @throws {OptionTypeError} if it is set to a value that is not a whole number
   * @throws {OptionRangeError} if it is set to less than twice `splitSize`, or twice the length of a piece
   *   (`expectedPieces`)
   */
  get windowSize(): number {
    // Until someone reads, that of the driver is smaller.
    return this.#isAwaited ? this.#driver.windowSize : this.#windowSize ?? this.#options.windowSize;
  }

  set windowSize(bytes: number) {
    this.#driver.windowSize = bytes;
    this.#windowSize = bytes;
  }

  /**
   * Maximum rate of all mirrors together, in bytes per second; `undefined` for no limit. May change at
   * any time.
   *
   * @throws {OptionRangeError} if it is set to less than 1
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
   * Returns the memory of a part that is not needed any more, to be used again. This saves fast
   * downloads about a tenth of their processor time. The part, and every other view of its buffer, may be
   * empty or have other bytes from then on.
   */
  release(part: Uint8Array<ArrayBuffer>): void {
    this.#driver.release(part);
  }

  /**
   * Cancels the download: all requests end, held bytes are dropped, and a pending read rejects with
   * `reason`. Resolves when nothing is left running. Does nothing if all bytes were delivered.
   */
  async cancel(
    reason: unknown = new DOMException("The download was cancelled", "AbortError"),
  ): Promise<void> {
    this.#isStarted = true;
    this.#cancelled.abort();
    await this.#driver.cancel(reason);
  }

  /** Cancels the download if bytes are left to deliver. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  async #next(): Promise<IteratorResult<Uint8Array<ArrayBuffer>, undefined>> {
    const driver = await this.#ready();
    const next = await driver.next();
    const { info, range } = driver.file;
    if (!this.#options.verifyHash || range !== undefined || info === undefined) {
      return next;
    }
    try {
      this.#verification ??= Verification.of(info);
      this.#verification.take(next.value);
      return next;
    } catch (error) {
      await this.cancel(error);
      throw error;
    }
  }

  /** Returns the driver; where each address is to be a mirror, once they are known. */
  #ready(): Driver | Promise<Driver> {
    this.#isStarted = true;
    return this.#isReady ? this.#driver : this.#lookup ??= this.#lookUp();
  }

  async #lookUp(): Promise<Driver> {
    const { mirrors, signal } = this.#options;
    const options = await this.#withAddresses(mirrors);
    this.#isReady = true;
    // One that was cancelled meanwhile says so by itself.
    if (!this.#cancelled.signal.aborted && !signal?.aborted) this.#replaceDriver(options);
    return this.#driver;
  }

  /** Returns the options of a download from these mirrors, with one for each of their addresses. */
  async #withAddresses(mirrors: readonly MirrorSource[]): Promise<ResolvedOptions> {
    const { signal } = this.#options;
    const ends = [this.#cancelled.signal, ...signal === undefined ? [] : [signal]];
    const { withEachAddress } = await import("./options/each_address.ts");
    return await withEachAddress({ ...this.#options, mirrors }, { signal: AbortSignal.any(ends) });
  }

  #change(step: (driver: Driver) => void | Promise<void>): void {
    // Where the lookup fails, so do `open()` and the first read, which say why.
    const changed = this.#changes.then(async () => await step(await this.#ready()));
    this.#changes = changed.catch(() => {});
  }

  /** Downloads from these mirrors; only before the start. */
  #setMirrors(mirrors: readonly MirrorSource[]): void {
    this.#options = withMirrors(this.#options, mirrors);
    this.#replaceDriver(this.#options);
  }

  #replaceDriver(options: ResolvedOptions): void {
    const { maxRate } = this.#driver;
    this.#driver = new Driver(options);
    if (this.#isAwaited) this.#driver.expectReader();
    if (this.#windowSize !== undefined) this.#driver.windowSize = this.#windowSize;
    this.#driver.maxRate = maxRate;
  }

  #claim(): void {
    this.#expectUnread();
    this.#isRead = true;
    this.#expectReader();
  }

  #expectUnread(): void {
    if (this.#isRead) {
      throw new TypeError("a download can be read only once; create another Downloader");
    }
    const { cancellation } = this.#driver;
    if (cancellation !== undefined) {
      throw new TypeError("the download was cancelled; create another Downloader", {
        cause: cancellation.reason,
      });
    }
  }

  #expectReader(): void {
    this.#isAwaited = true;
    this.#driver.expectReader();
  }
}
