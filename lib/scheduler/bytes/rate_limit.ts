/**
 * The limit on the rate of a whole download (`--limit-rate`). Every requested byte has to be paid for
 * with time; nothing is requested while there is debt. This is the generic cell rate algorithm (ITU-T
 * I.371, virtual scheduling): all that is kept is the time at which everything requested so far will be
 * paid. A link cannot be slowed down by reading slowly, which fills the kernel's buffers: the limit is
 * kept by requesting little at a time. Pure: times are in milliseconds.
 *
 * @module
 */

import type { LimitView } from "../view.ts";

/** Time that was missed is lost: no more credit than this is saved up, in milliseconds. */
const MOST_CREDIT_MS = 100;

/** A download starts with this debt: what is on its way is ahead of its payment. */
const FIRST_DEBT_MS = 100;

/** One request covers what may arrive in this time, so that the rate looks smooth. */
const PIECE_MS = 100;

/** Fewer bytes than this are not worth a request. */
const SHORTEST_PIECE = 1024;

/**
 * A request covers at least this many round trips, so that a distant mirror can keep up with the
 * limit: with one request at a time, and with more.
 */
const LONE_ROUND_TRIPS = 2;
const ROUND_TRIPS = 1;

/** Bytes that hold up the front may be requested in a debt of up to this. */
const MOST_DEBT_MS = 300;

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

  get #limited(): boolean {
    return this.#bytesPerSecond < Infinity;
  }

  /** Starts the download, without a burst. */
  start(now: number): void {
    if (this.#limited) this.#openAt = now + FIRST_DEBT_MS;
  }

  /** Sets another limit; what was requested and is not paid yet is paid at the new rate. */
  set(bytesPerSecond: number, now: number): void {
    const debt = this.#limited ? Math.max(0, this.#openAt - now) * this.rate : 0;
    this.#bytesPerSecond = bytesPerSecond;
    this.#openAt = this.#limited ? now + debt / this.rate : -Infinity;
  }

  /** Counts bytes that are requested, or arrive without having been paid. */
  take(bytes: number, now: number): void {
    if (!this.#limited || bytes === 0) return;
    this.#openAt = Math.max(this.#openAt, now - MOST_CREDIT_MS) + bytes / this.rate;
  }

  /** Takes back the cost of bytes that were requested and will not arrive. */
  giveBack(bytes: number): void {
    if (this.#limited) this.#openAt -= bytes / this.rate;
  }

  piece(source?: { readonly latencyMs: number; readonly maxConnections: number }): number {
    if (source === undefined) return Math.max(SHORTEST_PIECE, this.rate * PIECE_MS);
    const { latencyMs, maxConnections } = source;
    const roundTrips = maxConnections === 1 ? LONE_ROUND_TRIPS : ROUND_TRIPS;
    const ms = Math.max(PIECE_MS, roundTrips * latencyMs);
    return Math.floor(Math.max(SHORTEST_PIECE, this.rate * ms));
  }

  mayHurry(now: number): boolean {
    return this.#openAt <= now + MOST_DEBT_MS;
  }

  mostBytes(from: number, to: number): number {
    return this.#limited ? this.rate * Math.max(0, to - from) : Infinity;
  }
}
