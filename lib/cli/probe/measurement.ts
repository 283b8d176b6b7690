/**
 * Measures one mirror. Each request is a download of a few bytes by the engine, with one mirror and one
 * range, so that responses, credentials and failures are treated as in a download. What the engine does
 * not report (redirects, the time of the headers) is observed by the `fetch` that is passed to it.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import { looksLikeHtml } from "../../http/name/html.ts";
import { sha256Of } from "../../hashing/platform_hash.ts";
import {
  Downloader,
  type DownloaderOptions,
  type Hashes,
  type KnownFile,
  type MirrorError,
  NoMirrorLeftError,
  type TraceEvent,
} from "../../../mod.ts";

/** The size of a sample in bytes. */
const SAMPLE_SIZE = 64 * 1024;

/** The maximum number of bytes that are read to measure a rate. */
const MOST_BYTES = 64_000_000;

/** The number of measurements of the latency, of which the median is used. */
const PINGS = 3;

/** What was measured of a mirror. */
export interface Measurement {
  /** Its URL, without credentials. */
  readonly url: string;
  /** The failure that ended the measurement. */
  readonly failure?: MirrorError | undefined;
  /** The status of the first response, after redirects. */
  readonly status?: number | undefined;
  /** Whether ranges are supported; valid only without a failure. */
  readonly ranges: boolean;
  /** The file's size in bytes. */
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Hashes of the whole file, as it says. */
  readonly hashes?: Hashes | undefined;
  /** Whether responses to the same file had different ETags. */
  readonly etagVaries?: boolean | undefined;
  /** The Content-Encoding with which the file is stored. */
  readonly encoding?: string | undefined;
  /** The form of asking that it answers, after it has refused `bytes=N-M`. */
  readonly rangeForm?: "open" | "plain" | undefined;
  /** Whether the first bytes are those of an HTML page. */
  readonly isPage?: boolean | undefined;
  readonly redirects: number;
  /** The origin of the last redirect's target; the rest of its URL may be secret. */
  readonly finalOrigin?: string | undefined;
  /** From the first request to its response, with name lookup, connecting, TLS and redirects. */
  readonly firstAnswerMs?: number | undefined;
  /** From the request for one byte to its headers on an open connection, if ranges are supported. */
  readonly latencyMs?: number | undefined;
  /** The digest of the first bytes. */
  readonly head?: string | undefined;
  /** The digest of bytes in the middle, if the file is longer than one sample. */
  readonly middle?: string | undefined;
  readonly bytesPerSecond?: number | undefined;
}

export interface ProbeSettings {
  /** How requests are sent. */
  readonly options: DownloaderOptions;
  /** Sends the requests; must keep connections open. */
  readonly fetch: typeof fetch;
  readonly timeMs: number;
  readonly signal: AbortSignal;
}

/** A response that was observed. */
interface Answer {
  readonly origin: string;
  readonly status: number;
  readonly etag: string | null;
  /** The times of the request and of the response's headers, as in `performance.now()`. */
  readonly startedAt: number;
  readonly answeredAt: number;
}

/** Measures one mirror in steps; after a failure, a step does nothing. */
export class MirrorProbe {
  readonly #url: string;
  readonly #settings: ProbeSettings;
  #measurement: Measurement;
  #known: KnownFile | undefined;
  /** The ETags of its responses. */
  readonly #etags = new Set<string>();

  /**
   * Sends nothing yet. `url` may have credentials.
   *
   * @throws {MirrorUrlError} `url` is not the URL of a mirror
   * @throws {TypeError} an option is invalid
   */
  constructor(url: string, settings: ProbeSettings) {
    this.#url = url;
    this.#settings = settings;
    const [mirror] = this.#download({ start: 0 }, settings.fetch).stats().mirrors;
    this.#measurement = { url: mirror!.url, ranges: false, redirects: 0 };
  }

  get measurement(): Measurement {
    return this.#measurement;
  }

