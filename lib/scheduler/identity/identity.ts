/**
 * Whether a mirror still has the file that is being downloaded, where its validators do not prove it:
 * pieces of it that are known are requested again and compared (checks). A mirror is questioned when
 * its validators contradict earlier ones, before it is admitted without comparable first bytes, and,
 * where its validators prove nothing, now and then at random places. Pure: randomness is passed in, and
 * nothing is changed but its own state and whether a mirror is questioned.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { ByteRange } from "../../http/byte_range.ts";
import type { Proof } from "../messages.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { type Landmarks, Pieces } from "./pieces.ts";

/** Why a mirror is questioned. */
export type Purpose =
  /** Its validators contradict earlier ones. */
  | "doubt"
  /** It is to be admitted, and its first bytes were not compared. */
  | "admission"
  /** It sends the bytes of several responses, and nothing of them was compared yet. */
  | "repetition"
  /** A body of it has broken off: what follows may belong to another version, whatever it says. */
  | "break"
  /** Its validators prove nothing. */
  | "sample"
  /** The same, when all bytes have been received. */
  | "last";

/** A question that is open. */
interface Question {
  purpose: Purpose;
  /** How its latest response contradicts earlier ones. */
  doubt: string | undefined;
  /** Pieces to compare that are not requested. */
  left: ByteRange[];
  /** Pieces that are requested. */
  asked: ByteRange[];
  passed: number;
  /** Whether the contradictory validators, or others that were new, have been seen in a check. */
  settled: boolean;
  /** Bytes that were unproved when it began. */
  readonly unproved: number;
}

/** What is known of one mirror. */
interface MirrorRecord {
  question: Question | undefined;
  /** How its first contradiction, and its latest one, read. */
  doubt: string | undefined;
  /** Number of contradictions that checks have answered. */
  contradictions: number;
  /** Bytes of it that were used, and that nothing has proved since. */
  unproved: number;
  /** Those of the unproved bytes that came without the validators from the beginning. */
  unmarked: number;
  /** Bytes of it that proved nothing, at which it is checked again. */
  checkAt: number;
  /** All bytes of it whose validators proved nothing. */
  unsure: number;
  /** All bytes of it that were used when it was questioned last. */
  questionedAt: number;
  /** The request that delivered its first bytes that were used. */
  firstRequest: number | undefined;
  /** Whether bytes of other requests were used. */
  isMixed: boolean;
  /** Whether some bytes of other requests were compared when they were used. */
  isRepeated: boolean;
  /** Whether a body has broken off since, so that its validators prove nothing. */
  isBroken: boolean;
}

/** What a comparison leads to. */
export type Conclusion =
  /** More checks are to come. */
  | { readonly type: "open" }
  | { readonly type: "passed"; readonly unreliable: boolean }
  /** It has other bytes; `used`: bytes of it that may be wrong were used. */
  | {
    readonly type: "failed";
    readonly error: MirrorError;
    readonly at: number;
    readonly used: boolean;
  };

/** The result of one check. */
export interface Comparison {
  /** Offset of the first byte that differs; `undefined` for none. */
  readonly differsAt: number | undefined;
  /** Whether the response had validators that no earlier check or response had proved. */
  readonly fresh: boolean;
}

/** After this many answered contradictions a mirror's validators are not compared any more. */
const CONTRADICTIONS = 2;
/** Most checks of a question that no response has settled. */
const MOST_CHECKS = 8;
/** A mirror whose validators prove nothing is checked after this many bytes, then after twice as many each time. */
const FIRST_INTERVAL = 256 * 1024;
/** Most bytes between two checks of such a mirror. */
const LONGEST_INTERVAL = 16 * 1024 * 1024;
/** A mirror is not compared after a break if it has delivered less than this before it. */
const FIRST_BREAK = 64 * 1024;
/** For what bytes are waited for that could be compared. */
const WAITING: readonly Purpose[] = ["doubt", "admission"];
/** For what nothing is requested from a mirror until it is answered. */
const HOLDING: readonly Purpose[] = ["doubt", "admission", "break"];

