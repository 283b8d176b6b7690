/**
 * Renews the URL of a mirror when it has expired, as signed URLs do. The new one is asked of the caller.
 *
 * @module
 */

import type { MirrorError, MirrorErrorOptions } from "../../errors.ts";
import { type MirrorSource, parseMirrorUrl } from "../../http/address/mirror_url.ts";
import { requestedUrl } from "../../http/address/named_address.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { discard } from "./redirects.ts";

/**
 * Returns another URL of the same file on a mirror whose URL was refused; `undefined` if there is none.
 *
 * @param url the mirror's URL as it was given, without credentials
 * @param reason how it was refused: its `status` and message
 */
export type Refresh = (
  url: string,
  reason: MirrorError,
) => Promise<string | URL | undefined> | string | URL | undefined;

/** What came of the URL of one mirror. */
interface Address {
  /** The URL that replaces the one that was given. */
  renewed: MirrorSource | undefined;
  /** Whether it has been answered with bytes of the file. */
  hasServed: boolean;
  /** Whether it was renewed, and has not served since: another one would be refused as well. */
  isFresh: boolean;
  renewing: Promise<void> | undefined;
}

/** Unauthorized, Forbidden and Gone (RFC 9110 section 15.5). */
const REFUSALS: readonly number[] = [401, 403, 410];
/** Bad Request and Not Found, which some stores answer when a signature has expired. */
const UNCLEAR: readonly number[] = [400, 404];

/** Makes the error of a mirror. */
type Fail = (mirror: number, message: string, facts: Partial<MirrorErrorOptions>) => MirrorError;

/** The URLs of all mirrors; more may be added. */
export class Renewals {
  readonly #mirrors: readonly MirrorSource[];
  readonly #refresh: Refresh | undefined;
  readonly #fail: Fail;
  readonly #addresses = new Map<number, Address>();

  constructor(mirrors: readonly MirrorSource[], refresh: Refresh | undefined, fail: Fail) {
    this.#mirrors = mirrors;
    this.#refresh = refresh;
    this.#fail = fail;
  }

  /** Returns the URL to request, with the credentials to send. */
  sourceOf(mirror: number): MirrorSource {
    return this.#addresses.get(mirror)?.renewed ?? this.#mirrors[mirror]!;
  }

  /** Notes that a URL has been answered with bytes of the file. */
  served(mirror: number, used: MirrorSource): void {
    const address = this.#addressOf(mirror);
    if (used === this.sourceOf(mirror)) [address.hasServed, address.isFresh] = [true, false];
  }

  /**
   * Returns the URL to request instead of `used`, which was answered by a response whose body is discarded
   * then; `undefined` if it has not expired, or there is no other. All requests that were refused share one
   * call of the caller's function. A new URL that is refused before it has served is not renewed.
   *
   * @throws {MirrorError} the caller's function failed
   */
  async renew(
    mirror: number,
    used: MirrorSource,
    { status, body }: Pick<Response, "status" | "body">,
    signal: AbortSignal,
  ): Promise<MirrorSource | undefined> {
    if (this.#refresh === undefined || status < 400) return undefined;
    const address = this.#addressOf(mirror);
    if (used === this.sourceOf(mirror)) {
      if (address.isFresh || !mayHaveExpired(status, address.hasServed)) return undefined;
      address.renewing ??= this.#renew(mirror, address, status)
        .finally(() => address.renewing = undefined);
      try {
        await unlessAborted(address.renewing, signal);
      } catch (error) {
        await discard(body);
        throw error;
      }
    }
    const source = this.sourceOf(mirror);
    if (used === source) return undefined;
    await discard(body);
    return source;
  }

  async #renew(mirror: number, address: Address, status: number): Promise<void> {
    const given = this.#mirrors[mirror]!;
    const reason = this.#fail(mirror, `answered ${status}`, { status });
    try {
      const url = await this.#refresh!(requestedUrl(given.url), reason);
      if (url === undefined) return;
      const source = parseMirrorUrl(url);
      // The credentials that were given are for the mirror's own origin.
      const isSameOrigin = new URL(source.url).origin === new URL(given.url).origin;
      const { authorization = isSameOrigin ? given.authorization : undefined } = source;
      address.renewed = { ...source, authorization };
      [address.isFresh, address.hasServed] = [true, false];
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `${reason.problem}, and no other URL could be had: ${why}`;
      throw this.#fail(mirror, message, { status, retryable: true, cause });
    }
  }

  #addressOf(mirror: number): Address {
    let address = this.#addresses.get(mirror);
    if (address === undefined) {
      address = { renewed: undefined, hasServed: false, isFresh: false, renewing: undefined };
      this.#addresses.set(mirror, address);
    }
    return address;
  }
}

/**
 * Reports whether a status may mean that a URL has expired.
 *
 * @param hasServed whether the URL has been answered with bytes of the file before
 */
export function mayHaveExpired(status: number, hasServed: boolean): boolean {
  return REFUSALS.includes(status) || (hasServed && UNCLEAR.includes(status));
}