  /** Requests facts and samples of the file. */
  async identify(): Promise<void> {
    await this.#step(async () => {
      const answers: Answer[] = [];
      try {
        const { bytes, download } = await this.#read({ start: 0, end: SAMPLE_SIZE }, answers);
        const { size, etag, lastModified, hashes } = await download.open();
        this.#known = download.knownFile;
        const isPage = looksLikeHtml(bytes);
        const head = await sha256Of(bytes);
        this.#note({ size, etag, lastModified, hashes, isPage, head });
      } finally {
        this.#note(aboutFirst(answers));
      }
      const { size } = this.#measurement;
      const start = Math.max(SAMPLE_SIZE, Math.floor((size ?? 0) / 2));
      if (this.#known === undefined || size === undefined || start >= size) return;
      const end = Math.min(size, start + SAMPLE_SIZE);
      this.#note({ middle: await sha256Of((await this.#read({ start, end })).bytes) });
    });
  }

  /** Measures the latency, if the mirror supports ranges. */
  async ping(): Promise<void> {
    await this.#step(async () => {
      if (this.#known === undefined) return;
      const times: number[] = [];
      while (times.length < PINGS) {
        const answers: Answer[] = [];
        await this.#read({ start: 0, end: 1 }, answers);
        const { startedAt, answeredAt } = answers.at(-1)!;
        times.push(answeredAt - startedAt);
      }
      this.#note({ latencyMs: times.sort((one, other) => one - other)[Math.floor(PINGS / 2)] });
    });
  }

  /** Measures the rate of one request, from its headers on. */
  async measureRate(): Promise<void> {
    await this.#step(async () => {
      if (this.#measurement.size === 0) return;
      const over = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      let [startedAt, endedAt, bytes] = [0, 0, 0];
      const fetch = watched(this.#settings.fetch, ({ status, answeredAt }) => {
        if (isRedirect(status)) return;
        // A repeated request does not start the measurement again.
        startedAt ||= answeredAt;
        timer ??= setTimeout(() => over.abort(), this.#settings.timeMs);
      });
      const signal = AbortSignal.any([this.#settings.signal, over.signal]);
      const range = { start: 0, end: MOST_BYTES };
      await using download = this.#download(range, fetch, signal);
      try {
        for await (const part of download) {
          bytes += part.byteLength;
          endedAt = performance.now();
          if (bytes >= MOST_BYTES) break;
        }
      } catch (error) {
        if (!over.signal.aborted || this.#settings.signal.aborted) throw error;
        endedAt = performance.now();
      } finally {
        clearTimeout(timer);
      }
      // Bytes that arrive together with the headers take no measurable time.
      const seconds = Math.max(1, endedAt - startedAt) / 1000;
      this.#note({ bytesPerSecond: bytes / seconds });
    });
  }

  async #step(work: () => Promise<void>): Promise<void> {
    if (this.#measurement.failure !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#settings.signal.throwIfAborted();
      if (!(error instanceof NoMirrorLeftError)) throw error;
      this.#note({ failure: error.cause[0] });
    }
  }

  /** Notes what an event of a download says of the mirror. */
  #learn(event: TraceEvent): void {
    // A mirror that refuses is asked in another form.
    if (event.type === "ask" && event.form !== "bounded") this.#note({ rangeForm: event.form });
    if (event.type !== "answer") return;
    this.#note({ encoding: event.encoding });
  }

  #note(facts: Partial<Measurement>): void {
    this.#measurement = { ...this.#measurement, ...facts };
  }

  /** Reads a range to its end; adds the responses to `answers`. */
  async #read(range: ByteRange, answers: Answer[] = []) {
    const fetch = watched(this.#settings.fetch, (answer) => {
      answers.push(answer);
      if ((answer.status === 200 || answer.status === 206) && answer.etag !== null) {
        this.#etags.add(answer.etag);
      }
      this.#note({ etagVaries: this.#etags.size > 1 });
    });
    const download = this.#download(range, fetch);
    const bytes = new Uint8Array(range.end - range.start);
    let length = 0;
    for await (const part of download) {
      bytes.set(part, length);
      length += part.byteLength;
    }
    return { download, bytes: bytes.subarray(0, length) };
  }

  /** Returns a download of one range by one request, if possible. */
  #download(
    range: NonNullable<DownloaderOptions["range"]>,
    fetch: typeof globalThis.fetch,
    signal = this.#settings.signal,
  ): Downloader {
    const { options } = this.#settings;
    const { connectTimeoutMs } = options;
    return new Downloader([this.#url], {
      ...{ ...options, range, fetch, signal },
      onEvent: (event) => this.#learn(event),
      idleTimeoutMs: connectTimeoutMs,
      knownFile: this.#known,
      delayRequest: "normal",
      // One block is requested at once: make it hold the whole range.
      splitSize: MOST_BYTES,
      windowSize: 2 * MOST_BYTES,
      retry: { attempts: 1 },
    });
  }
}

/** Returns a `fetch` that reports each response. */
function watched(fetch: typeof globalThis.fetch, tell: (answer: Answer) => void) {
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const startedAt = performance.now();
    const response = await fetch(input, init);
    const { origin } = new URL(input instanceof Request ? input.url : input);
    const { status, headers } = response;
    const etag = headers.get("etag");
    tell({ origin, status, etag, startedAt, answeredAt: performance.now() });
    return response;
  };
}

/** Returns the facts in the responses to the first request and its redirects. */
function aboutFirst(answers: readonly Answer[]): Partial<Measurement> {
  const redirects = answers.findIndex(({ status }) => !isRedirect(status));
  if (redirects === -1) return { redirects: answers.length, finalOrigin: answers.at(-1)?.origin };
  const { status, origin, answeredAt } = answers[redirects]!;
  return {
    ...{ status, redirects, finalOrigin: origin },
    ranges: status !== 200,
    firstAnswerMs: answeredAt - answers[0]!.startedAt,
  };
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}
