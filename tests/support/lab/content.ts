/**
 * The files of the lab. Content of any size is read by ranges and takes a few megabytes of memory: random content
 * repeats a pattern of prime length, so that no two blocks are equal and a block in the wrong place changes the hash.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { HashType } from "../../../lib/http/hashes.ts";

/** A file that is read by ranges. */
export interface Content {
  /** Length in bytes. */
  readonly size: number;
  /**
   * Returns the bytes `[start, end)`, with `0 <= start <= end <= size`. They may share memory with other reads and
   * must not be written to.
   */
  read(start: number, end: number): Uint8Array<ArrayBuffer>;
  /** Returns the SHA-256 of the whole content in hexadecimal; computed by the first call. */
  sha256(): string;
}

/** Length of the repeated pattern in bytes: the largest prime below 2^20. */
const PATTERN_SIZE = 1_048_573;

/** Bytes that are hashed at once. */
const HASH_PIECE = 1 << 20;

/** The bounds check and the cached hash of all contents. */
abstract class BaseContent implements Content {
  readonly size: number;
  #sha256: string | undefined;

  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`A content's size must be a whole number of bytes, got ${size}`);
    }
    this.size = size;
  }

  read(start: number, end: number): Uint8Array<ArrayBuffer> {
    if (!(start >= 0 && start <= end && end <= this.size)) {
      throw new RangeError(`Cannot read [${start}, ${end}) of ${this.size} bytes`);
    }
    return this.bytesAt(start, end);
  }

  sha256(): string {
    if (this.#sha256 === undefined) {
      const hash = createHash("sha256");
      for (let at = 0; at < this.size; at += HASH_PIECE) {
        hash.update(this.bytesAt(at, Math.min(this.size, at + HASH_PIECE)));
      }
      this.#sha256 = hash.digest("hex");
    }
    return this.#sha256;
  }

  protected abstract bytesAt(start: number, end: number): Uint8Array<ArrayBuffer>;
}

class RandomContent extends BaseContent {
  /** The pattern twice: a read of up to one pattern length is one view. */
  readonly #twice: Uint8Array<ArrayBuffer>;

  constructor(size: number, seed: number) {
    super(size);
    this.#twice = patternOf(seed);
  }

  protected override bytesAt(start: number, end: number): Uint8Array<ArrayBuffer> {
    const length = end - start;
    const offset = start % PATTERN_SIZE;
    if (length <= PATTERN_SIZE) return this.#twice.subarray(offset, offset + length);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const from = (offset + filled) % PATTERN_SIZE;
      const piece = this.#twice.subarray(from, from + Math.min(PATTERN_SIZE, length - filled));
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }
}

class BytesContent extends BaseContent {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array) {
    super(bytes.length);
    this.#bytes = new Uint8Array(bytes);
  }

  protected override bytesAt(start: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(start, end);
  }
}

class OtherContent extends BaseContent {
  readonly #original: Content;
  readonly #from: number;

  constructor(original: Content, from: number) {
    super(original.size);
    this.#original = original;
    this.#from = from;
  }

  protected override bytesAt(start: number, end: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#original.read(start, end);
    if (end <= this.#from) return bytes;
    const changed = bytes.slice();
    const at = Math.max(0, this.#from - start);
    for (let i = at; i < changed.length; i++) changed[i]! ^= 0xa5;
    return changed;
  }
}

class FlippedContent extends BaseContent {
  readonly #original: Content;
  readonly #places: readonly number[];

  constructor(original: Content, places: readonly number[]) {
    super(original.size);
    this.#original = original;
    this.#places = places;
  }

  protected override bytesAt(start: number, end: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#original.read(start, end);
    const inside = this.#places.filter((place) => place >= start && place < end);
    if (inside.length === 0) return bytes;
    const changed = bytes.slice();
    for (const place of inside) changed[place - start]! ^= 0x01;
    return changed;
  }
}

class ResizedContent extends BaseContent {
  readonly #original: Content;

  constructor(original: Content, size: number) {
    super(size);
    this.#original = original;
  }

  protected override bytesAt(start: number, end: number): Uint8Array<ArrayBuffer> {
    const known = this.#original.size;
    if (end <= known) return this.#original.read(start, end);
    const bytes = new Uint8Array(end - start);
    if (start < known) bytes.set(this.#original.read(start, known));
    return bytes;
  }
}

/**
 * Returns pseudo-random content, the same for the same seed. Different seeds differ in nearly every byte.
 *
 * @param size length in bytes, 4 GiB and more too
 */
export function randomContent(size: number, seed = 1): Content {
  return kept(lately, `${size} ${seed}`, () => new RandomContent(size, seed));
}

/** Number of random contents, and of patterns, that are kept: tests use the same ones again and again. */
const KEPT = 8;
/** Those that were asked for last, the latest at the end. */
const lately = new Map<string, Content>();
/** The patterns of the seeds that were asked for last, the latest at the end: contents of any size share them. */
const patterns = new Map<number, Uint8Array<ArrayBuffer>>();

/** Returns a value of those that are kept, or a new one, which replaces the one that was not asked for longest. */
function kept<Key, Value>(values: Map<Key, Value>, key: Key, create: () => Value): Value {
  const value = values.get(key) ?? create();
  values.delete(key);
  values.set(key, value);
  for (const oldest of values.keys()) {
    if (values.size <= KEPT) break;
    values.delete(oldest);
  }
  return value;
}

/** Returns the pattern of a seed, twice. */
function patternOf(seed: number): Uint8Array<ArrayBuffer> {
  return kept(patterns, seed, () => {
    const twice = new Uint8Array(2 * PATTERN_SIZE);
    fillRandom(twice.subarray(0, PATTERN_SIZE), seed);
    return twice.copyWithin(PATTERN_SIZE, 0, PATTERN_SIZE);
  });
}

/** Returns content with a copy of these bytes. */
export function bytesContent(bytes: Uint8Array): Content {
  return new BytesContent(bytes);
}

/** Returns content of the same size whose bytes all differ from offset `from` on. */
export function otherContent(content: Content, from = 0): Content {
  return new OtherContent(content, from);
}

/** Returns the same content but for one bit at each of these places. */
export function flippedContent(content: Content, places: readonly number[]): Content {
  return new FlippedContent(content, places);
}

/** Returns the digests of the pieces of a content. */
export function piecesOf(
  content: Content,
  length: number,
  algorithm: HashType = "sha-256",
): { algorithm: HashType; length: number; digests: string[] } {
  const digests: string[] = [];
  for (let at = 0; at < content.size; at += length) {
    const hash = createHash(algorithm.replace("-", ""));
    digests.push(hash.update(content.read(at, Math.min(content.size, at + length))).digest("hex"));
  }
  return { algorithm, length, digests };
}

/** Returns the same content cut at `size`, or padded with zeros up to it. */
export function resizedContent(content: Content, size: number): Content {
  return new ResizedContent(content, size);
}

/** Fills bytes by Marsaglia's xorshift32; small seeds start far apart. */
function fillRandom(bytes: Uint8Array, seed: number): void {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  x ^= x >>> 13;
  if (x === 0) x = 0x6d2b79f5;
  for (let i = 0; i < bytes.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = (x ^ (x >>> 16)) & 0xff;
  }
}
