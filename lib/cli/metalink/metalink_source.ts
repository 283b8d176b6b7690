/**
 * Reads a Metalink from a local file, or downloads it.
 *
 * @module
 */

import { Downloader, type DownloaderOptions } from "../../../mod.ts";
import { MAX_METALINK_LENGTH } from "../../../metalink.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { takeCredentials } from "../../http/address/credentials.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { ExitCode, reason } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";

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
  if (!/^https?:\/\//i.test(source)) {
    const text = decode(await readLocal(source, flag));
    return { text, where: source, url: undefined };
  }
  const where = redactUrl(source);
  try {
    const url = new URL(source);
    takeCredentials(url);
    return { text: decode(await fetchAll(source, where, options)), where, url: url.href };
  } catch (error) {
    const { caCerts, proxy } = options;
    throw await explain(error, { caCerts, proxy, headline: `${where} cannot be downloaded` });
  }
}

async function readLocal(path: string, flag: string): Promise<Uint8Array> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= MAX_METALINK_LENGTH) return await Deno.readFile(path);
    throw usageError(`${path}: ${tooLarge(size)}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "no such file" : reason(error);
    throw usageError(`${flag}: ${path}: ${why}`);
  }
}

async function fetchAll(
  url: string,
  where: string,
  options: DownloaderOptions,
): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  await using download = new Downloader([url], options);
  for await (const part of download) {
    length += part.byteLength;
    if (length > MAX_METALINK_LENGTH) {
      throw new CommandError(ExitCode.RECEIVE, `${where}: ${tooLarge(length)}`);
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function tooLarge(size: number): string {
  return `${size} bytes or more, but a Metalink may have at most ${MAX_METALINK_LENGTH}`;
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
