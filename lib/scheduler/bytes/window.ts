/**
 * The most bytes held and requested together. Where links are fast and distant, it grows with what is
 * under way on them; but only for a consumer that keeps up: it does not fill because there is room. Pure:
 * times are in milliseconds, and passed in.
 *
 * @module
 */

import type { LinkView } from "../view.ts";

/** Room for so many times the bytes under way: requests ahead, and what waits for the front. */
const PRODUCTS = 20;
/** A consumer that has left more than this part of the first size keeps it from growing. */
const MOST_READY = 1 / 4;
/** A window with less room than this for each mirror is small, in bytes. */
const SMALL = 1024 * 1024;

/** The pieces of a file by which its bytes are proved: only whole ones are delivered. */
export interface Proofs {
  /** The length of all pieces but the last, in bytes. */
  readonly pieceLength: number;
  /** Returns the end of the last piece of which every byte is before the front. */
  completeTo(front: number): number;
  /** Forgets what is known of the bytes from `from` on. */
  forget(from: number, now: number): void;
}

/** Before anyone reads, no more than this is fetched, in bytes: it is not sure that the file is wanted. */
const UNREAD = 2 * 1024 * 1024;

/** A mirror, as far as the window depends on it. */
interface Source {
  readonly live: { readonly length: number };
  readonly link: Pick<LinkView, "latencyMs" | "isMeasured" | "bytesPerSecond">;
}

export class Window {
  #first: number;
  #most: number;
  #grown: number;
  /** Whether it has been made smaller since what is over it was last given back. */
  hasShrunk = false;

  readonly #isRead: () => boolean;

  /** Creates a window of `size` bytes, which may grow to `most`, and is small until the file is read. */
  constructor(size: number, most: number = size, isRead: () => boolean = () => true) {
    this.#isRead = isRead;
    this.#first = this.#grown = size;
    this.#most = most;
  }

  /** Sets the size for good. */
  fix(size: number): void {
    this.hasShrunk ||= size < this.#most;
    this.#first = this.#grown = this.#most = size;
  }

  /** Returns the size where the consumer has yet to take `readyBytes`. */
  sizeFor(readyBytes: number): number {
    if (!this.#isRead()) return Math.min(UNREAD, this.#first);
    return this.#keepsUp(readyBytes) ? this.#grown : this.#first;
  }

  /** Grows for what the mirrors deliver. */
  grow(mirrors: readonly Source[], readyBytes: number, now: number): void {
    if (this.#grown >= this.#most || !this.#keepsUp(readyBytes)) return;
    const underWay = mirrors.reduce(
      (sum, { live, link }) =>
        live.length > 0 && link.isMeasured
          ? sum + link.bytesPerSecond(now) * link.latencyMs / 1000
          : sum,
      0,
    );
    this.#grown = Math.min(this.#most, Math.max(this.#grown, Math.ceil(PRODUCTS * underWay)));
  }

  #keepsUp(readyBytes: number): boolean {
    return readyBytes <= this.#first * MOST_READY;
  }
}

/** Reports whether a window is too small for long ranges of so many mirrors at once. */
export function isSmallWindow(bytes: number, mirrors: number): boolean {
  return mirrors > 1 && bytes < mirrors * SMALL;
}
