/**
 * What follows from the digests of the file's pieces. A piece that is bad stays received, so that the
 * front does not move back, and is requested once more as a whole, from one mirror at a time: its sender
 * is then certain. A piece that one mirror has sent alone shows at once that this mirror has other bytes;
 * of one that several have sent, the right bytes show it once they are there. Such a mirror is dropped,
 * unless it is the last one, and used again where no other one is left that may have a piece. Where no mirror serves ranges, the file is read again from another one, up
 * to the bad piece and on. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError, PieceMismatchError } from "../../errors.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import { drop } from "../failure/failures.ts";
import { IntervalSet } from "../bytes/ledger.ts";
import type { PieceEvent } from "../messages.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import type { Proofs } from "../bytes/window.ts";
import type { Outcome } from "./checks.ts";

/** A piece that was received with other bytes than expected. */
interface BadPiece extends ByteRange {
  readonly index: number;
  /** Mirrors whose bytes of it may be the wrong ones: asked last. */
  readonly senders: readonly Mirror[];
  /** Mirrors that do not have it as expected, for certain: not asked again. */
  readonly wrong: Map<Mirror, MirrorError>;
  /** The latest request for it. */
  request: LiveRequest | undefined;
  /** Whether all of it has arrived again, and its digest is not known yet. */
  isProving: boolean;
}

/** So many pieces are requested again at once: each of them is kept twice. */
const MOST_AT_ONCE = 2;

/** Mirrors in these states can be asked for a piece. */
const ASKABLE: readonly Mirror["state"]["type"][] = ["ready", "retired", "closed"];

/** The pieces of one download. */
export class Repairs implements Proofs {
  readonly pieceLength: number;
  readonly #state: DownloadState;
  readonly #proved = new IntervalSet();
  /** By their first bytes. */
  readonly #bad = new Map<number, BadPiece>();
  /** Mirrors that were dropped for a bad piece. */
  readonly #liars = new Set<Mirror>();

  constructor(state: DownloadState, pieceLength: number) {
    this.#state = state;
    this.pieceLength = pieceLength;
    state.proofs = this;
  }

