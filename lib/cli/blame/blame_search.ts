/**
 * Searches a file on disk whose digest does not fit for the bytes that are wrong. What one mirror has sent is
 * fetched again from another one; where they differ, others are asked, and the digest decides which of the
 * bytes are right. A mirror is asked at most once for a byte, and never for one that it has sent. The file is
 * changed only where that makes its digest fit.
 *
 * @module
 */

import { SphttpError } from "../../../mod.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { adjacent, type Chunk, chunksOf, type Source, type Variant } from "./disputed_chunk.ts";
import { piecesFrom, readAt, writeAt } from "./mirror_pieces.ts";
import type { Sender } from "./senders.ts";

export interface BlameSearchOptions {
  /** The file; its first byte is that at `range.start`. */
  readonly file: Deno.FsFile;
  /** An empty file for bytes that differ. */
  readonly variants: Deno.FsFile;
  /** The bytes of the file that are there. */
  readonly range: ByteRange;
  /** Who has sent them, first those to suspect most. */
  readonly senders: readonly Sender[];
  /** URLs of the mirrors to ask, the best first. */
  readonly mirrors: readonly string[];
  /** Fetches bytes from a mirror. Fails with an {@linkcode SphttpError} if that is the mirror's fault. */
  readonly fetch: (mirror: string, range: ByteRange) => AsyncIterable<Uint8Array>;
  /** Reports whether bytes are those of the file. */
  readonly fits: (bytes: AsyncIterable<Uint8Array>) => Promise<boolean>;
  /** Is called before the file is changed, and awaited. */
  readonly beforeChange: () => Promise<void>;
  /** Is called with the share of the search that is done, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal: AbortSignal;
}

/** The result of a search. */
export interface Finding {
  /** Whether the file is right now. */
  readonly isRight: boolean;
  /** Ranges in which mirrors have sent other bytes, or an earlier download has left some (`undefined`). */
  readonly wrong: ReadonlyMap<string | undefined, readonly ByteRange[]>;
}

/** So many others are asked for each byte: where three mirrors agree, it is the digest that is wrong. */
const ROUNDS = 2;

/** Returns how many times all bytes are fetched again, at most, if there are so many mirrors. */
export function mostFetches(mirrors: number): number {
  return Math.min(ROUNDS, mirrors - 1);
}

/** The most chunks that are compared at once. */
const BATCH = 1024;
/** The most chunks that are remembered; where mirrors differ in more, they have different files. */
const MOST_DISPUTED = 65_536;
/** The most combinations of bytes that are tried where no mirror is right everywhere: for each, the file is hashed. */
const MOST_COMBINATIONS = 32;
const READ_SIZE = 256 * 1024;

/** What to replace in the file. */
type Choice = ReadonlyMap<Chunk, Variant>;

export class BlameSearch {
  readonly #options: BlameSearchOptions;
  readonly #disputed: Chunk[] = [];
  readonly #sources = new Map<Sender, Source & { asked: Set<string>; agreeing: Set<string> }>();
  readonly #failed = new Set<string>();
  /** Choices that did not make the digest fit. */
  readonly #tried = new Set<string>();
  #keptBytes = 0;
  /** Number of bytes that mirrors have sent. */
  #heardBytes = 0;
  /** What was replaced. */
  #chosen: Choice = new Map();

  constructor(options: BlameSearchOptions) {
    this.#options = options;
  }

  /** Searches, and corrects the file if the right bytes are found. */
  async run(): Promise<Finding> {
    try {
      return await this.#search();
    } finally {
      this.#options.onProgress?.(1);
    }
  }

