/**
 * Who is wrong where mirrors were found to differ in the middle of a file: each of them shows its bytes there,
 * and most decide.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type MirrorMismatchError,
  SphttpError,
} from "../../../../mod.ts";
import type { ByteRange } from "../../../http/byte_range.ts";
import { sha256Of } from "../../../hashing/platform_hash.ts";
import { collect } from "../../../stand_ins.ts";
import { IMPATIENT } from "../../blame/mirror_pieces.ts";
import { type Abortable, askingOptions } from "./documents.ts";

/** So many bytes before and behind a place where mirrors differ are compared. */
const AROUND = 512;

/**
 * Returns those of `urls` whose mirrors have other bytes than most of them, where they were found to differ:
 * none if there is no such place, or no majority. Mirrors that do not answer have no vote.
 */
export async function outvoted(
  { files }: MirrorMismatchError,
  urls: readonly string[],
  options: Abortable,
): Promise<readonly string[]> {
  const pieces = files.flatMap(({ differsAt, size }) =>
    differsAt === undefined ? [] : [pieceAround(differsAt, size)]
  );
  if (pieces.length === 0 || urls.length < 3) return [];
  const votes = new Map<string, string[]>();
  await Promise.all(urls.map(async (url) => {
    const vote = await voteOf(url, pieces, options);
    if (vote !== undefined) votes.set(vote, [...votes.get(vote) ?? [], url]);
  }));
  if (options.signal.aborted) return [];
  const sides = [...votes.values()].sort((one, other) => other.length - one.length);
  const [most = [], ...others] = sides;
  const against = others.flat();
  return most.length > Math.max(1, against.length) ? against : [];
}

function pieceAround(at: number, size = Infinity): ByteRange {
  return { start: Math.max(0, at - AROUND), end: Math.min(size, at + AROUND) };
}

/** Returns a digest of the pieces as a mirror has them; `undefined` if it does not send them. */
async function voteOf(
  url: string,
  pieces: readonly ByteRange[],
  options: Abortable,
): Promise<string | undefined> {
  const settings: DownloaderOptions = { ...askingOptions(options), ...IMPATIENT };
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (const range of pieces) {
      await using download = new Downloader([url], { ...settings, range });
      parts.push(...await collect(download));
    }
  } catch (error) {
    if (!options.signal.aborted && !(error instanceof SphttpError)) throw error;
    return undefined;
  }
  return await sha256Of(new Uint8Array(await new Blob(parts).arrayBuffer()));
}
