/**
 * What a simulated download knows of its file: pieces that have arrived, and which version of the file each mirror has,
 * with which validators.
 *
 * @module
 */

import type { ByteRange } from "../../../lib/http/byte_range.ts";
import type { Landmark, Landmarks } from "../../../lib/scheduler/identity/pieces.ts";
import { IntervalSet } from "../../../lib/scheduler/bytes/ledger.ts";
import type { Proof } from "../../../lib/scheduler/messages.ts";
import type { SimulatedMirror } from "./mirror.ts";

const PIECE = 1024;
const STRIDE = 64 * 1024;

/** A piece of one version of the file. */
interface Piece extends Landmark {
  readonly version: string;
}

/** A piece that was asked for. */
interface KeptPiece extends ByteRange {
  /** Who has sent it, once it has arrived. */
  came: Piece | undefined;
  /** What mirrors have shown for it before, until it was compared. */
  readonly shown: { readonly mirror: number; readonly version: string }[];
}

/** Learns pieces from the bytes that arrive. */
export class SimulatedLandmarks implements Landmarks {
  readonly given: readonly ByteRange[] = [];
  readonly #start: number;
  #received = new IntervalSet();
  #pieces = new Map<number, Piece>();
  /** The pieces, in the order in which they were learned, until there are others. */
  #learned: readonly Landmark[] | undefined;
  #kept: KeptPiece[] = [];
  readonly #lasts = new Map<number, Piece>();
  latest: Piece | undefined;

  /** `start` is the first byte that will arrive. */
  constructor(start: number) {
    this.#start = start;
  }

  get learned(): readonly Landmark[] {
    return this.#learned ??= [...this.#pieces.values()];
  }

  has(range: ByteRange): boolean {
    return this.senderOf(range) !== undefined;
  }

  lastOf(mirror: number): ByteRange | undefined {
    return this.#lasts.get(mirror);
  }

  reachOf(mirror: number): number {
    return this.#lasts.get(mirror)?.end ?? 0;
  }

  isEmpty(): boolean {
    return false;
  }

  senderOf(range: ByteRange): number | undefined {
    const piece = this.#pieceOf(range) ?? this.#keptOf(range)?.came ?? this.#lastAt(range);
    return typeof piece?.source === "number" ? piece.source : undefined;
  }

  /**
   * Learns that bytes of a version of the file have arrived; `versionOf` returns that of a piece. Returns
   * where they differ from what another mirror has shown, and the mirror.
   */
  came(
    start: number,
    end: number,
    versionOf: (piece: ByteRange) => string,
    source: number,
  ): { readonly at: number; readonly other: number } | undefined {
    this.#received.add(start, end);
    for (const kept of this.#kept) {
      const arrives = kept.came === undefined && start < kept.end && kept.start < end &&
        this.#received.covers(kept.start, kept.end);
      if (!arrives) continue;
      const version = versionOf(kept);
      for (let shown = kept.shown.shift(); shown !== undefined; shown = kept.shown.shift()) {
        // These bytes are not used: they arrive again.
        if (shown.version !== version) return { at: kept.start, other: shown.mirror };
      }
      kept.came = { start: kept.start, end: kept.end, version, source };
    }
    const first = Math.max(0, Math.floor((start - this.#start - PIECE) / STRIDE));
    for (let at = this.#start + first * STRIDE; at < end; at += STRIDE) {
      if (this.#pieces.has(at) || !this.#received.covers(at, at + PIECE)) continue;
      const piece = { start: at, end: at + PIECE };
      this.latest = { ...piece, version: versionOf(piece), source };
      this.#pieces.set(at, this.latest);
      this.#learned = undefined;
    }
    if ((this.#lasts.get(source)?.end ?? 0) < end) {
      const last = { start: Math.max(start, end - PIECE), end };
      this.#lasts.set(source, { ...last, version: versionOf(last), source });
    }
    return undefined;
  }

  /** Keeps a piece that a mirror is asked for. */
  keep({ start, end }: ByteRange): void {
    if (this.#pieceOf({ start, end }) !== undefined) return;
    if (this.#keptOf({ start, end }) !== undefined) return;
    this.#kept.push({ start, end, came: this.#lastAt({ start, end }), shown: [] });
  }

  /** Notes what a mirror shows for a piece; reports whether that is what has arrived, so far. */
  show(range: ByteRange, mirror: number, version: string): boolean {
    const kept = this.#keptOf(range);
    const piece = this.#pieceOf(range) ?? kept?.came;
    if (piece !== undefined) return piece.version === version;
    kept!.shown.push({ mirror, version });
    return true;
  }

  #lastAt({ start, end }: ByteRange): Piece | undefined {
    return [...this.#lasts.values()].find((last) => last.start === start && last.end === end);
  }

  #pieceOf({ start, end }: ByteRange): Piece | undefined {
    const piece = this.#pieces.get(start);
    return piece?.end === end ? piece : undefined;
  }

  #keptOf({ start, end }: ByteRange): KeptPiece | undefined {
    return this.#kept.find((one) => one.start === start && one.end === end);
  }

  /** Forgets everything. */
  clear(): void {
    this.#received = new IntervalSet();
    this.#pieces.clear();
    this.#learned = undefined;
    this.#kept = [];
    this.#lasts.clear();
    this.latest = undefined;
  }
}

/** The validators of one simulated mirror. */
export class SimulatedValidators {
  readonly #mirror: SimulatedMirror;
  readonly #accepted: string[] = [];
  #answers = 0;
  isDistrusted = false;

  constructor(mirror: SimulatedMirror) {
    this.#mirror = mirror;
  }

  /** Returns the version of the file that the mirror has at `now`, in milliseconds. */
  versionAt(now: number): string {
    const { version = "first", changesAtMs = Infinity } = this.#mirror;
    return now >= changesAtMs ? `${version}, changed` : version;
  }

  /** Returns the version of a piece in a version of the file. */
  versionOf(version: string, { end }: ByteRange): string {
    return end > (this.#mirror.versionFrom ?? 0) ? version : "first";
  }

  /** Returns the ETag of the next response; `undefined` for none. */
  next(now: number): string | undefined {
    const { validators = "strong" } = this.#mirror;
    if (validators === "none") return undefined;
    return this.versionAt(now) + (validators === "random" ? ` ${this.#answers++}` : "");
  }

  /** Compares the ETag of a response with those that are accepted. */
  judge(etag: string | undefined): { readonly proof: Proof; readonly doubt?: string } {
    if (this.isDistrusted || etag === undefined) return { proof: "pieces" };
    if (this.#accepted.length === 0) this.#accepted.push(etag);
    if (etag === this.#accepted[0]) return { proof: "validators" };
    if (this.#accepted.includes(etag)) return { proof: "pieces" };
    return { proof: "pieces", doubt: `its ETag was "${this.#accepted[0]}" and is "${etag}"` };
  }

  /** Accepts the ETag of a check; reports whether it is new. */
  accept(etag: string | undefined): boolean {
    if (etag === undefined || this.isDistrusted) return true;
    if (this.#accepted.includes(etag)) return false;
    this.#accepted.push(etag);
    return true;
  }
}
