/**
 * How a mirror has answered, and when it was refused: whether it may be asked as often as is of use. Pure:
 * times are in milliseconds, and passed in.
 *
 * @module
 */

import { Waiting } from "../host/excuses.ts";

/**
 * A mirror that has answered so many requests in a row may be asked as often as is of use: until then no
 * response is given up that could deliver all that is missing. Links that allow a few requests in all
 * are known, and what is refused for that is refused for ever; so fewer prove it after a refusal.
 */
const PROVEN_ANSWERS = 7;
const PROVEN_AFTER_REFUSAL = 2;

/** The network may take this long to come back after the machine woke, in milliseconds. */
const WAKING_MS = 30_000;

/** Connections that end within this time may have ended together, in milliseconds. */
const TOGETHER_MS = 2;

export class TrackRecord {
  /** When it was first refused, since it last answered. */
  #refusedSince: number | undefined;
  readonly #turnedAway = new Waiting();
  #refusedLast = -Infinity;
  /** When a response broke off that had begun, first of those that broke off together. */
  #brokeAt = -Infinity;
  #wakingUntil = -Infinity;
  /** Number of requests answered that were sent after the last refusal. */
  #answers = 0;
  #allAnswers = 0;
  #badPieces = 0;

  /** Whether the mirror has answered one request after another, none of which was refused. */
  get isProven(): boolean {
    const isNew = this.#refusedLast === -Infinity;
    return this.#answers >= (isNew ? PROVEN_ANSWERS : PROVEN_AFTER_REFUSAL);
  }

  /** Whether it has answered more than one request since it was last refused. */
  get hasAnsweredAgain(): boolean {
    return this.#answers >= PROVEN_AFTER_REFUSAL;
  }

  /** Whether it has answered a single request in all. */
  get hasAnsweredOnce(): boolean {
    return this.#allAnswers === 1;
  }

  /** Whether it was refused for what its host serves others, and has not answered since. */
  get isRefused(): boolean {
    return this.#refusedSince !== undefined;
  }

  /** Since when its server has refused it, or asked it to wait; `Infinity` if it has answered since. */
  get turnedAwaySince(): number {
    return this.#turnedAway.since;
  }

  /** When it was last refused for what its host serves others; `-Infinity` for never. */
  get refusedLast(): number {
    return this.#refusedLast;
  }

  /** Number of pieces of which it has sent bytes that have another digest than is expected. */
  get badPieces(): number {
    return this.#badPieces;
  }

  /** Counts a piece that is bad for its bytes. */
  lied(): void {
    this.#badPieces++;
  }

  /** Notes that a request was answered that was sent at `sentAt`. */
  answered(sentAt: number): void {
    this.#refusedSince = undefined;
    this.#turnedAway.end();
    this.#allAnswers++;
    if (sentAt >= this.#wakingUntil - WAKING_MS) this.#wakingUntil = -Infinity;
    if (sentAt >= this.#refusedLast) this.#answers++;
  }

  /** Notes that a response broke off at `now` whose request was sent at `sentAt`. */
  broke(sentAt: number, now: number): void {
    if (!this.breaksWithAnother(sentAt, now)) this.#brokeAt = now;
  }

  /** Reports whether a request that was sent at `sentAt` and breaks at `now` does so together with a response. */
  breaksWithAnother(sentAt: number, now: number): boolean {
    return sentAt < this.#brokeAt && now <= this.#brokeAt + TOGETHER_MS;
  }

  /** Reports whether requests have been refused that may have broken together with a response at `now`. */
  mayHaveBroken(now: number): boolean {
    return now <= this.#refusedLast + TOGETHER_MS;
  }

  /** Notes that the machine woke at `now`, perhaps without its network. */
  woke(now: number): void {
    this.#wakingUntil = now + WAKING_MS;
  }

  /** Counts nothing of the last `ms` until `now`: meanwhile it was not waited for. */
  excuse(ms: number, now: number): void {
    this.#turnedAway.excuse(ms, now);
  }

  /** Reports whether the network may not have come back since the machine woke. */
  isWaking(now: number): boolean {
    return now < this.#wakingUntil;
  }

  /** Notes that its server has asked it to wait. */
  turnedAway(now: number): void {
    this.#turnedAway.begin(now);
  }

  /** Notes that a request was refused for what the host serves others; returns since when they are. */
  refused(now: number): number {
    this.#refusedLast = now;
    this.#answers = 0;
    this.turnedAway(now);
    return this.#refusedSince ??= now;
  }
}
