/**
 * Taking out of texts what is nobody's business.
 *
 * @module
 */

/** A URL, or a text with URLs in it, without what stands before an `@` where credentials would be. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/?#\s]*@/g, "://");
}
