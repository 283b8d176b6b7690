/**
 * Reads documents about files, such as Metalinks and checksum files, from local files or from servers:
 * whole into memory, so that their length is bounded.
 *
 * @module
 */

import { Downloader, type DownloaderOptions } from "../../../mod.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { takeCredentials } from "../../http/address/credentials.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { parseUrl } from "../../stand_ins.ts";
import { ExitCode, reason } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";

export interface Document {
  readonly bytes: Uint8Array;
  /** Its name in messages. */
  readonly where: string;
  /** Where it was, after redirects, without credentials; `undefined` if it is a local file. */
  readonly url: string | undefined;
  /** Its path or URL as it was given. */
  readonly source: string;
}

/** What is read, and how. */
export interface DocumentOptions {
  /** The flag that names it, for messages. */
  readonly flag: string;
  /** What it is, for messages: "a Metalink". */
  readonly what: string;
  /** The most bytes that it may have. */
  readonly maxLength: number;
  /** Options of its download. */
  readonly options: DownloaderOptions;
}

/** There is no such document. Not shown to anyone. */
export class MissingDocument extends Error {
  override name = "MissingDocument";
}

/** Statuses by which a server says that it has no such file; some stores answer 403. */
const MISSING: readonly number[] = [403, 404, 410];

/** Reports whether text is a URL of a document; else it is a path. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/**
 * Reads a document. Rejects with a usage error if a file cannot be read, and as a download does if a
 * server does not deliver it.
 *
 * @param source a path or a URL, which may have credentials
 */
export async function readDocument(source: string, how: DocumentOptions): Promise<Document> {
  if (!isUrl(source)) {
    return { bytes: await readLocal(source, how), where: source, url: undefined, source };
  }
  const where = redactUrl(source);
  const url = parseUrl(source);
  if (url === null) throw new CommandError(ExitCode.URL, `${how.flag}: invalid URL: ${where}`);
  takeCredentials(url);
  try {
    const { bytes, location = url.href } = await fetchAll(source, where, how);
    return { bytes, where, url: location, source };
  } catch (error) {
    const { caCerts, proxy } = how.options;
    throw await explain(error, { caCerts, proxy, headline: `${where} cannot be downloaded` });
  }
}

/**
 * Reads a document that may not exist, by one request if it does not: a download would ask again in
 * another form.
 *
 * @throws {MissingDocument} the server says that it does not exist
 */
export async function readIfPresent(url: string, how: DocumentOptions): Promise<Document> {
  const { signal, fetch = globalThis.fetch } = how.options;
  const missing = new AbortController();
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (MISSING.includes(response.status)) missing.abort(new MissingDocument(redactUrl(url)));
    return response;
  };
  const signals = [missing.signal, ...signal ? [signal] : []];
  return await readDocument(url, {
    ...how,
    options: { ...how.options, fetch: watched, signal: AbortSignal.any(signals) },
  });
}

async function readLocal(path: string, how: DocumentOptions): Promise<Uint8Array> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= how.maxLength) return await Deno.readFile(path);
    throw usageError(`${path}: ${tooLarge(size, how)}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw usageError(`${how.flag}: ${path}: ${reason(error)}`);
  }
}

/** Downloads a document; `location` is where redirects have led. */
async function fetchAll(
  url: string,
  where: string,
  how: DocumentOptions,
): Promise<{ readonly bytes: Uint8Array; readonly location: string | undefined }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let location: string | undefined;
  await using download = new Downloader([url], {
    ...how.options,
    // What has to prove the files of the command proves no document about them.
    requireProof: undefined,
    onEvent: (event) => {
      if (event.type === "answer") location = event.location;
    },
  });
  for await (const part of download) {
    length += part.byteLength;
    if (length > how.maxLength) {
      throw new CommandError(ExitCode.RECEIVE, `${where}: ${tooLarge(length, how)}`);
    }
    parts.push(part);
  }
  return { bytes: new Uint8Array(await new Blob(parts).arrayBuffer()), location };
}

function tooLarge(size: number, { what, maxLength }: DocumentOptions): string {
  return `${size} bytes or more, but ${what} may have at most ${maxLength}`;
}
