/**
 * What follows from the digests of the file's pieces. A piece that is bad stays received, so that the
 * front does not move back, and is requested once more as a whole, from one mirror at a time: its sender
 * is then certain. A piece that one mirror has sent alone shows at once that this mirror has other bytes;
 * of one that several have sent, the right bytes show it once they are there. Such a mirror is dropped,
 * unless it is the last one, and used again where no other one is left that may have a piece. Of other bad
 * pieces, only what it has sent is requested once more; as a whole they are if that does not mend them.
 * Where no mirror serves ranges, the file is read again from another one, up to the bad piece and on. Pure:
 * times are in milliseconds, and passed in.
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
import type { Outcome } from "./disputes.ts";

/** A piece that was received with other bytes than expected. */
interface BadPiece extends ByteRange {
  readonly index: number;
  /** Mirrors whose bytes of it may be the wrong ones, and which bytes these are: asked last. */
  readonly senders: ReadonlyMap<Mirror, readonly ByteRange[]>;
  /** Mirrors that do not have it as expected, for certain: not asked again. */
  readonly wrong: Map<Mirror, MirrorError>;
  /** The latest request for it. */
  request: LiveRequest | undefined;
  /** Whether all of it has arrived again, and its digest is not known yet. */
  isProving: boolean;
  /** Whether it was still wrong with other bytes for those of known liars. */
  isWholeNeeded: boolean;
}

/** So many pieces are requested again at once, each of which is kept twice; one, until a liar is known. */
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
    this.#credit(piece);
    for (const liar of liars) this.#blame(this.#state.mirrors[liar]!, piece, now);
  }

  #disprove(
    { start, end, senders }: Extract<PieceEvent, { type: "disproved" }>,
    now: number,
  ): void {
    const sent = new Map(
      senders.map(({ mirror, ranges }) => [this.#state.mirrors[mirror]!, ranges]),
    );
    for (const [mirror, ranges] of sent) mirror.waste(lengthOf(ranges));
    let piece = this.#bad.get(start);
    if (piece === undefined) {
      const index = Math.floor(start / this.pieceLength);
      const progress = { request: undefined, isProving: false, isWholeNeeded: false };
      piece = { index, start, end, senders: sent, wrong: new Map(), ...progress };
      this.#bad.set(start, piece);
    }
    piece.request = undefined;
    piece.isProving = false;
    piece.isWholeNeeded ||= sent.size === 0;
    const urls = [...sent.keys()].map(({ url }) => url);
    const from = urls.length > 0 ? `, from ${urls.join(", ")}` : ", and is requested as a whole";
    const message = `${pieceName(piece)} has other bytes than expected${from}`;
    this.#state.commands.report({ type: "note", message }, now);
    const [sender] = sent.keys();
    if (sent.size === 1) this.#blame(sender!, piece, now);
  }

  /** Counts the bytes of a piece that was mended for the mirrors that have sent them. */
  #credit({ request, senders }: BadPiece): void {
    if (request === undefined) return;
    const { mirror, start, end } = request;
    mirror.waste(start - end);
    mirror.recover();
    for (const [sender, ranges] of senders) {
      sender.waste(-lengthOf(ranges.flatMap(without(request))));
    }
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
    const bad = [...this.#bad.values()];
    const left = bad.filter((piece) => !this.#isUnderWay(piece));
    const isClear = bad.every((piece) => liarsOf(piece).length > 0);
    let most = (isClear ? MOST_AT_ONCE : 1) - (bad.length - left.length);
    for (const piece of left.sort((one, other) => one.start - other.start)) {
      const able = this.#able(piece, now);
      if (able.length === 0) return { type: "fail", error: this.#mismatch(piece) };
      if (able.every(({ service }) => service === "whole")) {
        this.#readAgain(piece.start, now);
        return undefined;
      }
      if (most <= 0) continue;
      const mirror = this.#choose(piece, now);
      if (mirror === undefined) this.#await(able, now);
      else {
        this.#request(piece, mirror, now);
        most--;
      }
    }
    return undefined;
  }

  /** Waits for the hosts of mirrors that have nothing under way: other downloads may hold their places. */
  #await(mirrors: readonly Mirror[], now: number): void {
    for (const { state, live, seat } of mirrors) {
      if (state.type === "ready" && live.length === 0 && seat.room(now) === 0) seat.wait(now);
    }
    this.#state.look(now);
  }

  #isUnderWay({ isProving, request }: BadPiece): boolean {
    return isProving ||
      (request !== undefined && this.#state.requests.get(request.id) !== undefined);
  }

  #request(piece: BadPiece, mirror: Mirror, now: number): void {
    const { start, end } = missing(piece);
    mirror.revive();
    piece.request = this.#state.send({ mirror, kind: "repair", start, end }, now);
    this.#state.look(now);
  }

  /**
   * Returns a mirror that can be asked for a piece now: rather one that has sent nothing of it, or little of
   * all that is bad.
   */
  #choose(piece: BadPiece, now: number): Mirror | undefined {
    const { start, end } = missing(piece);
    const cost = (mirror: Mirror) => {
      const { latencyMs } = mirror.link;
      const ms = latencyMs + (end - start) * 1000 / mirror.link.bytesPerSecond(now);
      return ms * (1 + this.#suspicion(mirror));
    };
    const rank = (mirror: Mirror) => Number(isLiar(mirror)) * 2 + Number(piece.senders.has(mirror));
    return this.#state.mirrors
      .filter((mirror) => mayHave(mirror, piece) && isAskable(mirror))
      .sort((one, other) => rank(one) - rank(other) || cost(one) - cost(other))
      .find((mirror) => this.#hasRoom(mirror, now));
  }

  /** Returns the part of the bad pieces that a mirror has sent, from 0 to 1. */
  #suspicion(mirror: Mirror): number {
    let [sent, all] = [0, 0];
    for (const { senders, start, end } of this.#bad.values()) {
      sent += lengthOf(senders.get(mirror) ?? []);
      all += end - start;
    }
    return sent / all;
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

/** Reports whether bytes of a mirror were wrong, in any piece. */
function isLiar({ trackRecord }: Mirror): boolean {
  return trackRecord.badPieces > 0;
}

/** Returns what the known liars have sent of a piece. */
function liarsOf({ senders }: BadPiece): ByteRange[] {
  return [...senders].flatMap(([mirror, ranges]) => isLiar(mirror) ? ranges : []);
}

/** Returns what to request of a piece: what lies between the first and the last byte of known liars. */
function missing(piece: BadPiece): ByteRange {
  const wrong = liarsOf(piece);
  if (piece.isWholeNeeded || wrong.length === 0) return piece;
  return {
    start: Math.min(...wrong.map(({ start }) => start)),
    end: Math.max(...wrong.map(({ end }) => end)),
  };
}

function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Returns a function that returns what is left of a range without another one. */
function without(other: ByteRange): (range: ByteRange) => ByteRange[] {
  return ({ start, end }) =>
    [
      { start, end: Math.min(end, other.start) },
      { start: Math.max(start, other.end), end },
    ].filter(({ start, end }) => start < end);
}

function pieceName({ index, start, end }: BadPiece): string {
  return `piece ${index} (bytes ${start}-${end - 1})`;
}
