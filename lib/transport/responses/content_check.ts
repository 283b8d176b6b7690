/**
 * Verifies the digest of what a response carries (`Content-Digest`, RFC 9530 section 2), before any of it is
 * used: the body is held until then, so that only short ones are verified. A body that goes on for longer is
 * proved by what proves the file.
 *
 * @module
 */

import type { FailureReason } from "../../errors.ts";
import { readContentDigest } from "../../http/digest.ts";
import { type HashType, STRONG_TYPES } from "../../http/hashes.ts";
import type { BodyFrame } from "../../http/response/part.ts";
import type { UsableResponse } from "../../http/response/response_check.ts";
import { toHex } from "../../stand_ins.ts";
import { type BodyReader, readAll } from "./body.ts";

/** Bodies of at most this many bytes are held: slow mirrors send them before their time to respond is over. */
const MOST_HELD = 256 * 1024;

/** The cheapest first, as `crypto.subtle` names them in capitals. */
const TYPES: readonly HashType[] = ["sha-256", ...STRONG_TYPES];

/** A response, and its body. */
interface Found {
  readonly answer: UsableResponse;
  readonly body: BodyReader;
}

export interface ContentTools {
  readonly read: (stream: ReadableStream<Uint8Array<ArrayBuffer>>, frame: BodyFrame) => BodyReader;
  /** Creates the error to throw. */
  readonly fail: (reason: FailureReason, message: string) => Error;
}

/** Returns a response, or what was held of it, if its digest is right. Throws if it is another one. */
export async function verifyContent(
  headers: Headers,
  { skip, length, rest }: BodyFrame,
  found: Found,
  { read, fail }: ContentTools,
): Promise<Found> {
  if (!headers.has("content-digest") || length === undefined || length > MOST_HELD) return found;
  // The digest is that of the whole content, of which these bytes would be a part.
  if (skip > 0 || rest === "more") return found;
  const { hashes } = readContentDigest(headers);
  const type = TYPES.find((type) => hashes[type] !== undefined);
  if (type === undefined) return found;
  const bytes = await readAll(found.body);
  const actual = toHex(new Uint8Array(await crypto.subtle.digest(type.toUpperCase(), bytes)));
  if (actual === hashes[type]) {
    const frame = { skip: 0, length: bytes.byteLength, rest: "none" } as const;
    return { ...found, body: read(new Blob([bytes]).stream(), frame) };
  }
  throw fail(
    "mismatch",
    `sent ${length} damaged bytes: their ${type} is ${actual}, not ${
      hashes[type]
    } (Content-Digest)`,
  );
}
