/**
 * A crowd at one process: mirrors that come and go and fail in between, downloads of the library, and clients
 * of the proxy that seek, leave early, and pause. Every byte that arrives is compared.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { MAX_RECORDS } from "../../../lib/proxy/answer/file/known_files.ts";
import { Downloader, type DownloaderOptions, SphttpError } from "../../../mod.ts";
import { createHandler, type ProxyHandler } from "../../../server.ts";
import { type Content, randomContent } from "../../support/lab/content.ts";
import { type Fault, type LabMirror, startMirror } from "../../support/lab/mirror_lab.ts";
import { mulberry32 } from "../../support/random.ts";

const SIZE = 8_000_000;
const MIRRORS = 4;
/** Readers of the library, and of the proxy. */
const READERS = { library: 2, proxy: 4 };
/** Mirrors that fill the memory at a time, and lists of each of them: 256 hosts are remembered. */
const FILLING = { mirrors: 16, lists: 4 };
/** So many bytes of a file have all pieces of it that are remembered. */
const FILLING_BYTES = 600_000;

const OPTIONS: DownloaderOptions = {
  splitSize: 200_000,
  windowSize: 4_000_000,
  connectTimeoutMs: 3000,
  headersTimeoutMs: 3000,
  idleTimeoutMs: 3000,
  // A mirror that refuses everything is not waited for: the crowd is to go when its time is over.
  retry: { minDelayMs: 20, maxDelayMs: 200, attempts: 3, maxQuietMs: 3000 },
};

/** What the readers did. */
export interface SoakCounts {
  complete: number;
  left: number;
  failed: number;
  bytes: number;
  /** Mirrors that came. */
  mirrors: number;
  /** Lists of mirrors that filled the memory before. */
  lists: number;
}

export class SoakScene implements AsyncDisposable {
  readonly counts: SoakCounts = { complete: 0, left: 0, failed: 0, bytes: 0, mirrors: 0, lists: 0 };
  readonly #random: () => number;
  readonly #stayMs: number;
  readonly #content: Content = randomContent(SIZE, 11);
  readonly #handler: ProxyHandler;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #mirrors: LabMirror[] = [];

  /** `stayMs`: how long a mirror stays, in milliseconds. */
  constructor(seed: number, stayMs = 10_000) {
    this.#stayMs = stayMs;
    this.#random = mulberry32(seed);
    this.#handler = createHandler({ allowPrivate: true, download: OPTIONS });
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, this.#handler);
  }

