/**
 * What a simulated download knows of its file: pieces that have arrived, and which version of the file each mirror has,
 * with which validators.
 *
 * @module
 */

import type { ByteRange } from "../../../lib/http/byte_range.ts";
import type { Landmark, Landmarks } from "../../../lib/scheduler/identity/pieces.ts";
import { IntervalSet } from "../../../lib/scheduler/ledger.ts";
import type { Proof } from "../../../lib/scheduler/messages.ts";
import type { SimulatedMirror } from "./mirror.ts";

const PIECE = 1024;
const STRIDE = 64 * 1024;

/** A piece of one version of the file. */
interface Piece extends Landmark {
  readonly version: string;
}

/** Learns pieces from the bytes that arrive. */
export class SimulatedLandmarks implements Landmarks {
  readonly given: readonly ByteRange[] = [];
  readonly #start: number;
  #received = new IntervalSet();
  #pieces = new Map<number, Piece>();
  latest: Piece | undefined;

  /** `start` is the first byte that will arrive. */
  constructor(start: number) {
    this.#start = start;
  }

  get learned(): readonly Landmark[] {
    return [...this.#pieces.values()];
  }

  /** Learns that bytes of a version of the file have arrived. */
  came(start: number, end: number, version: string, source: number): void {
    this.#received.add(start, end);
    const first = Math.max(0, Math.floor((start - this.#start - PIECE) / STRIDE));
    for (let at = this.#start + first * STRIDE; at < end; at += STRIDE) {
      if (this.#pieces.has(at) || !this.#received.covers(at, at + PIECE)) continue;
      this.latest = { start: at, end: at + PIECE, version, source };
      this.#pieces.set(at, this.latest);
    }
  }

  /** Returns the version of the piece that begins at `start`. */
  versionAt(start: number): string | undefined {
    return this.#pieces.get(start)?.version;
  }

  /** Forgets everything. */
  clear(): void {
    this.#received = new IntervalSet();
    this.#pieces.clear();
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
