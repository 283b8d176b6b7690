/**
 * Keeps the rate of a whole download below a limit. Every byte that is asked for has to be paid for
 * with time; while there is credit, something may be asked for, and its cost may lead into debt. This
 * is the generic cell rate algorithm (ITU-T I.371, the virtual scheduling form): all that is kept is
 * the time at which everything asked for so far will be paid. Pure: times are in milliseconds.
 *
 * @module
 */

import type { LimitView } from "./view.ts";

/** Credit for more than this is not saved up, in milliseconds: time that was missed is lost. */
const MOST_CREDIT_MS = 100;

/** A download starts with a debt of so many milliseconds: what is on its way is ahead of its payment. */
const FIRST_DEBT_MS = 100;

/** The limit of one download. */
export class RateLimit implements LimitView {
  #bytesPerSecond: number;
  #openAt = -Infinity;

  /** Takes bytes per second; `Infinity` for no limit. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** The limit; `Infinity` for none. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  get rate(): number {
    return this.#bytesPerSecond / 1000;
  }

  get openAt(): number {
    return this.#openAt;
  }

  /** Whether there is a limit at all. */
  get #limited(): boolean {
    return this.#bytesPerSecond < Infinity;
  }

  /** The download starts, and not with a burst. */
  start(now: number): void {
    if (this.#limited) this.#openAt = now + FIRST_DEBT_MS;
  }

  /** Sets another limit; what was asked for and is not paid yet is paid by the new one. */
  set(bytesPerSecond: number, now: number): void {
    const debt = this.#limited ? Math.max(0, this.#openAt - now) * this.rate : 0;
    this.#bytesPerSecond = bytesPerSecond;
    this.#openAt = this.#limited ? now + debt / this.rate : -Infinity;
  }

  /** Bytes are asked for, or come without having been asked for. */
  take(bytes: number, now: number): void {
    if (!this.#limited || bytes === 0) return;
    this.#openAt = Math.max(this.#openAt, now - MOST_CREDIT_MS) + bytes / this.rate;
  }

  /** Bytes that were asked for will not come. */
  giveBack(bytes: number): void {
    if (this.#limited) this.#openAt -= bytes / this.rate;
  }
}
