/**
 * Compares the pieces of the file with the digests that are expected, as soon as all bytes of one have
 * arrived: only those that have their digest may be delivered. It knows which mirror has sent which bytes
 * of a piece, so that those whose bytes are wrong can be named. The digests are computed off the thread
 * where the platform does so. Invariant: of each piece that is not proved, the bytes that are held, and
 * only these, are noted with their sender.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import { IntervalSet } from "../../scheduler/bytes/ledger.ts";
import type { PieceEvent } from "../../scheduler/messages.ts";
import { groupBy } from "../../stand_ins.ts";
import type { PieceDigests } from "../options/expected_pieces.ts";
import { PieceHasher } from "./piece_hasher.ts";
import type { ReorderBuffer } from "./reorder_buffer.ts";

/** Bytes that one mirror has sent. */
interface Extent extends ByteRange {
  readonly mirror: number;
}

/** A piece of which some bytes have arrived. */
interface Piece {
  readonly index: number;
  readonly start: number;
  held: IntervalSet;
  /** Who sent what is held. */
  extents: Extent[];
  state: "filling" | "waiting" | "hashing" | "proved" | "bad";
}

export interface PieceProofsOptions {
  readonly pieces: PieceDigests;
  /** First byte wanted: that of a piece. */
  readonly start: number;
  readonly buffer: ReorderBuffer;
  /** Returns the byte after the last one wanted; `Infinity` while the size is unknown. */
  readonly end: () => number;
  /** Called with what a digest has shown. */
  readonly onEvent: (event: PieceEvent) => void;
  /** Called when more can be delivered. */
  readonly onProved: () => void;
  /** Takes an error that is not the fault of a mirror. */
  readonly fail: (error: unknown) => void;
  /** When a thread for the digests is started, in bytes. @default {64 MiB} */
  readonly threadAfter?: number | undefined;
}

/** The proofs of one download. */
export class PieceProofs {
  readonly #options: PieceProofsOptions;
  /** By index; those behind what was delivered. */
  readonly #pieces = new Map<number, Piece>();
  readonly #proved = new IntervalSet();
  /** Pieces that are complete, and whose digests have yet to be computed. */
  #waiting: Piece[] = [];
  readonly #hashing = new Set<Promise<void>>();
  /** Memory for the bytes of pieces whose digests are computed. */
  readonly #spare: ArrayBuffer[] = [];
  readonly #hasher: PieceHasher;
  #knowsEnd = false;

