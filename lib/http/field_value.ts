/**
 * Values of header fields, as servers send them: twice, which `Headers` joins with a comma, or in raw bytes.
 * Identical copies count once; copies that differ stay joined, so that the parser of the field refuses
 * them. Follows RFC 9110 sections 5.2, 5.3, 5.5 and 8.6.
 *
 * @module
 */

/** A joined value that is longer is not taken apart: no field with one value needs so much. */
const MAX_LENGTH = 64 * 1024;

/** What `Headers` puts between the copies of a field. */
const COMMA = ", ";

/** Returns the value of a field that has one value; identical copies count once. */
export function readField(headers: Headers, name: string): string | undefined {
  const value = headers.get(name);
  return value === null ? undefined : unrepeated(value.trim());
}

/** Returns the copy if `joined` consists of identical copies, joined with commas, else `joined`. */
export function unrepeated(joined: string): string {
  if (joined.length > MAX_LENGTH) return joined;
  const commas = joined.split(COMMA).length - 1;
  for (let copies = commas + 1; copies > 1; copies--) {
    const length = (joined.length + COMMA.length) / copies - COMMA.length;
    if (!Number.isInteger(length) || length < 1) continue;
    const copy = joined.slice(0, length);
    if (joined === Array(copies).fill(copy).join(COMMA)) return copy;
  }
  return joined;
}

/** Parses digits, and nothing else; returns `undefined` for other text, and for numbers that are not safe. */
export function parseWholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Decodes a value that `Headers` gives byte by byte; returns `undefined` if it is not UTF-8. */
export function decodeUtf8(value: string): string | undefined {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  const bytes = new Uint8Array(value.length);
  for (let at = 0; at < value.length; at++) bytes[at] = value.charCodeAt(at);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
