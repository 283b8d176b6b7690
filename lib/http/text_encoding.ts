/**
 * The encoding of a text by its byte order mark: programs on Windows write UTF-16. It is a module of its own as
 * pages, checksum files and Metalinks are read by it.
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
