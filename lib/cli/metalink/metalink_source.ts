/**
 * Reads a Metalink from a local file, or downloads it.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { MAX_METALINK_LENGTH } from "../../../metalink.ts";
import { readDocument } from "../document/document.ts";

/** The text of a Metalink. */
export interface MetalinkText {
  readonly text: string;
  /** Its name in messages. */
  readonly where: string;
  /** Its URL, `undefined` if it is a local file. */
  readonly url: string | undefined;
}

/**
 * Reads a Metalink. Rejects with a usage error if a file cannot be read, and as a download does if a
 * server does not deliver it.
 *
 * @param source a path or a URL, which may have credentials
 * @param flag names it, for messages
 */
export async function readMetalink(
  source: string,
  options: DownloaderOptions,
  flag = "--metalink",
): Promise<MetalinkText> {
  const { bytes, where, url } = await readDocument(source, {
    ...{ flag, options, what: "a Metalink", maxLength: MAX_METALINK_LENGTH },
  });
  return { text: decode(bytes), where, url };
}

/** The encoding in an XML declaration. */
const ENCODING = /^<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.-]{1,40})["']/;

/** Decodes XML by its byte order mark, else as it declares, else as UTF-8. */
function decode(bytes: Uint8Array): string {
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