  /**
   * Reads from so many lists of mirrors that what is remembered of files and hosts reaches its bounds: from then
   * on, what is new replaces what is old.
   */
  async fill(lists: number = MAX_RECORDS): Promise<void> {
    const { mirrors: count } = FILLING;
    for (let done = 0; done < lists; done += FILLING.lists * count) {
      const options = { content: this.#content, etag: '"1"' };
      const mirrors = await Promise.all(Array.from({ length: count }, () => startMirror(options)));
      const all = Array.from(
        { length: FILLING.lists * count },
        (_, index) => [0, 1, 2].map((next) => `${mirrors[(index + next) % count]!.url}?${index}`),
      );
      const read = async () => {
        for (let urls = all.shift(); urls !== undefined; urls = all.shift()) {
          const range = `bytes=0-${FILLING_BYTES - 1}`;
          const response = await this.#ask(urls, { range });
          const { byteLength } = await response.arrayBuffer();
          if (byteLength !== FILLING_BYTES) throw new Error(`${response.status}, ${byteLength} B`);
          this.counts.lists++;
        }
      };
      await Promise.all(Array.from({ length: READERS.proxy }, read));
      for (const mirror of mirrors) await mirror.close();
    }
  }

  /** Lets everybody do what they do for some time, then go away. */
  async run(ms: number): Promise<void> {
    const over = new AbortController();
    const until = performance.now() + ms;
    while (this.#mirrors.length < MIRRORS) this.#mirrors.push(await this.#mirror());
    const readers = [
      ...Array.from({ length: READERS.library }, () => () => this.#library(over.signal)),
      ...Array.from({ length: READERS.proxy }, () => () => this.#proxy(over.signal)),
    ];
    const work = readers.map(async (read) => {
      while (performance.now() < until) await read();
    });
    const change = async () => {
      const everyMs = this.#stayMs / MIRRORS;
      while (performance.now() + everyMs < until) {
        await delay(everyMs);
        await this.#mirrors.shift()!.close();
        this.#mirrors.push(await this.#mirror());
      }
    };
    await Promise.all([change(), delay(ms).then(() => over.abort()), ...work]);
    for (const mirror of this.#mirrors.splice(0)) await mirror.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const mirror of this.#mirrors.splice(0)) await mirror.close();
    await this.#server.shutdown();
    await this.#handler[Symbol.asyncDispose]();
  }

  async #mirror(): Promise<LabMirror> {
    this.counts.mirrors++;
    const bytesPerSecond = 1_000_000 + Math.floor(this.#random() * 4_000_000);
    const at = Math.floor(this.#random() * 300_000);
    const from = Math.floor(this.#random() * 6);
    const faults: readonly Fault[] = [
      { kind: "reset", afterBytes: at, from },
      { kind: "truncate", afterBytes: at, from, count: 2 },
      { kind: "stall", afterBytes: at, from, count: 2 },
      { kind: "status", status: 503, from },
      { kind: "slow-headers", delayMs: at / 300, from },
    ];
    // Half of the mirrors have no fault.
    const fault = faults[Math.floor(this.#random() * 2 * faults.length)];
    const options = { content: this.#content, etag: '"1"', bytesPerSecond };
    return await startMirror({ ...options, faults: fault === undefined ? [] : [fault] });
  }

  /** One download of the library, of a part of the file; one of three is given up. */
  async #library(over: AbortSignal): Promise<void> {
    const start = Math.floor(this.#random() * SIZE / 2);
    const leaveAt = this.#leaveAt();
    const download = new Downloader(this.#urls(), { ...OPTIONS, range: { start } });
    await this.#read(download, start, leaveAt, over);
  }

  /** One request to the proxy, for a part of the file; one of three is given up. */
  async #proxy(over: AbortSignal): Promise<void> {
    const start = Math.floor(this.#random() * SIZE);
    const leaveAt = this.#leaveAt();
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, over]);
    try {
      const response = await this.#ask(this.#urls(), { range: `bytes=${start}-` }, signal);
      if (response.status !== 206) {
        await response.body?.cancel();
        this.counts.failed++;
        return;
      }
      await this.#read(response.body!, start, leaveAt, over);
    } catch {
      this.counts.failed++;
    } finally {
      left.abort();
    }
  }

  #ask(urls: readonly string[], headers: HeadersInit, signal?: AbortSignal): Promise<Response> {
    const url = `http://127.0.0.1:${this.#server.addr.port}/proxy?host=${urls.join()}`;
    return fetch(url, { headers, signal: signal ?? null });
  }

  async #read(
    body: AsyncIterable<Uint8Array>,
    start: number,
    leaveAt: number,
    over: AbortSignal,
  ): Promise<void> {
    let at = start;
    try {
      for await (const bytes of body) {
        if (!isEqual(bytes, this.#content.read(at, at + bytes.byteLength))) {
          throw new WrongBytes(`wrong bytes at ${at}`);
        }
        at += bytes.byteLength;
        this.counts.bytes += bytes.byteLength;
        if (at - start >= leaveAt || over.aborted) break;
        // Some readers are slow.
        if (this.#random() < 0.02) await delay(50);
      }
    } catch (error) {
      if (error instanceof WrongBytes) throw error;
      if (!(error instanceof SphttpError) && !(error instanceof TypeError)) throw error;
      this.counts.failed++;
      return;
    }
    if (at === SIZE) this.counts.complete++;
    else this.counts.left++;
  }

  #leaveAt(): number {
    return this.#random() < 1 / 3 ? this.#random() * SIZE / 4 : Infinity;
  }

  /** One mirror or more, the newest last. */
  #urls(): string[] {
    const first = Math.floor(this.#random() * this.#mirrors.length);
    return this.#mirrors.slice(first).map(({ url }) => url);
  }
}

class WrongBytes extends Error {}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}
