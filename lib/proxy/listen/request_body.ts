/**
 * Reads the body of a request, of which the proxy expects a few bytes at most. Follows RFC 9112 sections 6
 * and 7.1.
 *
 * @module
 */

import { Problem } from "../problem.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Framing } from "./request_head.ts";

/** The longest body, in bytes. */
const MOST_BODY = 64 * 1024;
/** The longest line of a chunked body, with its extensions, in bytes. */
const MOST_LINE = 4096;
/** The most bytes of lines and trailers. */
const MOST_LINES = 64 * 1024;

const LINE_FEED = 10;

/**
 * Reads the whole body; `undefined` if the request has none. Rejects with a {@linkcode Problem} of status 400
 * when it is malformed or breaks off, and of status 413 when it is too long.
 *
 * @param proceed called before it is read, unless it is known to be too long
 */
export async function readBody(
  source: ByteSource,
  framing: Framing,
  proceed?: () => Promise<void>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (framing.type === "none") return undefined;
  if (framing.type === "length" && framing.bytes > MOST_BODY) throw tooLong();
  await proceed?.();
  return framing.type === "length"
    ? await readBytes(source, framing.bytes)
    : await readChunks(source);
}

async function readChunks(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let lines = 0;
  const next = async () => {
    const line = await readLine(source);
    lines += line.length + 1;
    if (lines > MOST_LINES) throw tooLong();
    return line;
  };
  for (;;) {
    const [, digits] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(await next()) ?? [];
    if (digits === undefined) throw malformed();
    const size = parseInt(digits, 16);
    if (size === 0) break;
    length += size;
    if (length > MOST_BODY) throw tooLong();
    chunks.push(await readBytes(source, size));
    if (await next() !== "") throw malformed();
  }
  // Trailers are of no use here.
  while (await next() !== "");
  return await new Blob(chunks).bytes();
}

async function readBytes(source: ByteSource, count: number): Promise<Uint8Array<ArrayBuffer>> {
  while (source.bytes.byteLength < count) {
    if (!await source.fill()) throw malformed();
  }
  return source.take(count).slice();
}

/**
 * Reads a line, without its end. A line feed alone ends none: where it did, another server could see the bytes
 * after it in the same line.
 */
async function readLine(source: ByteSource): Promise<string> {
  for (let from = 0;;) {
    const at = source.bytes.indexOf(LINE_FEED, from);
    if (at >= 0) {
      const line = new TextDecoder().decode(source.take(at + 1));
      if (!line.endsWith("\r\n")) throw malformed();
      return line.slice(0, -2);
    }
    from = source.bytes.byteLength;
    if (from > MOST_LINE || !await source.fill()) throw malformed();
  }
}

function malformed(): Problem {
  return new Problem(400, "the body of the request is malformed or incomplete");
}

function tooLong(): Problem {
  return new Problem(413, `the body of the request has more than ${MOST_BODY} bytes`);
}
