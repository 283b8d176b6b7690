/**
 * A piece of a file, what is on disk of it and what the mirrors have sent when they were asked again, and
 * how many of them agree. Pure: the bytes are elsewhere.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";

/** Bytes that a chunk may have. */
export interface Variant {
  /** Where they are kept; `undefined` for those on disk. */
  readonly keptAt: number | undefined;
  /** The mirrors that have sent them. */
  readonly voters: Set<string>;
}

/** Length of a chunk in bytes. */
const CHUNK = 64 * 1024;

/** Who has sent a range before, and who has been asked for it since. */
export interface Source {
  /** The mirror whose bytes are on disk, `undefined` if that is not known. */
  readonly mirror: string | undefined;
  /** Mirrors that were asked for at least some of its bytes in earlier rounds. */
  readonly asked: ReadonlySet<string>;
  /** Mirrors that have sent all of its bytes as they are on disk. */
  readonly agreeing: ReadonlySet<string>;
}

export class Chunk implements ByteRange {
  readonly start: number;
  readonly end: number;
  /** The mirror whose bytes are on disk, `undefined` if that is not known. */
  readonly sender: string | undefined;
  /** Those on disk first. */
  readonly variants: [onDisk: Variant, ...others: Variant[]];

  readonly #asked: Set<string>;

  constructor({ start, end }: ByteRange, { mirror, asked, agreeing }: Source) {
    this.start = start;
    this.end = end;
    this.sender = mirror;
    const own = mirror === undefined ? [] : [mirror];
    this.variants = [{ keptAt: undefined, voters: new Set([...own, ...agreeing]) }];
    this.#asked = new Set([...own, ...asked]);
  }

  /** Whether a mirror has sent other bytes than those on disk. */
  get isDisputed(): boolean {
    return this.variants.length > 1;
  }

  /** The bytes on which most mirrors agree, at least two; `undefined` if there are none. */
  get majority(): Variant | undefined {
    const [first, second] = this.#byVotes();
    const least = Math.max(1, second?.voters.size ?? 0);
    return first!.voters.size > least ? first : undefined;
  }

  /** The bytes that most mirrors have sent of those that are not on disk. */
  get best(): Variant | undefined {
    return this.#byVotes().find(({ keptAt }) => keptAt !== undefined);
  }

  /** Reports whether a mirror may be asked for it: it has neither sent it nor been asked before. */
  mayAsk(mirror: string): boolean {
    return !this.#asked.has(mirror);
  }

  /** Notes that a mirror is asked. */
  ask(mirror: string): void {
    this.#asked.add(mirror);
  }

  /** Returns what a mirror has sent; `undefined` if that is not known. */
  of(mirror: string): Variant | undefined {
    return this.variants.find(({ voters }) => voters.has(mirror));
  }

  #byVotes(): Variant[] {
    return this.variants.toSorted((one, other) => other.voters.size - one.voters.size);
  }
}

/** Returns chunks of the bytes from one source. */
export function* chunksOf(ranges: readonly ByteRange[], source: Source): Generator<Chunk> {
  for (const { start, end } of ranges) {
    for (let from = start; from < end;) {
      const to = Math.min(end, (Math.floor(from / CHUNK) + 1) * CHUNK);
      yield new Chunk({ start: from, end: to }, source);
      from = to;
    }
  }
}

/** Returns runs of pieces that follow each other without a gap. */
export function adjacent<Piece extends ByteRange>(pieces: readonly Piece[]): Piece[][] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run?.at(-1)?.end === piece.start) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}
