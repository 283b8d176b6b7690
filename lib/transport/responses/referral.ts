/**
 * Where else the file is, as the responses to one request say, from the first redirect to the end
 * (Metalink/HTTP, RFC 6249). The first of them that names duplicates counts: mirrors of mirrors are
 * discarded (section 4). A redirect to a mirror may have the digest of the file, too (section 6).
 *
 * @module
 */

import { type Digests, NO_DIGESTS, readLegacyDigest, WANTED } from "../../http/digest.ts";
import { type Elsewhere, readElsewhere } from "../../http/duplicates.ts";
import { contradiction, type Hashes, STRONG_TYPES } from "../../http/hashes.ts";

/** The most duplicates that are kept, the best first. */
const MOST_DUPLICATES = 64;
/** The most documents that are kept. */
const MOST_DESCRIPTIONS = 8;

/** The field that asks for hashes of the file (RFC 9530 section 4). */
const WANT = "want-repr-digest";
/** A browser would ask each server of another origin for leave to send it, and most do not answer. */
const WANTS_DIGESTS = !/^Mozilla\//.test(globalThis.navigator?.userAgent ?? "");

/** Asks for hashes of the file, unless the user does so. */
export function askForDigests(headers: Headers): void {
  if (WANTS_DIGESTS && !headers.has(WANT)) headers.set(WANT, WANTED);
}

export class Referral {
  #elsewhere: Elsewhere | undefined;
  #digests: Digests = NO_DIGESTS;

  /** Notes what a response from `url` says; `isRedirect`: it is none of the file itself. */
  note(headers: Headers, url: URL, isRedirect: boolean): void {
    if (this.#elsewhere !== undefined || !headers.has("link")) return;
    const { duplicates, descriptions, problem } = readElsewhere(headers, url);
    if (duplicates.length === 0 && descriptions.length === 0 && problem === undefined) return;
    this.#elsewhere = {
      duplicates: duplicates.slice(0, MOST_DUPLICATES),
      descriptions: descriptions.slice(0, MOST_DESCRIPTIONS),
      problem,
    };
    if (isRedirect) this.#digests = readLegacyDigest(headers);
  }

  /** Where else the file is; `undefined` if no response says. */
  get elsewhere(): Elsewhere | undefined {
    return this.#elsewhere;
  }

  /** Adds the digests of redirects to those of the response in the end. */
  complete({ hashes, problem, doubtful = [] }: Digests): Digests {
    const given = this.#digests.hashes;
    const strong: Hashes = Object.fromEntries(
      STRONG_TYPES.flatMap((type) => given[type] === undefined ? [] : [[type, given[type]]]),
    );
    const type = contradiction(hashes, strong);
    if (type !== undefined) {
      return { hashes: {}, problem: `the ${type} of the redirect and of its target differ` };
    }
    return {
      hashes: { ...strong, ...hashes },
      problem: problem ?? this.#digests.problem,
      doubtful: doubtful.filter((type) => strong[type] === undefined),
    };
  }
}
