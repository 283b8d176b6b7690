/**
 * Which responses say that a signed URL has expired. Pure.
 *
 * @module
 */

/** Unauthorized, Forbidden and Gone (RFC 9110 section 15.5). */
const REFUSALS: readonly number[] = [401, 403, 410];
/** Bad Request and Not Found, which some stores answer when a signature has expired. */
const UNCLEAR: readonly number[] = [400, 404];

/**
 * Reports whether a status may mean that a URL has expired.
 *
 * @param hasServed whether the URL has been answered with bytes of the file before
 */
export function mayHaveExpired(status: number, hasServed: boolean): boolean {
  return REFUSALS.includes(status) || (hasServed && UNCLEAR.includes(status));
}
