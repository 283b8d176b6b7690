/**
 * Begins the download of what does not exist yet of a file: makes the options that follow from its task, its
 * part file and its checks, opens it, and adds the mirrors that its server names.
 *
 * @module
 */

import {
  type DiscoveredMirrors,
  Downloader,
  type DownloaderOptions,
  type FileInfo,
  type Hashes,
  mirrorsOf,
  type TraceEvent,
  VERSION,
} from "../../../../mod.ts";
import { CommandError } from "../../../command_line/command_error.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import type { TraceFile } from "../../output/trace_file.ts";
import type { Piece } from "../../part/pieces/compared_pieces.ts";
import { recordedFile } from "../../part/resume_record.ts";
import { printable } from "../../../command_line/terminal_text.ts";
import type { Checks } from "../checks/checks.ts";
import type { FileContext, FileTask } from "../tasks/file_task.ts";
import type { Conditions } from "./conditions.ts";
import type { DownloadState } from "./download_state.ts";
import type { FoundRange } from "./find_range.ts";

/** What a download begins with. */
export interface Beginning extends FileContext {
  readonly task: FileTask;
  readonly state: DownloadState;
  readonly checks: Checks;
  readonly conditions: Conditions | undefined;
  readonly trace: TraceFile | undefined;
}

/** A download that is open. */
export interface Begun {
  readonly range: FoundRange;
  readonly download: Downloader;
  readonly parts: AsyncIterable<Uint8Array<ArrayBuffer>>;
  readonly info: FileInfo;
}

/** Ends the download of a Metalink, whose files are downloaded instead. */
export class MetalinkFound extends Error {}

/** Media types of Metalinks: version 4, and 3. */
const METALINK = /^application\/metalink4?\+xml\s*(?:;|$)/i;

/**
 * Opens the download, if the conditions are met. `knownPieces` are those of the part file: mirrors that may
 * have another file are compared with them. Rejects with a {@linkcode MetalinkFound} instead of a Metalink.
 */
export async function beginDownload(
  range: FoundRange,
  beginning: Beginning,
  knownPieces: readonly Piece[] = [],
): Promise<Begun> {
  const { task, state, conditions, trace, signal, report } = beginning;
  const expectedHashes = await hashesToExpect(beginning);
  const options = { ...optionsOf(range, beginning), knownPieces, expectedHashes };
  trace?.begin(VERSION, task.urls, options);
  const onEvent = (event: TraceEvent) => {
    trace?.write(event);
    state.event(event);
    spares?.event(event, download);
  };
  const spares = task.reserve?.((text) => report.note(text));
  const download = new Downloader(task.urls, { ...options, signal, onEvent });
  state.begin(download);
  const parts = download[Symbol.asyncIterator]();
  try {
    let info = state.info = await download.open();
    if (METALINK.test(info.contentType ?? "")) checkMetalink(task);
    conditions?.check(info);
    const found = await findMirrors(info, beginning);
    for (const url of found?.urls.slice(1) ?? []) download.addMirror(url);
    if (found !== undefined) info = state.info = { ...info, hashes: found.hashes };
    return { range, download, parts, info };
  } catch (error) {
    await download.cancel();
    throw error;
  }
}

/** Throws if a file that is a Metalink is not to be saved. */
function checkMetalink({ ifMetalink, name }: FileTask): void {
  if (ifMetalink === "follow") throw new MetalinkFound();
  if (ifMetalink === "save") return;
  throw new CommandError(
    ExitCode.RECEIVE,
    `the URLs of ${name} in the Metalink lead to a Metalink, not to the file`,
  );
}

function optionsOf(
  { start, end, knownFile }: FoundRange,
  { task, state, conditions, options }: Beginning,
): DownloaderOptions {
  const { output } = task.target;
  const headers = new Headers(options.headers);
  for (const [name, value] of conditions?.headers ?? []) headers.set(name, value);
  const { existing, part } = state;
  const record = part?.existing.before.record;
  return {
    ...options,
    maxRate: state.maxRate ?? options.maxRate,
    expectedName: output === "-" ? undefined : output,
    headers,
    // What was learned of mirrors just now does not prove that the part file is of their file.
    knownFile: existing > 0 ? record && recordedFile(record, task.urls) : knownFile,
    // Existing bytes are of the file, too.
    verifyHash: false,
    recordOrigins: options.expectedPieces === undefined,
    expectedSize: options.expectedPieces
      ? options.expectedSize
      : record?.size ?? options.expectedSize,
    range: { start: start + state.continuesAt, end },
  };
}

/** Returns the hashes that the whole file has to have, by the user and the record of the part file. */
async function hashesToExpect({ task, state, checks, options }: Beginning): Promise<Hashes> {
  const { ignoreDigests, expectedPieces } = options;
  const recorded = ignoreDigests || expectedPieces
    ? undefined
    : state.part?.existing.before.record?.hashes;
  const own = task.range === undefined ? checks.checksums : [];
  if (own.length === 0) return { ...recorded };
  const { hashesOf } = await import("../../checksum/checksum.ts");
  return { ...recorded, ...hashesOf(own) };
}

/**
 * Finds the mirrors that the server of the only URL names, unless the user does not want them. Returns them
 * with the server itself, and hashes of the file; `undefined` if it names nothing.
 */
async function findMirrors(
  info: FileInfo,
  { task: { urls, discovery }, options, signal, report }: Beginning,
): Promise<DiscoveredMirrors | undefined> {
  if (discovery === undefined || info.elsewhere === undefined) return undefined;
  const { parseMetalink } = await import("../../../../metalink.ts");
  const wanted = { ...options, ...discovery, parseMetalink, signal };
  const found = await mirrorsOf(urls[0]!, info, wanted);
  for (const problem of found.problems) report.note(printable(problem));
  const more = found.urls.length - 1;
  if (more > 0) {
    report.note(`the server names ${more === 1 ? "a mirror" : `${more} mirrors`} of the file`);
  }
  return found;
}
