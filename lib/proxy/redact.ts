/**
 * Takes from a text for the operator what may be secret in the URLs that it mentions: an error of
 * another library may have any of them in its message, signed ones and those with the token too.
 *
 * @module
 */

import { withoutCredentials } from "../http/redact.ts";

/** Stands for what is not shown. */
const HIDDEN = "?…";

/** The text without credentials of URLs, and without their queries. */
export function redact(text: string): string {
  return withoutCredentials(text)
    // A URL with a bad host, which nobody could parse, may have spaces in it.
    .replace(/(:\/\/[^?]*)\?\S+/g, `$1${HIDDEN}`);
}

/** An error in a line, fit to be shown to the operator. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return redact(text.replace(/\s+/g, " "));
}
