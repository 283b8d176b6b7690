/**
 * What follows when a file is complete, but not the one that is expected, and several mirrors have sent it:
 * on disk, the wrong bytes are searched and replaced; elsewhere the error says who has sent which bytes.
 *
 * @module
 */

import { Downloader, type DownloaderOptions, type Origin, SphttpError } from "../../../../mod.ts";
import { CommandError } from "../../../command_line/command_error.ts";
import { requestedUrl } from "../../../http/address/named_address.ts";
import { parseMirrorUrl } from "../../../http/address/mirror_url.ts";
import type { ByteRange } from "../../../http/byte_range.ts";
import {
  BlameSearch,
  type BlameSearchOptions,
  type Finding,
  mostFetches,
} from "../../blame/blame_search.ts";
import { IMPATIENT } from "../../blame/mirror_pieces.ts";
import { rangesText, type Sender, sendersOf, sendersText } from "../../blame/senders.ts";
import { ExitCode, reason, writeError } from "../../failure/exit_code.ts";
import { directoryOf } from "../../part/path.ts";
import type { PartFile } from "../../part/part_file.ts";
import type { FileReport } from "../../report/report.ts";
import { formatBytes } from "../../report/text.ts";
import { askingOptions } from "./documents.ts";
import type { Checks } from "./checks.ts";
import { FileVerifier } from "./file_verifier.ts";

/** A file that is not the one that is expected. */
export interface WrongFile {
  /** Its bytes on disk; `undefined` if they went elsewhere. */
  readonly part: PartFile | undefined;
  /** Number of its first byte. */
  readonly start: number;
  readonly download: Downloader;
  readonly checks: Checks;
  /** URLs of its mirrors, including credentials. */
  readonly urls: readonly string[];
  readonly options: DownloaderOptions;
  readonly signal: AbortSignal;
  readonly report: Pick<FileReport, "note" | "comparing">;
}

/**
 * Finds who has sent wrong bytes, and corrects the file. Rejects with `error`, and what is known of the
 * senders, if the right bytes are not found.
 */
export async function findLiar(error: unknown, wrong: WrongFile): Promise<void> {
  const { part, start, download, report, options: { expectedPieces } } = wrong;
  if (!isOfOtherContent(error)) throw error;
  const mirrors = mirrorsOf(download);
  // Where pieces are expected, each of them has been proved: the digests contradict each other.
  if (mirrors.length < 2 || expectedPieces !== undefined || part?.kept === false) throw error;
  const onDisk = await part?.finished();
  const size = onDisk === undefined
    ? download.stats().consumedBytes
    : (await onDisk.file.stat()).size;
  const range = { start, end: start + size };
  const origins = originsBehind(start + (part?.existing.length ?? 0), download.origins() ?? []);
  const senders = sendersOf(range, origins);
  const known = senders.some(({ mirror }) => mirror !== undefined) ? sendersText(senders) : [];
  if (onDisk === undefined) throw withLines(error, known);
  const again = formatBytes(mostFetches(mirrors.length) * size);
  report.note(
    "the file is not the one that is expected: its bytes are compared with those of other mirrors, " +
      `which send up to ${again} for that`,
  );
  const { isRight, wrong: ranges } = await search(onDisk, range, { ...wrong, senders, mirrors });
  const than = isRight ? "the file has" : "most mirrors";
  const lines = [...ranges].map(([mirror, ranges]) =>
    `${
      mirror === undefined ? "an earlier download left" : `${mirror} sent`
    } other bytes than ${than}: ` +
    rangesText(ranges)
  );
  if (!isRight) throw withLines(error, [...lines, ...known]);
  for (const text of lines) report.note(text);
  report.note("the file is right: wrong bytes were replaced by those of other mirrors");
}

interface Search extends WrongFile {
  readonly senders: readonly Sender[];
  readonly mirrors: readonly string[];
}

async function search(
  { file, path }: { readonly file: Deno.FsFile; readonly path: string },
  range: ByteRange,
  wrong: Search,
): Promise<Finding> {
  const { checks, senders, mirrors, signal, report, part } = wrong;
  const fits = async (bytes: AsyncIterable<Uint8Array>) => {
    await using verifier = await FileVerifier.of(checks, range.end - range.start);
    for await (const some of bytes) await verifier.update(some);
    const error = await verifier.verify().then(() => undefined, (error: unknown) => error);
    if (error !== undefined && !isOfOtherContent(error)) throw error;
    return error === undefined;
  };
  try {
    using variants = await openUnnamed(path);
    const searched = { file, variants, range, senders, mirrors, fits, signal };
    return await new BlameSearch({
      ...searched,
      beforeChange: async () => await part?.forgetRecord(),
      onProgress: (share) => report.comparing(share),
      fetch: fetchFrom(wrong),
    }).run();
  } catch (cause) {
    if (signal.aborted || !(cause instanceof Error && "code" in cause)) throw cause;
    throw writeError(`cannot correct ${wrong.part!.partName}: ${reason(cause)}`, cause);
  }
}

/** Returns what fetches bytes from one mirror. */
function fetchFrom({ download, urls, options, signal }: WrongFile): BlameSearchOptions["fetch"] {
  const withCredentials = new Map(urls.map((url) => [parseMirrorUrl(url).url, url]));
  const { maxIdleMs = Infinity, retry } = options;
  const settings: DownloaderOptions = {
    ...askingOptions({ ...options, signal }),
    maxRate: download.maxRate,
    maxIdleMs: Math.min(maxIdleMs, IMPATIENT.maxIdleMs!),
    retry: { ...retry, ...IMPATIENT.retry },
  };
  /** Mirrors that send the whole file whatever they are asked for: once is enough. */
  const whole = new Set<string>();
  return async function* (mirror, range) {
    if (whole.has(mirror)) throw new SphttpError(`${mirror} serves no ranges`);
    const url = withCredentials.get(mirror) ?? mirror;
    await using download = new Downloader([url], { ...settings, range });
    yield* download;
    if (download.knownFile === undefined) whole.add(mirror);
  };
}

/** Opens a new file beside the part file that is gone once it is closed, however the process ends. */
async function openUnnamed(path: string): Promise<Deno.FsFile> {
  const name = await Deno.makeTempFile({ dir: directoryOf(path), prefix: ".sphttp-" });
  try {
    return await Deno.open(name, { read: true, write: true });
  } finally {
    await Deno.remove(name);
  }
}

/** Returns the URLs of a download's mirrors, first those that have delivered most. */
function mirrorsOf(download: Downloader): string[] {
  const mirrors = download.stats().mirrors.map(({ url, state, bytes }) => ({
    url: requestedUrl(url),
    rank: state === "dropped" ? -1 : bytes,
  }));
  mirrors.sort((one, other) => other.rank - one.rank);
  return [...new Set(mirrors.map(({ url }) => url))];
}

/** Returns who has sent the bytes behind those that existed; addresses of a mirror are one. */
function originsBehind(existing: number, origins: readonly Origin[]): Origin[] {
  return origins.map(({ start, end, mirror }) => ({
    start: Math.max(start, existing),
    end,
    mirror: requestedUrl(mirror),
  })).filter(({ start, end }) => start < end);
}

function isOfOtherContent(error: unknown): error is CommandError {
  return error instanceof CommandError && error.exitCode === ExitCode.CHECKSUM;
}

function withLines({ exitCode, message }: CommandError, lines: readonly string[]): CommandError {
  return new CommandError(exitCode, message + lines.map((line) => `\n  ${line}`).join(""));
}