/** A request whose bytes are used. */
export interface UsedRequest {
  readonly id: number;
  readonly mirror: Mirror;
}

/** Keeps the open questions about the mirrors of one download, and plans the checks that answer them. */
export class Identity {
  readonly #pieces: Pieces;
  readonly #mirrors: readonly Mirror[];
  readonly #records = new Map<Mirror, MirrorRecord>();

  constructor(mirrors: readonly Mirror[], landmarks: Landmarks, random: () => number) {
    this.#mirrors = mirrors;
    this.#pieces = new Pieces(landmarks, random);
  }

  /** Notes that an earlier download has compared a mirror. */
  trust(mirror: Mirror): void {
    this.#of(mirror).isRepeated = true;
  }

  /** Whether pieces are known that every mirror has to have. */
  get hasEvidence(): boolean {
    return this.#pieces.areGiven;
  }

  /** Reports whether a mirror is being questioned. */
  isOpen(mirror: Mirror): boolean {
    return this.#records.get(mirror)?.question !== undefined;
  }

  /** Returns how a mirror contradicted itself last; `undefined` if it never did. */
  doubtOf(mirror: Mirror): string | undefined {
    return this.#records.get(mirror)?.doubt;
  }

  /** Reports whether it is questioned before it is admitted. */
  isAdmitting(mirror: Mirror): boolean {
    return this.#records.get(mirror)?.question?.purpose === "admission";
  }

  /** Notes how a mirror contradicted itself in a check: more than that piece has to be compared. */
  hear(mirror: Mirror, doubt: string): void {
    const { question } = this.#of(mirror);
    if (question !== undefined) question.doubt = doubt;
    this.ask(mirror, question?.purpose === "admission" ? "admission" : "doubt", doubt);
  }

