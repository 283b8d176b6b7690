/**
 * Measures one mirror. Every request is a download of a few bytes by the engine itself, with one mirror
 * and one range: so an answer counts here exactly if it would count in a download, credentials go where
 * they go there, and failures have the same words. What the engine does not tell (how many redirects,
 * how soon the headers came) is watched from the `fetch` that it is given.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import {
  Downloader,
  type DownloaderOptions,
  type KnownFile,
  type MirrorError,
  NoMirrorLeftError,
} from "../../../mod.ts";

/** Bytes of a sample. */
const SAMPLE_SIZE = 64 * 1024;

/** The most bytes that are read to measure a rate. */
const MOST_BYTES = 64_000_000;

/** How often the latency is measured; the median counts. */
const PINGS = 3;

/** What was found out of a mirror. */
export interface Measurement {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Why it cannot be used, if it failed. */
  readonly failure: MirrorError | undefined;
  /** The status of its first answer, redirects followed. */
  readonly status: number | undefined;
  /** Whether it answers ranges; to be believed where there was no failure. */
  readonly ranges: boolean;
  /** The file's size in bytes. */
  readonly size: number | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** How many redirects were followed. */
  readonly redirects: number;
  /** Where they led; an origin only, because the rest may be a secret. */
  readonly finalOrigin: string | undefined;
  /** From the first request to its answer: name, connection, TLS and redirects included. */
  readonly firstAnswerMs: number | undefined;
  /** From the request for a byte to its headers, over an open connection; with ranges only. */
  readonly latencyMs: number | undefined;
  /** Digest of the first bytes. */
  readonly head: string | undefined;
  /** Digest of bytes in the middle of the file, where it has more than the first ones. */
  readonly middle: string | undefined;
  /** Bytes per second that one request brings. */
  readonly bytesPerSecond: number | undefined;
}

/** What is common to all measurements. */
export interface ProbeSettings {
  /** Options of the engine. */
  readonly options: Pick<DownloaderOptions, "headers" | "connectTimeoutMs">;
  /** What sends the requests: over connections that stay open. */
  readonly fetch: typeof fetch;
  /** How long a rate is measured, in milliseconds. */
  readonly timeMs: number;
  /** Ends everything when it aborts. */
  readonly signal: AbortSignal;
}

/** An answer as it was seen. */
interface Answer {
  readonly origin: string;
  readonly status: number;
  /** When it was asked for, and when its headers were there; in milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly answeredAt: number;
}

/** Measures one mirror, step by step; a step after a failure does nothing. */
export class MirrorProbe {
  readonly #url: string;
  readonly #settings: ProbeSettings;
  #measurement: Measurement;
  #known: KnownFile | undefined;

  /**
   * Takes the mirror's URL, credentials and all.
   *
   * @throws {MirrorUrlError} it is no URL of a mirror
   * @throws {TypeError} an option is wrong
   */
  constructor(url: string, settings: ProbeSettings) {
    this.#url = url;
    this.#settings = settings;
    const [mirror] = this.#download({ start: 0 }, settings.fetch).stats().mirrors;
    this.#measurement = { ...NOTHING, url: mirror!.url };
  }

  /** What is known so far. */
  get measurement(): Measurement {
    return this.#measurement;
  }

  /** Asks what the file is, and takes samples of it. */
  async identify(): Promise<void> {
    await this.#step(async () => {
      const answers: Answer[] = [];
      try {
        const { bytes, download } = await this.#read({ start: 0, end: SAMPLE_SIZE }, answers);
        const { size, etag, lastModified } = await download.open();
        this.#known = download.knownFile;
        this.#note({ size, etag, lastModified, head: await digestOf(bytes) });
      } finally {
        this.#note(aboutFirst(answers));
      }
      const { size } = this.#measurement;
      const start = Math.max(SAMPLE_SIZE, Math.floor((size ?? 0) / 2));
      if (this.#known === undefined || size === undefined || start >= size) return;
      const end = Math.min(size, start + SAMPLE_SIZE);
      this.#note({ middle: await digestOf((await this.#read({ start, end })).bytes) });
    });
  }

  /** Measures the latency, where the mirror leaves a connection open after the answer. */
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
        // The second request of a mirror that had to be asked again does not begin anew.
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
      // What comes together with its headers takes no time that could be measured.
      const seconds = Math.max(1, endedAt - startedAt) / 1000;
      this.#note({ bytesPerSecond: bytes / seconds });
    });
  }

  /** Does a step, unless one before it failed. */
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

  #note(facts: Partial<Measurement>): void {
    this.#measurement = { ...this.#measurement, ...facts };
  }

  /** Reads a range to its end; puts what answers come into `answers`. */
  async #read(range: ByteRange, answers: Answer[] = []) {
    const fetch = watched(this.#settings.fetch, (answer) => answers.push(answer));
    const download = this.#download(range, fetch);
    const bytes = new Uint8Array(range.end - range.start);
    let length = 0;
    for await (const part of download) {
      bytes.set(part, length);
      length += part.byteLength;
    }
    return { download, bytes: bytes.subarray(0, length) };
  }

  /** A download of one range by one request, as far as that is possible. */
  #download(
    range: NonNullable<DownloaderOptions["range"]>,
    fetch: typeof globalThis.fetch,
    signal = this.#settings.signal,
  ): Downloader {
    const { options } = this.#settings;
    const { connectTimeoutMs } = options;
    return new Downloader([this.#url], {
      ...{ ...options, range, fetch, signal },
      idleTimeoutMs: connectTimeoutMs,
      knownFile: this.#known,
      delayRequest: "normal",
      // The whole range is one block, which one request asks for.
      splitSize: MOST_BYTES,
      windowSize: 2 * MOST_BYTES,
      retry: { attempts: 1 },
    });
  }
}

const NOTHING: Omit<Measurement, "url"> = {
  failure: undefined,
  status: undefined,
  ranges: false,
  size: undefined,
  etag: undefined,
  lastModified: undefined,
  redirects: 0,
  finalOrigin: undefined,
  firstAnswerMs: undefined,
  latencyMs: undefined,
  head: undefined,
  middle: undefined,
  bytesPerSecond: undefined,
};

/** A fetch that tells of each answer. */
function watched(fetch: typeof globalThis.fetch, tell: (answer: Answer) => void) {
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const startedAt = performance.now();
    const response = await fetch(input, init);
    const { origin } = new URL(input instanceof Request ? input.url : input);
    tell({ origin, status: response.status, startedAt, answeredAt: performance.now() });
    return response;
  };
}

/** What the answers to the first request say, redirects included. */
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

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
