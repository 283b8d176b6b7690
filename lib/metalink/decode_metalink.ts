/**
 * Decodes the bytes of a Metalink. Follows XML 1.0 appendix F as far as Metalinks use it. Pure.
 *
 * @module
 */

/** The encoding in an XML declaration. */
const ENCODING = /^<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.-]{1,40})["']/;

/** Decodes the bytes of a Metalink by their byte order mark, else as the XML declares, else as UTF-8. */
export function decodeMetalink(bytes: Uint8Array): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 300));
  const [, label = "utf-8"] = ENCODING.exec(start) ?? [];
  try {
    return new TextDecoder(/^utf-?16/i.test(label) ? "utf-8" : label).decode(bytes);
  } catch (error) {
    // No decoder has this label.
    if (error instanceof RangeError) return new TextDecoder().decode(bytes);
    throw error;
  }
}