  /** Begins to question a mirror, or goes on. */
  ask(mirror: Mirror, purpose: Purpose, doubt?: string): void {
    const record = this.#of(mirror);
    record.doubt = doubt ?? record.doubt;
    const { question } = record;
    if (question === undefined) {
      const pieces = this.#choose(purpose, mirror);
      // Where nothing is known, only a contradiction and a newcomer wait for something.
      if (pieces.length === 0 && !WAITING.includes(purpose)) return;
      record.question = {
        purpose,
        doubt,
        left: [...pieces],
        asked: [],
        passed: 0,
        settled: purpose !== "doubt",
        unproved: record.unproved,
      };
    } else if (purpose === "doubt" && question.purpose !== "doubt") {
      question.purpose = purpose;
      question.doubt = doubt;
      question.left.push(...this.#choose(purpose, mirror));
      question.settled = false;
    }
    if (HOLDING.includes(purpose)) mirror.question(true);
  }

  /** Takes the next piece to request from a mirror; `undefined` for none. */
  next(mirror: Mirror): ByteRange | undefined {
    const question = this.#records.get(mirror)?.question;
    if (question === undefined) return undefined;
    // Checks that have failed or were cancelled are repeated.
    const isLive = ({ start, end }: ByteRange) =>
      mirror.live.some((one) => one.kind === "check" && one.start === start && one.end === end);
    question.left.push(...question.asked.filter((piece) => !isLive(piece)));
    question.asked = question.asked.filter(isLive);
    const known = question.left.filter((piece) => this.#pieces.has(piece));
    const isFresh = known.length < question.left.length || question.passed === 0;
    question.left = known;
    // Nothing was known when it began, or what was has been forgotten.
    if (isFresh && question.left.length + question.asked.length === 0) {
      question.left.push(...this.#choose(question.purpose, mirror));
    }
    const piece = question.left.shift();
    if (piece !== undefined) question.asked.push(piece);
    else if (question.asked.length === 0 && !WAITING.includes(question.purpose)) this.close(mirror);
    return piece;
  }

  /** Reports whether a mirror is questioned, but nothing is known that it could be compared with. */
  isStuck(mirror: Mirror): boolean {
    const question = this.#records.get(mirror)?.question;
    if (question === undefined || !WAITING.includes(question.purpose)) return false;
    return question.asked.length + question.left.length === 0;
  }

  /** Notes the result of the check of a piece. */
  compared(mirror: Mirror, { start, end }: ByteRange, comparison: Comparison): Conclusion {
    const { differsAt, fresh } = comparison;
    const record = this.#of(mirror);
    const { question } = record;
    if (question === undefined) return { type: "open" };
    question.asked = question.asked.filter((one) => one.start !== start || one.end !== end);
    if (differsAt !== undefined) {
      const { purpose, doubt: said } = question;
      this.close(mirror);
      const error = differs(mirror, purpose, record.doubt, differsAt);
      const used = (purpose === "repetition" && said === undefined) || this.isSuspect(mirror, said);
      return { type: "failed", error, at: differsAt, used };
    }
    question.passed++;
    question.settled ||= fresh;
    if (question.asked.length + question.left.length > 0) return { type: "open" };
    if (!question.settled && question.passed < MOST_CHECKS) {
      question.left.push(...this.#pieces.random());
      return { type: "open" };
    }
    return this.#pass(mirror, record, question);
  }

  /**
   * Reports whether bytes of a mirror were used that may be those of another version, as it shows one now;
   * `said`: how the response that shows it contradicts earlier ones.
   */
  isSuspect(mirror: Mirror, said: string | undefined): boolean {
    const { unproved, unmarked } = this.#of(mirror);
    // What came before a contradiction was marked as the same file.
    return (said === undefined ? unproved : unmarked) > 0;
  }

  /** Ends a question without an answer. */
  close(mirror: Mirror): void {
    this.#of(mirror).question = undefined;
    mirror.question(false);
  }

  /** Notes that bytes of a request are used whose identity is proved in this way. */
  used({ id, mirror }: UsedRequest, bytes: number, proof: Proof): void {
    const record = this.#of(mirror);
    record.firstRequest ??= id;
    // One response is of one version, whatever it says; of which one, earlier downloads know.
    const isFirst = record.firstRequest === id;
    if (isFirst && (proof !== "pieces" || !this.#pieces.areEarlier)) return;
    record.isMixed ||= !isFirst;
    if (proof === "validators" && !record.isBroken) return;
    record.unproved += bytes;
    if (proof === "pieces") record.unmarked += bytes;
    record.unsure += bytes;
  }

  /** Notes that a body of a mirror has broken off: it is compared before more is requested. */
  broke(mirror: Mirror): void {
    const record = this.#of(mirror);
    record.isBroken = true;
    // Where bodies break off again and again, several breaks are answered by one comparison.
    const { questionedAt } = record;
    const interval = Math.min(LONGEST_INTERVAL, Math.max(FIRST_BREAK, questionedAt));
    if (mirror.usedBytes - questionedAt >= interval) this.ask(mirror, "break");
  }

  /** Returns to what end a mirror is to be checked now; `isSettled`: nothing is free. */
  dueOf(mirror: Mirror, isSettled = false): "repetition" | "sample" | undefined {
    const record = this.#records.get(mirror);
    if (record === undefined || record.question !== undefined) return undefined;
    if (isSettled && this.#isRepeatable(mirror, record)) return "repetition";
    return record.unproved > 0 && record.unsure >= record.checkAt ? "sample" : undefined;
  }

  /** Reports whether bytes of a mirror were used that could be compared, but were not. */
  hasUnproved(mirror: Mirror): boolean {
    const record = this.#records.get(mirror);
    return record !== undefined && (record.unproved > 0 || this.#isRepeatable(mirror, record));
  }

  /** Returns to what end a mirror with such bytes is checked when all have been received. */
  closingOf(mirror: Mirror): "repetition" | "last" {
    return this.#isRepeatable(mirror, this.#of(mirror)) ? "repetition" : "last";
  }

  /** The only mirror is compared with itself, whatever its ETag; several are with one another. */
  #isRepeatable(mirror: Mirror, { isMixed, isRepeated }: MirrorRecord): boolean {
    if (!isMixed || isRepeated) return false;
    if (this.#mirrors.some((other) => other !== mirror && other.usedBytes > 0)) return false;
    return this.#choose("repetition", mirror).length > 0;
  }

  /** Forgets the bytes that were used: they were discarded. */
  discard(): void {
    for (const record of this.#records.values()) {
      record.unproved = record.unmarked = record.questionedAt = 0;
      record.firstRequest = undefined;
      record.isMixed = false;
    }
  }

  #pass(mirror: Mirror, record: MirrorRecord, { purpose, unproved }: Question): Conclusion {
    this.close(mirror);
    record.isRepeated ||= purpose !== "admission";
    record.isBroken = false;
    record.questionedAt = mirror.usedBytes;
    record.unproved -= Math.min(record.unproved, unproved);
    record.unmarked = Math.min(record.unmarked, record.unproved);
    const interval = Math.min(LONGEST_INTERVAL, Math.max(FIRST_INTERVAL, record.unsure));
    record.checkAt = record.unsure + interval;
    if (purpose === "doubt") record.contradictions++;
    return { type: "passed", unreliable: record.contradictions >= CONTRADICTIONS };
  }

  /** Chooses pieces to compare with a mirror. */
  #choose(purpose: Purpose, mirror: Mirror): readonly ByteRange[] {
    switch (purpose) {
      case "admission":
      case "doubt":
        return this.#pieces.areGiven
          ? this.#pieces.given(purpose === "doubt")
          : this.#pieces.spread(purpose === "doubt" ? this.#mirrors.indexOf(mirror) : undefined);
      case "repetition":
        return this.#pieces.sentBy(this.#mirrors.indexOf(mirror));
      case "break":
        return this.#pieces.latest();
      case "sample":
        return this.#pieces.random();
      case "last":
        return this.#pieces.spread();
    }
  }

  #of(mirror: Mirror): MirrorRecord {
    let record = this.#records.get(mirror);
    if (record === undefined) {
      record = {
        question: undefined,
        doubt: undefined,
        contradictions: 0,
        unproved: 0,
        unmarked: 0,
        checkAt: FIRST_INTERVAL,
        unsure: 0,
        questionedAt: 0,
        isBroken: false,
        firstRequest: undefined,
        isMixed: false,
        isRepeated: false,
      };
      this.#records.set(mirror, record);
    }
    return record;
  }
}

/** Returns the failure of a mirror whose bytes differ from those that are known. */
function differs(
  mirror: Mirror,
  purpose: Purpose,
  doubt: string | undefined,
  at: number,
): MirrorError {
  return purpose === "admission" ? otherFile(mirror, at) : changed(mirror, doubt, at);
}

/** Returns the failure of a mirror that has another file. */
export function otherFile({ url }: Mirror, at: number): MirrorError {
  const message = `has another file: its bytes differ from those that are known at byte ${at}`;
  const facts = { phase: "body", reason: "mismatch", retryable: false } as const;
  return new MirrorError(message, { mirror: url, ...facts });
}

/** Returns the failure of a mirror whose file has changed. */
export function changed({ url }: Mirror, doubt: string | undefined, at: number): MirrorError {
  const before = doubt === undefined ? "" : `${doubt}, and `;
  const message = `the file changed: ${before}its bytes differ at byte ${at}`;
  const facts = { mirror: url, phase: "body", reason: "changed", retryable: false } as const;
  return new MirrorError(message, facts);
}

/** Returns the failure of a mirror that contradicts itself where nothing is known to compare. */
export function unprovable({ url }: Mirror, doubt: string): MirrorError {
  const message = `the file changed: ${doubt}, and no bytes of it are known to compare`;
  const facts = { mirror: url, phase: "headers", reason: "changed", retryable: false } as const;
  return new MirrorError(message, facts);
}
