/**
 * Reads a Metalink from a local file, or downloads it.
 *
 * @module
 */

import type { DownloaderOptions } from "../../../mod.ts";
import { decodeMetalink, MAX_METALINK_LENGTH } from "../../../metalink.ts";
import { readDocument } from "../document/document.ts";

/** The text of a Metalink. */
export interface MetalinkText {
  readonly text: string;
  /** Its name in messages. */
  readonly where: string;
  /** Where it was, after redirects; `undefined` if it is a local file. */
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
  return { text: decodeMetalink(bytes), where, url };
}
