/**
 * Content codings of responses to requests for `identity`. A file that is stored encoded is labelled so
 * by some servers, like a `.tar.gz` by Apache's `AddEncoding`: its bytes are the file. A coding made on
 * the way changes the bytes, and with them the length. Follows RFC 9110 section 8.4.
 *
 * @module
 */

import { readField } from "../field_value.ts";

/** Codings that leave the bytes as they are, and words that are no codings at all. */
const HARMLESS = new Set([
  "identity",
  "none",
  "binary",
  "7bit",
  "8bit",
  "utf-8",
  "utf8",
  // An upload's framing, which S3 removes when it stores the object, and keeps the name of.
  "aws-chunked",
]);

/** The most codings that are read; no file is encoded so often. */
const MOST_CODINGS = 64;

/** The coding of a response, and whether its bytes are those of the file. */
export interface ContentCoding {
  /** Its name as received, in lower case, or how many there are; `undefined` for none. */
  readonly name: string | undefined;
  /** Whether it may have been applied on the way. */
  readonly transforms: boolean;
}

/** Reads the content coding of a response; several are separated by commas. */
export function readContentCoding(headers: Headers): ContentCoding {
  const value = readField(headers, "content-encoding")?.toLowerCase() ?? "";
  const all = value.split(",", MOST_CODINGS + 1);
  if (all.length > MOST_CODINGS) return { name: `over ${MOST_CODINGS} codings`, transforms: true };
  const names = all.map((name) => name.trim()).filter((name) => name !== "");
  const shown = names.filter((name) => name !== "identity").join(", ");
  return {
    name: shown === "" ? undefined : shown,
    transforms: names.some((name) => !HARMLESS.has(name)),
  };
}
