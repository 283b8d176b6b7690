/**
 * Percent-encoded text of URLs.
 *
 * @module
 */

/** Decodes percent-encoded text. One that is not UTF-8, or has a stray percent sign, stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