  async #search(): Promise<Finding> {
    for (let round = 1; round <= ROUNDS; round++) {
      const isRight = await this.#round();
      if (isRight || this.#disputed.length > MOST_DISPUTED) return this.#finding(isRight);
    }
    for (const choose of combinations(this.#disputed)) {
      if (await this.#try(choose)) return this.#finding(true);
    }
    return this.#finding(false);
  }

  /** Compares all bytes with those of another mirror; reports whether the file is right then. */
  async #round(): Promise<boolean> {
    const { senders, mirrors } = this.#options;
    for (const sender of senders) {
      const before = this.#disputed.length;
      await this.#compareAll(sender);
      if (this.#disputed.length > MOST_DISPUTED) return false;
      if (this.#disputed.length === before) continue;
      const suspect = (chunk: Chunk) => chunk.sender === sender.mirror ? chunk.best : undefined;
      if (await this.#try((chunk) => chunk.majority ?? suspect(chunk))) return true;
    }
    if (await this.#try((chunk) => chunk.majority ?? chunk.best)) return true;
    for (const mirror of mirrors) {
      await this.#ask(mirror, this.#disputed);
      if (await this.#try((chunk) => chunk.of(mirror) ?? chunk.majority)) return true;
    }
    return false;
  }

  /** Compares the bytes of one sender with those of mirrors that were not asked for them before. */
  async #compareAll(sender: Sender): Promise<void> {
    const { mirrors } = this.#options;
    const source = this.#sources.get(sender) ??
      { mirror: sender.mirror, asked: new Set<string>(), agreeing: new Set<string>() };
    this.#sources.set(sender, source);
    const others = mirrors.filter((mirror) =>
      mirror !== sender.mirror && !source.asked.has(mirror)
    );
    if (others.length === 0) return;
    const isKnown = new Set(this.#disputed.map(({ start }) => start));
    const asked = new Set<string>();
    for (const batch of batches(chunksOf(sender.ranges, source))) {
      const chunks = batch.filter(({ start }) => !isKnown.has(start));
      let open = chunks;
      for (const mirror of others) {
        if (open.length === 0) break;
        if (await this.#ask(mirror, open)) asked.add(mirror);
        // What is of unknown origin may be of the mirror that is asked.
        if (sender.mirror !== undefined) open = open.filter((chunk) => !chunk.of(mirror));
      }
      const disputed = chunks.filter(({ isDisputed }) => isDisputed);
      for (const mirror of mirrors) {
        await this.#ask(mirror, disputed.filter(({ majority }) => majority === undefined));
      }
      this.#disputed.push(...disputed);
      if (this.#disputed.length > MOST_DISPUTED) return;
    }
    // If one took the place of another, neither has sent all.
    for (const mirror of asked) {
      source.asked.add(mirror);
      if (asked.size === 1 && !this.#failed.has(mirror)) source.agreeing.add(mirror);
    }
  }

  /** Fetches chunks from a mirror that may be asked for them; reports whether it was asked for any. */
  async #ask(mirror: string, chunks: readonly Chunk[]): Promise<boolean> {
    const { fetch, signal } = this.#options;
    const open = chunks.filter((chunk) => chunk.mayAsk(mirror));
    for (const run of adjacent(open)) {
      signal.throwIfAborted();
      if (this.#failed.has(mirror)) break;
      for (const chunk of run) chunk.ask(mirror);
      const range = { start: run[0]!.start, end: run.at(-1)!.end };
      try {
        for await (const { piece, parts } of piecesFrom(fetch(mirror, range), run)) {
          const bytes = joined(parts);
          if (bytes.byteLength < piece.end - piece.start) {
            this.#failed.add(mirror);
            break;
          }
          await this.#hear(mirror, piece, bytes);
        }
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof SphttpError)) throw error;
        this.#failed.add(mirror);
      }
    }
    return open.length > 0;
  }

  /** Takes what a mirror has sent. */
  async #hear(mirror: string, chunk: Chunk, bytes: Uint8Array): Promise<void> {
    const { range, mirrors, onProgress } = this.#options;
    this.#heardBytes += bytes.byteLength;
    // What mirrors differ in is fetched more often than that.
    const most = mostFetches(mirrors.length) * (range.end - range.start);
    onProgress?.(Math.min(0.99, this.#heardBytes / most));
    for (const variant of chunk.variants) {
      if (areEqual(bytes, await this.#read(chunk, variant))) {
        variant.voters.add(mirror);
        return;
      }
    }
    const keptAt = this.#keptBytes;
    await writeAt(this.#options.variants, keptAt, [bytes]);
    this.#keptBytes += bytes.byteLength;
    chunk.variants.push({ keptAt, voters: new Set([mirror]) });
  }

  #read(chunk: Chunk, { keptAt }: Variant): Promise<Uint8Array<ArrayBuffer>> {
    const { file, variants } = this.#options;
    if (keptAt === undefined) return readAt(file, this.#onDisk(chunk));
    return readAt(variants, { start: keptAt, end: keptAt + chunk.end - chunk.start });
  }

  /** Returns where bytes are in the file on disk. */
  #onDisk({ start, end }: ByteRange): ByteRange {
    const { range } = this.#options;
    return { start: start - range.start, end: end - range.start };
  }

  /** Corrects the file by this choice if its digest fits then; reports whether it does. */
  async #try(choose: (chunk: Chunk) => Variant | undefined): Promise<boolean> {
    this.#disputed.sort((one, other) => one.start - other.start);
    const choice = new Map<Chunk, Variant>();
    for (const chunk of this.#disputed) {
      const variant = choose(chunk);
      if (variant?.keptAt !== undefined) choice.set(chunk, variant);
    }
    const key = [...choice.values()].map(({ keptAt }) => keptAt).join();
    if (choice.size === 0 || this.#tried.has(key)) return false;
    this.#tried.add(key);
    const { fits, file, range, beforeChange } = this.#options;
    if (!await fits(this.#bytes(range, choice))) return false;
    await beforeChange();
    for (const [chunk, variant] of choice) {
      const bytes = await this.#read(chunk, variant);
      await writeAt(file, this.#onDisk(chunk).start, [bytes]);
    }
    // What counts is what is on disk.
    const isRight = await fits(this.#bytes(range, new Map()));
    if (isRight) this.#chosen = choice;
    return isRight;
  }

  /** Reads the file as it would be with what was chosen. */
  async *#bytes({ start, end }: ByteRange, choice: Choice): AsyncGenerator<Uint8Array> {
    let at = start;
    for (const [chunk, variant] of choice) {
      yield* this.#onDiskBytes({ start: at, end: chunk.start });
      yield await this.#read(chunk, variant);
      at = chunk.end;
    }
    yield* this.#onDiskBytes({ start: at, end });
  }

  async *#onDiskBytes({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    const { file, signal } = this.#options;
    for (let at = start; at < end; at += READ_SIZE) {
      signal.throwIfAborted();
      yield await readAt(file, this.#onDisk({ start: at, end: Math.min(end, at + READ_SIZE) }));
    }
  }

  /** Returns who has sent other bytes than those that are right, or than those of most mirrors. */
  #finding(isRight: boolean): Finding {
    const wrong = new Map<string | undefined, ByteRange[]>();
    for (const chunk of this.#disputed) {
      const [onDisk] = chunk.variants;
      const right = isRight ? this.#chosen.get(chunk) ?? onDisk : chunk.majority;
      if (right === undefined) continue;
      const wrongly = chunk.variants.filter((variant) => variant !== right);
      const liars: (string | undefined)[] = wrongly.flatMap(({ voters }) => [...voters]);
      if (right !== onDisk && chunk.sender === undefined) liars.push(undefined);
      for (const liar of liars) wrong.set(liar, [...wrong.get(liar) ?? [], chunk]);
    }
    const merged = [...wrong].map(([liar, chunks]) => [liar, rangesOf(chunks)] as const);
    return { isRight, wrong: new Map(merged) };
  }
}

/** Yields every combination of the bytes that mirrors have sent for these chunks, unless there are too many. */
function* combinations(chunks: readonly Chunk[]): Generator<(chunk: Chunk) => Variant | undefined> {
  const count = chunks.reduce((product, { variants }) => product * variants.length, 1);
  if (count > MOST_COMBINATIONS) return;
  // The first one is what the file has.
  for (let number = 1; number < count; number++) {
    const choice = new Map<Chunk, Variant>();
    let rest = number;
    for (const chunk of chunks) {
      choice.set(chunk, chunk.variants[rest % chunk.variants.length]!);
      rest = Math.floor(rest / chunk.variants.length);
    }
    yield (chunk) => choice.get(chunk);
  }
}

/** Returns the ranges that chunks make up. */
function rangesOf(chunks: readonly ByteRange[]): ByteRange[] {
  return adjacent(chunks).map((run) => ({ start: run[0]!.start, end: run.at(-1)!.end }));
}

function* batches<Item>(items: Iterable<Item>): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

function areEqual(some: Uint8Array, others: Uint8Array): boolean {
  return some.byteLength === others.byteLength &&
    some.every((byte, index) => byte === others[index]);
}
