/**
 * What a download remembers of one mirror: where its redirects led, with which validators it served,
 * and whether it serves ranges.
 *
 * @module
 */

import { CookieJar } from "../http/cookie_jar.ts";
import type { Validators } from "../http/validators.ts";

/** What a download has learned of a mirror that serves ranges. */
export interface KnownMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Where its redirects led; `undefined` if there were none. */
  readonly location: string | undefined;
  /** The validators with which it served. */
  readonly validators: Validators;
}

/** What is remembered of one mirror; everything may be changed. */
export class MirrorMemory {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Where its redirects led. */
  location: URL | undefined;
  /** The validators of its first response. */
  validators: Validators | undefined;
  /** Whether it serves ranges: only then may a request have an If-Range. */
  ranges: boolean;
  /** Whether it has ever responded. */
  answered = false;
  /** Cookies that its redirects have set. */
  readonly cookies: CookieJar = new CookieJar();
  /** The file's size, where the totals in its `Content-Range` were found to be wrong. */
  totals: "believed" | { readonly size: number | undefined } = "believed";
  /** Whether its parts are known to be parts, though their lengths say otherwise. */
  sendsParts = false;

  /** Starts from what an earlier download has learned of the mirror with this URL, if anything. */
  constructor(url: string, known: KnownMirror | undefined) {
    this.url = url;
    this.location = known?.location === undefined ? undefined : new URL(known.location);
    this.validators = known?.validators;
    this.ranges = known !== undefined;
  }

  /** What a later download may use; `undefined` if the mirror has not served a range. */
  get known(): KnownMirror | undefined {
    const { url, location, validators, ranges } = this;
    if (!ranges || validators === undefined) return undefined;
    // A later download has no cookies: where there are some, it has to come by the redirects again.
    const needsCookies = location && this.cookies.header(location, Date.now()) !== undefined;
    return { url, location: needsCookies ? undefined : location?.href, validators };
  }
}
