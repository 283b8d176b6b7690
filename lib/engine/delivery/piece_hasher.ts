/**
 * Computes the digests of pieces off the thread that downloads: by Web Crypto where that has their type, and
 * from many bytes on by a thread that takes and returns their memory. Web Crypto copies what it hashes into
 * new memory, which for large pieces takes as long as their hash, and several times as long for two at once.
 *
 * @module
 */

import { HashThread } from "../../hashing/hash_thread.ts";
import { digestOf } from "../../hashing/platform_hash.ts";
import type { PieceAlgorithm } from "../../http/hashes.ts";
import type { Part } from "./reorder_buffer.ts";

/** A thread is started once so many bytes were hashed, and as many are left. */
const THREAD_AFTER = 64 * 1024 * 1024;

export interface PieceHasherOptions {
  readonly algorithm: PieceAlgorithm;
  /** Number of bytes that will be hashed, if all are wanted. */
  readonly total: number;
  /** When a thread is started, in bytes. @default {64 MiB} */
  readonly threadAfter?: number | undefined;
}

/** Hashes the pieces of one download. */
export class PieceHasher {
  readonly #algorithm: PieceAlgorithm;
  readonly #threadAfter: number;
  #left: number;
  #bytes = 0;
  #starting: Promise<void> | undefined;
  #thread: HashThread | undefined;

  constructor({ algorithm, total, threadAfter = THREAD_AFTER }: PieceHasherOptions) {
    this.#algorithm = algorithm;
    this.#left = total;
    this.#threadAfter = threadAfter;
  }

  /** So many digests are best computed at once: while a thread hashes one piece, the next one waits there. */
  get mostAtOnce(): number {
    return this.#thread === undefined ? 1 : 2;
  }

  /** Computes the digest, in hexadecimal, and returns the bytes: their buffer cannot be used meanwhile. */
  async digest(bytes: Part): Promise<{ readonly digest: string; readonly memory: Part }> {
    this.#bytes += bytes.byteLength;
    this.#left -= bytes.byteLength;
    if (Math.min(this.#bytes, this.#left) >= this.#threadAfter) this.#starting ??= this.#start();
    if (this.#thread !== undefined) {
      const done = await this.#thread.hash(this.#algorithm, bytes);
      return { digest: done.digest, memory: done.bytes };
    }
    return { digest: await digestOf(this.#algorithm, bytes), memory: bytes };
  }

  async #start(): Promise<void> {
    this.#thread = await HashThread.take();
  }

  /** Gives the thread back; no digest is being computed. */
  async close(): Promise<void> {
    await this.#starting;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.release();
  }
}