  constructor(options: PieceProofsOptions) {
    this.#options = options;
    const { start, pieces: { algorithm, length, digests }, threadAfter } = options;
    this.#hasher = new PieceHasher({
      algorithm,
      total: digests.length * length - start,
      threadAfter,
    });
    options.buffer.limit = options.start;
  }

  /** Notes that a mirror has sent bytes that were added to the buffer, as far as they were missing. */
  note(start: number, end: number, mirror: number): void {
    const { length } = this.#options.pieces;
    const first = Math.max(start, this.#options.buffer.front);
    const last = Math.min(end, this.#options.end());
    for (let index = Math.floor(first / length); index * length < last; index++) {
      const piece = this.#pieceAt(index);
      const from = Math.max(first, piece.start);
      const to = Math.min(last, piece.start + length);
      const fresh = new IntervalSet({ start: from, end: to });
      for (const held of piece.held.intervals) fresh.delete(held.start, held.end);
      for (const { start, end } of fresh.intervals) {
        addExtent(piece.extents, { start, end, mirror });
      }
      piece.held.add(from, to);
      this.#look(piece);
    }
  }

  /** Looks whether the last piece is complete, once it is known where the file ends. */
  close(): void {
    if (this.#knowsEnd || this.#options.end() === Infinity) return;
    this.#knowsEnd = true;
    for (const piece of this.#pieces.values()) this.#look(piece);
  }

  /** Forgets what was noted from the byte `from` on, where a piece begins. */
  forget(from: number): void {
    this.#proved.delete(from, Infinity);
    for (const [index, { start }] of this.#pieces) if (start >= from) this.#pieces.delete(index);
    this.#waiting = this.#waiting.filter(({ start }) => start < from);
    this.#options.buffer.limit = Math.min(
      this.#options.buffer.limit,
      Math.max(from, this.#options.start),
    );
  }

  /**
   * Takes bytes of a piece that a mirror has sent again, as the piece was wrong: all of it, or a part that
   * another mirror had sent. They are kept if the piece is right with them.
   */
  async repaired(start: number, bytes: Uint8Array<ArrayBuffer>, mirror: number): Promise<void> {
    const { pieces, buffer, onEvent } = this.#options;
    const piece = this.#pieces.get(Math.floor(start / pieces.length));
    if (piece?.state !== "bad") return;
    const end = this.#endOf(piece);
    const wrong = new Uint8Array(end - piece.start);
    buffer.copy(piece.start, wrong);
    const isWhole = bytes.byteLength === wrong.byteLength;
    const mended = isWhole ? bytes : wrong.slice();
    if (!isWhole) mended.set(bytes, start - piece.start);
    const { digest, memory: right } = await this.#hasher.digest(mended);
    // It may have been forgotten meanwhile.
    if (this.#pieces.get(piece.index) !== piece) return;
    if (digest !== pieces.digests[piece.index]) {
      const senders = isWhole ? [{ mirror, ranges: [] }] : [];
      return onEvent({ type: "disproved", start: piece.start, end, senders });
    }
    const liars = new Set(
      piece.extents.filter(({ start: from, end: to }) =>
        differ(
          wrong.subarray(from - piece.start, to - piece.start),
          right.subarray(from - piece.start, to - piece.start),
        )
      ).map(({ mirror }) => mirror),
    );
    buffer.replace(piece.start, right);
    this.#prove(piece, end, [...liars]);
  }

  #pieceAt(index: number): Piece {
    let piece = this.#pieces.get(index);
    if (piece === undefined) {
      const start = index * this.#options.pieces.length;
      piece = { index, start, held: new IntervalSet(), extents: [], state: "filling" };
      this.#pieces.set(index, piece);
    }
    return piece;
  }

  #endOf({ start }: Piece): number {
    return Math.min(start + this.#options.pieces.length, this.#options.end());
  }

  /** Computes the digest of a piece if it is complete. */
  #look(piece: Piece): void {
    if (piece.state !== "filling" || !piece.held.covers(piece.start, this.#endOf(piece))) return;
    piece.state = "waiting";
    const at = this.#waiting.findLastIndex(({ start }) => start < piece.start) + 1;
    this.#waiting.splice(at, 0, piece);
    this.#hashNext();
  }

  #hashNext(): void {
    if (this.#hashing.size >= this.#hasher.mostAtOnce) return;
    const piece = this.#waiting.shift();
    if (piece === undefined) return;
    piece.state = "hashing";
    const work = this.#compare(piece).catch(this.#options.fail).finally(() => {
      this.#hashing.delete(work);
      this.#hashNext();
    });
    this.#hashing.add(work);
  }

  /** Computes no more digests; resolves when none is being computed. */
  async settled(): Promise<void> {
    this.#waiting = [];
    await Promise.all(this.#hashing);
    await this.#hasher.close();
  }

  async #compare(piece: Piece): Promise<void> {
    const { start, extents } = piece;
    const end = this.#endOf(piece);
    const { pieces: { length, digests }, buffer, onEvent } = this.#options;
    const bytes = new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(length), 0, end - start);
    buffer.copy(start, bytes);
    const { digest, memory } = await this.#hasher.digest(bytes);
    this.#spare.push(memory.buffer);
    // It may have been forgotten meanwhile.
    if (this.#pieces.get(piece.index) !== piece) return;
    if (digest === digests[piece.index]) return this.#prove(piece, end, []);
    piece.state = "bad";
    const bySender = groupBy(extents, ({ mirror }) => mirror);
    const senders = [...bySender].map(([mirror, extents]) => ({
      mirror,
      ranges: extents.map(({ start, end }) => ({ start, end })),
    }));
    onEvent({ type: "disproved", start, end, senders });
  }

  #prove(piece: Piece, end: number, liars: readonly number[]): void {
    const { buffer, start, onEvent, onProved } = this.#options;
    piece.state = "proved";
    piece.extents = [];
    this.#proved.add(piece.start, end);
    const first = this.#proved.after(start);
    if (first !== undefined && first.start <= start && first.end > buffer.limit) {
      buffer.limit = first.end;
      for (const [index, { start }] of this.#pieces) {
        if (start + this.#options.pieces.length <= buffer.front) this.#pieces.delete(index);
      }
    }
    onEvent({ type: "proved", start: piece.start, end, liars });
    onProved();
  }
}

/** Adds bytes to what was sent; those that one mirror sends one after the other are one extent. */
function addExtent(extents: Extent[], { start, end, mirror }: Extent): void {
  const last = extents.at(-1);
  if (last?.mirror === mirror && last.end === start) {
    extents[extents.length - 1] = { start: last.start, end, mirror };
  } else extents.push({ start, end, mirror });
}

function differ(some: Uint8Array, others: Uint8Array): boolean {
  return some.some((byte, index) => byte !== others[index]);
}
