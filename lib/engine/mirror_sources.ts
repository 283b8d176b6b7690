/**
 * The mirrors of a download by their numbers, and what the caller's book has of them. Others may be added
 * while it runs.
 *
 * @module
 */

import type { MirrorSource } from "../http/address/mirror_url.ts";
import type { NewMirror } from "../scheduler/messages.ts";
import type { KnownLink } from "../scheduler/mirror/link_estimate.ts";
import type { Mirror } from "../scheduler/mirror/mirror.ts";
import type { Transport } from "../transport/transport.ts";
import { BookSession, type MirrorBook } from "./memory/mirror_book.ts";

export interface MirrorSourcesOptions {
  readonly mirrors: readonly MirrorSource[];
  readonly book: MirrorBook | undefined;
  /** The digests of the file's pieces, which prove more than validators do. */
  readonly expectedPieces: unknown;
}

export class MirrorSources {
  /** The mirrors' URLs, in their order: others may follow. */
  readonly urls: readonly string[];
  readonly #urls: string[];
  readonly #session: BookSession;
  readonly #usesValidators: boolean;

  constructor({ mirrors, book, expectedPieces }: MirrorSourcesOptions) {
    this.#usesValidators = expectedPieces === undefined;
    this.urls = this.#urls = mirrors.map(({ url }) => url);
    this.#session = new BookSession(book, this.urls, Date.now());
  }

  /** What is known of the mirrors' links, in their order. */
  get known(): readonly (KnownLink | undefined)[] {
    return this.#session.known;
  }

  /** URLs of the mirrors whose validators prove nothing. */
  get suspects(): readonly string[] {
    return this.#usesValidators ? this.#session.unreliable : this.#urls;
  }

  /** Adds a mirror to the transport, or changes its credentials, and returns what the scheduler needs. */
  add(mirror: MirrorSource, transport: Transport): NewMirror {
    const { url } = mirror;
    const index = this.#urls.indexOf(url);
    if (index >= 0) transport.replace(index, mirror);
    else {
      this.#urls.push(url);
      this.#session.add(url, Date.now());
      transport.add(mirror, { isSuspect: this.suspects.includes(url) });
    }
    return { url, known: this.known[this.#urls.indexOf(url)] };
  }

  /**
   * Records in the book what was learned of the mirrors; their rates only if the time when the download
   * `endedAt` is given, in milliseconds of its clock.
   */
  record(mirrors: readonly Mirror[], transport: Transport, endedAt: number | undefined): void {
    const date = Date.now();
    this.#session.distrust(mirrors, transport.unreliableMirrors, date);
    if (endedAt !== undefined) this.#session.record(mirrors, endedAt, date);
  }
}
