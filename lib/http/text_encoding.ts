/**
 * How text is encoded: documents by their byte order mark, as programs on Windows write UTF-16, and URLs by percent
 * signs.
 *
 * @module
 */

/** Returns the encoding that a byte order mark says; `undefined` for none of two bytes. */
export function markedEncoding(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

/** Decodes a text by its byte order mark, which is removed, else as UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(markedEncoding(bytes) ?? "utf-8").decode(bytes);
}

/** Decodes percent-encoded text. One that is not UTF-8, or has a stray percent sign, stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
