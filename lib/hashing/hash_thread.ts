/**
 * Hashes bytes on a thread of their own, so that a fast download does not wait for their hashes. The memory
 * of bytes is transferred to the thread and back: nothing is copied, and no memory is allocated, which
 * would cost as much as the hash. A thread takes about a sixth of a second of processor time to start and
 * 20 MB: it is worth that for hundreds of megabytes, and the downloads of a process share a few.
 *
 * @module
 */

import type { HashType } from "../http/hashes.ts";
import { type PlatformHash, platformName } from "./platform_hash.ts";

/** Bytes whose memory can be transferred: all of a buffer is theirs. */
export type HashableBytes = Uint8Array<ArrayBuffer>;

/** The next bytes of one or several hashes. */
interface Task {
  /** Which hashes they are for: new ones, if there are none of this number. */
  readonly key: number;
  /** The names of their algorithms. */
  readonly names: readonly string[];
  /** The memory of the bytes: Deno 2.9 would send a view of it, like any object, field by field. */
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Whether these are the last ones. */
  readonly isLast: boolean;
}

/** What becomes of a task. */
interface Done {
  readonly buffer: ArrayBuffer;
  /** The digests in lower-case hexadecimal, if it was the last task of its hashes. */
  readonly digests: readonly string[];
}

/** What a thread says first. */
const READY = "ready";

/** Maximum number of threads of a process, which is also less than its number of processors. */
const MOST_THREADS = 2;