  /** Whether every piece has the digest that is expected. */
  get #isDone(): boolean {
    const { start, end } = this.#state.ledger;
    return end < Infinity && this.#proved.covers(start, end);
  }

  /** Whether every byte was received, and nothing is to be done until digests are known. */
  get awaitsDigests(): boolean {
    return this.#state.ledger.complete && this.#bad.size === 0;
  }

  completeTo(front: number): number {
    const { start, end } = this.#state.ledger;
    const complete = Math.floor(front / this.pieceLength) * this.pieceLength;
    return front >= end ? front : Math.max(start, complete);
  }

  /** Forgets the pieces from the byte `from` on, as their bytes are forgotten. */
  forget(from: number, now: number): void {
    this.#proved.delete(from, Infinity);
    for (const [start, { request }] of this.#bad) {
      if (start < from) continue;
      this.#bad.delete(start);
      if (request !== undefined) this.#state.cancel(request, "lost", now);
    }
  }

  /** Takes what the digest of a piece shows; returns what follows, nothing where that is only progress. */
  judged(event: PieceEvent, now: number): Outcome | undefined {
    const isProgress = event.type === "proved" && !this.#bad.has(event.start);
    if (event.type === "proved") this.#prove(event, now);
    else this.#disprove(event, now);
    return isProgress && !this.#state.ledger.complete ? undefined : { type: "waited" };
  }

  #prove({ start, end, liars }: Extract<PieceEvent, { type: "proved" }>, now: number): void {
    this.#proved.add(start, end);
    const piece = this.#bad.get(start);
    if (piece === undefined) return;
    this.#bad.delete(start);
    piece.request?.mirror.waste(start - end);
    piece.request?.mirror.recover();
    for (const liar of liars) this.#blame(this.#state.mirrors[liar]!, piece, now);
  }

  #disprove(
    { start, end, senders }: Extract<PieceEvent, { type: "disproved" }>,
    now: number,
  ): void {
    const mirrors = senders.map(({ mirror }) => this.#state.mirrors[mirror]!);
    for (const [index, { bytes }] of senders.entries()) mirrors[index]!.waste(bytes);
    let piece = this.#bad.get(start);
    if (piece === undefined) {
      const index = Math.floor(start / this.pieceLength);
      const wrong = new Map();
      piece = { index, start, end, senders: mirrors, wrong, request: undefined, isProving: false };
      this.#bad.set(start, piece);
    }
    piece.request = undefined;
    piece.isProving = false;
    const urls = mirrors.map(({ url }) => url).join(", ");
    const message = `${pieceName(piece)} has other bytes than expected, from ${urls}`;
    this.#state.commands.report({ type: "note", message }, now);
    if (mirrors.length === 1) this.#blame(mirrors[0]!, piece, now);
  }

  /** Drops a mirror whose bytes of a piece are wrong, unless no other one is left. */
  #blame(mirror: Mirror, piece: BadPiece, now: number): void {
    if (piece.wrong.has(mirror)) return;
    const message = `has another file: its bytes differ from those that are expected in ` +
      pieceName(piece);
    const facts = { phase: "body", reason: "mismatch", retryable: false } as const;
    const failure = new MirrorError(message, { mirror: mirror.url, ...facts });
    piece.wrong.set(mirror, failure);
    mirror.trackRecord.lied();
    const isLast = !this.#state.mirrors.some((other) => other !== mirror && mayHave(other, piece));
    if (isLast || mirror.state.type === "dropped") return;
    drop(mirror, failure, this.#state, now);
    this.#liars.add(mirror);
  }

  /** Returns the mirrors that may have a piece: if there is no other one, those that lied about other pieces. */
  #able(piece: BadPiece, now: number): Mirror[] {
    const able = this.#state.mirrors.filter((mirror) => mayHave(mirror, piece));
    if (able.length > 0) return able;
    const liars = [...this.#liars].filter((mirror) => !piece.wrong.has(mirror));
    for (const mirror of liars) {
      this.#liars.delete(mirror);
      mirror.recall();
      const message = `is used again: no other mirror is left for ${pieceName(piece)}`;
      const event = { type: "mirror", mirror: mirror.url, state: "ready", message } as const;
      this.#state.commands.report(event, now);
    }
    return liars;
  }

  /** Requests bad pieces again, the first ones first; returns what follows if that is not possible. */
  send(now: number): Outcome | undefined {
    const left = [...this.#bad.values()].filter((piece) => !this.#isUnderWay(piece));
    let most = MOST_AT_ONCE - (this.#bad.size - left.length);
    for (const piece of left.sort((one, other) => one.start - other.start)) {
      const able = this.#able(piece, now);
      if (able.length === 0) return { type: "fail", error: this.#mismatch(piece) };
      if (able.every(({ service }) => service === "whole")) {
        this.#readAgain(piece.start, now);
        return undefined;
      }
      const mirror = most > 0 ? this.#choose(piece, now) : undefined;
      if (mirror === undefined) continue;
      this.#request(piece, mirror, now);
      most--;
    }
    return undefined;
  }

  #isUnderWay({ isProving, request }: BadPiece): boolean {
    return isProving ||
      (request !== undefined && this.#state.requests.get(request.id) !== undefined);
  }

  #request(piece: BadPiece, mirror: Mirror, now: number): void {
    const { start, end } = piece;
    mirror.revive();
    piece.request = this.#state.send({ mirror, kind: "repair", start, end }, now);
    this.#state.look(now);
  }

  /** Returns a mirror that can be asked for a piece now: rather one that has sent nothing of it. */
  #choose(piece: BadPiece, now: number): Mirror | undefined {
    const length = piece.end - piece.start;
    const cost = ({ link }: Mirror) => link.latencyMs + length * 1000 / link.bytesPerSecond(now);
    return this.#state.mirrors
      .filter((mirror) => mayHave(mirror, piece) && isAskable(mirror))
      .sort((one, other) => {
        const isSender = (mirror: Mirror) => Number(piece.senders.includes(mirror));
        return isSender(one) - isSender(other) || cost(one) - cost(other);
      })
      .find((mirror) => this.#hasRoom(mirror, now));
  }

  /** Makes room for a request: streams that are not read, as the window is full, give way. */
  #hasRoom(mirror: Mirror, now: number): boolean {
    const { seat } = mirror;
    const isFree = () => seat.room(now) > 0 && mirror.live.length < mirror.maxConnections;
    if (isFree()) return true;
    const unread = this.#state.requests.of(mirror).findLast(({ isExhausted }) => isExhausted);
    if (unread === undefined) return false;
    this.#state.cancel(unread, "stolen", now);
    this.#state.look(now);
    return isFree();
  }

  /** Forgets what was received from a bad piece on: another mirror sends all of the file. */
  #readAgain(from: number, now: number): void {
    const { requests, ledger, commands } = this.#state;
    const { whole } = requests;
    if (whole !== undefined) this.#state.cancel(whole, "lost", now);
    ledger.forget(from, requests.claims);
    this.forget(from, now);
    commands.push({ type: "forget", from });
  }

  /** Counts bytes of a request for a bad piece: they are of use once the piece is proved. */
  received(request: LiveRequest, length: number, now: number): void {
    this.#state.arrived(request, length, now);
    request.advance(length);
    request.mirror.waste(length);
  }

  /** Notes that a bad piece has arrived again. */
  ended(request: LiveRequest, now: number): void {
    this.#state.close(request, now);
    for (const piece of this.#bad.values()) if (piece.request === request) piece.isProving = true;
  }

  /**
   * Reports whether pieces have yet to be proved, though every byte was received. What else is under way is
   * of no use then, and ends.
   */
  awaits(now: number): boolean {
    if (this.#isDone) return false;
    for (const request of [...this.#state.requests]) {
      const isOver = request.kind === "range" && request.position < request.bodyEnd;
      if (isOver) this.#state.cancel(request, "lost", now);
    }
    return true;
  }

  /** The error of a download that no mirror is left for, if pieces of it are bad. */
  get failure(): PieceMismatchError | undefined {
    const [piece] = this.#bad.values();
    return piece && this.#mismatch(piece);
  }

  #mismatch(piece: BadPiece): PieceMismatchError {
    const failures = this.#state.mirrors.flatMap((mirror) => {
      const { state } = mirror;
      const failure = piece.wrong.get(mirror) ?? ("failure" in state ? state.failure : undefined);
      return failure === undefined ? [] : [failure];
    });
    return new PieceMismatchError(piece, failures);
  }
}

/** Reports whether a mirror may have a piece as it is expected. */
function mayHave(mirror: Mirror, { wrong }: BadPiece): boolean {
  return mirror.state.type !== "dropped" && !wrong.has(mirror);
}

function isAskable({ servesRanges, state, questioned }: Mirror): boolean {
  return servesRanges && ASKABLE.includes(state.type) && !questioned;
}

function pieceName({ index, start, end }: BadPiece): string {
  return `piece ${index} (bytes ${start}-${end - 1})`;
}