/** A worker of `node:worker_threads`, as far as it is used. */
interface Worker {
  on(event: "message", listener: (message: Done | typeof READY) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  postMessage(task: Task, transfer: readonly ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

interface Port {
  on(event: "message", listener: (task: Task) => void): unknown;
  postMessage(message: Done | typeof READY, transfer?: readonly ArrayBuffer[]): void;
}

/** What Deno, Node.js and Bun have. */
interface Platform {
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly process?: {
    getBuiltinModule?(name: "node:worker_threads"):
      | {
        readonly Worker: new (code: string, options: { readonly eval: true }) => Worker;
        readonly parentPort: Port;
      }
      | undefined;
    getBuiltinModule?(name: "node:crypto"):
      | { createHash(algorithm: string): PlatformHash }
      | undefined;
  };
}

/** What the thread runs. Only its text gets there: it uses nothing that is outside of it. */
function serve(): void {
  const { process } = globalThis as Platform;
  const { createHash } = process!.getBuiltinModule!("node:crypto")!;
  const { parentPort: port } = process!.getBuiltinModule!("node:worker_threads")!;
  const running = new Map<number, readonly PlatformHash[]>();
  port.on("message", ({ key, names, buffer, byteOffset, byteLength, isLast }) => {
    const hashes = running.get(key) ?? names.map((name) => createHash(name));
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    for (const hash of hashes) hash.update(bytes);
    if (isLast) running.delete(key);
    else running.set(key, hashes);
    const digests = isLast ? hashes.map((hash) => hash.digest("hex")) : [];
    port.postMessage({ buffer, digests }, [buffer]);
  });
  port.postMessage("ready");
}

/** A thread, which downloads share. */
class Thread {
  static readonly #all: Thread[] = [];
  static #keys = 0;

  readonly #worker: Worker;
  /** Resolves to whether it has started. */
  readonly #started: Promise<boolean>;
  /** The tasks that it has yet to do, in order. */
  readonly #waiting: { resolve: (done: Done) => void; reject: (error: unknown) => void }[] = [];
  #failure: { readonly error: unknown } | undefined;
  #users = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#started = new Promise((resolve) => {
      worker.on("message", (message) => {
        if (message === READY) return resolve(true);
        this.#waiting.shift()!.resolve(message);
        if (this.#waiting.length === 0) worker.unref();
      });
      worker.on("error", (error) => {
        this.#failure = { error };
        for (const { reject } of this.#waiting.splice(0)) reject(error);
        resolve(false);
      });
    });
  }

  /** Returns the thread with the fewest users of those that work, which is a new one unless there are enough. */
  static async take(): Promise<Thread | undefined> {
    const { process, navigator } = globalThis as Platform;
    const most = Math.min(MOST_THREADS, (navigator?.hardwareConcurrency ?? 2) - 1);
    if (most < 1) return undefined;
    const working = Thread.#all.filter((one) => one.#failure === undefined)
      .sort((one, other) => one.#users - other.#users);
    let thread = working[0];
    if (thread === undefined || (thread.#users > 0 && working.length < most)) {
      const threads = process?.getBuiltinModule?.("node:worker_threads");
      if (threads === undefined) return undefined;
      try {
        thread = new Thread(new threads.Worker(`(${serve})()`, { eval: true }));
      } catch {
        // Not every runtime, and not every host of one, lets code be run from a text.
        return undefined;
      }
      Thread.#all.push(thread);
    }
    thread.#users++;
    if (await thread.#started) {
      thread.#worker.unref();
      return thread;
    }
    await thread.release();
    return undefined;
  }

  static nextKey(): number {
    return Thread.#keys++;
  }

  /** Does a task; the buffer cannot be used meanwhile. */
  run(task: Task): Promise<Done> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      // The process goes on for what it does.
      if (this.#waiting.length === 0) this.#worker.ref();
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(task, [task.buffer]);
    });
  }

  /** Ends it if this was its last user. */
  async release(): Promise<void> {
    if (--this.#users > 0) return;
    Thread.#all.splice(Thread.#all.indexOf(this), 1);
    await this.#worker.terminate();
  }
}

/** A share in a thread that hashes. */
export class HashThread {
  readonly #thread: Thread;

  private constructor(thread: Thread) {
    this.#thread = thread;
  }

  /** Takes one; resolves to `undefined` where there is none, or one would be of no use. */
  static async take(): Promise<HashThread | undefined> {
    const thread = await Thread.take();
    return thread && new HashThread(thread);
  }

  /** Hashes bytes; returns them with the digest in hexadecimal. Their buffer cannot be used meanwhile. */
  async hash(
    type: HashType,
    bytes: HashableBytes,
  ): Promise<{ readonly bytes: HashableBytes; readonly digest: string }> {
    const { buffer, byteOffset, byteLength } = bytes;
    const place = { buffer, byteOffset, byteLength };
    const names = [platformName(type)];
    const done = await this.#thread.run({ ...place, key: Thread.nextKey(), names, isLast: true });
    const back = new Uint8Array(done.buffer, byteOffset, byteLength);
    return { bytes: back, digest: done.digests[0]! };
  }

  /** Begins hashes of bytes that pass. */
  begin(types: readonly HashType[]): ThreadHashes {
    const task = { key: Thread.nextKey(), names: types.map(platformName), byteOffset: 0 };
    return new ThreadHashes((buffer, byteLength, isLast) =>
      this.#thread.run({ ...task, buffer, byteLength, isLast })
    );
  }

  /** Gives it back; resolves when nothing of it is left. */
  release(): Promise<void> {
    return this.#thread.release();
  }
}

/** Size of the blocks in which bytes that pass are gathered. */
const BLOCK = 1024 * 1024;
/** Number of blocks that are filled and hashed in turn. */
const BLOCKS = 3;

type Run = (buffer: ArrayBuffer, byteLength: number, isLast: boolean) => Promise<Done>;

/** Hashes of bytes that pass, on a thread. */
class ThreadHashes {
  readonly #run: Run;
  /** What the thread has yet to hash, in order. */
  readonly #underWay: Promise<Done>[] = [];
  #block = new Uint8Array(BLOCK);
  #blocks = 1;
  #length = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Takes the next bytes, which may change once this is done. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.byteLength;) {
      if (this.#length === BLOCK) await this.#send();
      const some = bytes.subarray(taken, taken + BLOCK - this.#length);
      this.#block.set(some, this.#length);
      this.#length += some.byteLength;
      taken += some.byteLength;
    }
  }

  /** Ends the bytes; returns the digests in hexadecimal, in the order of the types. */
  async digests(): Promise<readonly string[]> {
    const last = this.#run(this.#block.buffer, this.#length, true);
    // Together: where the thread has failed, each of them does.
    const [{ digests }] = await Promise.all([last, ...this.#underWay]);
    return digests;
  }

  async #send(): Promise<void> {
    const sent = this.#run(this.#block.buffer, BLOCK, false);
    // It is awaited later.
    sent.catch(() => {});
    this.#underWay.push(sent);
    if (this.#blocks < BLOCKS) {
      this.#block = new Uint8Array(BLOCK);
      this.#blocks++;
    } else this.#block = new Uint8Array((await this.#underWay.shift()!).buffer);
    this.#length = 0;
  }
}
