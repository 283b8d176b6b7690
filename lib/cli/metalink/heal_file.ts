/**
 * Heals a local file: fetches its bad and missing pieces from the mirrors of a Metalink, from all at once
 * where the library can compare the hashes, then what is left from one after the other. A piece is compared
 * with its hash before it is written; other bytes of the file are left alone.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type ExpectedPieces,
  PieceMismatchError,
} from "../../../mod.ts";
import { expectedPiecesOf, type MetalinkFile } from "../../../metalink.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { LONGEST_PIECE } from "../../http/hashes.ts";
import { IMPATIENT, piecesFrom, writeAt } from "../blame/mirror_pieces.ts";
import { ExitCode, reason, writeError } from "../failure/exit_code.ts";
import { explain } from "../failure/failure.ts";
import { syncFile } from "../part/durable_file.ts";
import { hashOf } from "./content_hashes.ts";
import { type BadPiece, runsOf, runText } from "./file_check.ts";

/** The result of healing a file. */
export interface Healing {
  /** Bytes that were fetched. */
  readonly fetched: number;
  /** Mirrors that have sent other bytes, each with the number of pieces. */
  readonly liars: ReadonlyMap<string, number>;
}

/** How pieces are fetched. */
export interface HealOptions {
  readonly signal: AbortSignal;
  readonly options: DownloaderOptions;
  /** Takes the share of the bad pieces that have been written, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Heals a file. Rejects with an error of the command if a piece cannot be fetched as it should be;
 * pieces that could are written all the same.
 *
 * @param path of the file
 * @param wanted what the Metalink says of it
 * @param bad its bad pieces, in order
 */
export async function healFile(
  path: string,
  wanted: MetalinkFile,
  bad: readonly BadPiece[],
  { signal, options, onProgress }: HealOptions,
): Promise<Healing> {
  const { pieces, size, urls } = wanted;
  checkHealable(wanted, bad);
  const left = new Map(bad.map((piece) => [piece.index, piece]));
  const lies = new Map<string, Set<number>>();
  const liars = new Map<string, number>();
  const failures = new Map<string, unknown>();
  let fetched = 0;
  let end = (pieces?.length ?? 0) * (pieces?.hashes.length ?? 0);
  using file = await writing(path, () => Deno.open(path, { read: true, write: true }));

  const write = async (piece: BadPiece, parts: readonly Uint8Array[]) => {
    await writing(path, () => writeAt(file, piece.start, parts));
    left.delete(piece.index);
    // Of a file whose size is not known, the last piece tells where it ends.
    if (piece.index === pieces!.hashes.length - 1) {
      end = piece.start + parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    }
    onProgress(1 - left.size / bad.length);
  };
  const fetchRun = async (
    mirror: string,
    run: readonly BadPiece[],
    patience: DownloaderOptions,
  ) => {
    const range = { start: run[0]!.start, end: run.at(-1)!.end };
    const settings = { ...patience, ...options, range, expectedSize: size, signal };
    await using download = new Downloader([mirror], settings);
    for await (const { piece, parts } of piecesFrom(download, run)) {
      const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
      fetched += length;
      if (hashOf(pieces!.type, parts) !== pieces!.hashes[piece.index]) {
        const name = redactUrl(mirror);
        const wrong = (lies.get(name) ?? new Set()).add(piece.index);
        lies.set(name, wrong);
        liars.set(name, Math.max(wrong.size, liars.get(name) ?? 0));
        continue;
      }
      await write(piece, parts);
    }
  };
  // All mirrors at once: the library compares the hashes, and finds out who has sent other bytes.
  const fetchTogether = async (run: readonly BadPiece[], expectedPieces: ExpectedPieces) => {
    const range = { start: run[0]!.start, end: run.at(-1)!.end };
    const settings = { ...options, range, expectedSize: size, expectedPieces, signal };
    await using download = new Downloader(urls.map(({ url }) => url), settings);
    try {
      for await (const { piece, parts } of piecesFrom(download, run)) {
        fetched += parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
        await write(piece, parts);
      }
    } finally {
      for (const { url, badPieces } of download.stats().mirrors) {
        if (badPieces === 0) continue;
        fetched += badPieces * expectedPieces.length;
        liars.set(url, (liars.get(url) ?? 0) + badPieces);
      }
    }
  };
  const askTogether = async (expectedPieces: ExpectedPieces) => {
    const hopeless = new Set<number>();
    for (;;) {
      const [run] = runsOf([...left.values()].filter(({ index }) => !hopeless.has(index)));
      if (run === undefined) return;
      const before = left.size;
      try {
        await fetchTogether(run, expectedPieces);
        if (left.size === before) return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof CommandError) throw error;
        // What else went wrong is said by each mirror when it is asked by itself.
        if (!(error instanceof PieceMismatchError)) return;
        hopeless.add(error.piece);
      }
    }
  };
  // One mirror at a time: each piece is then known to be its own.
  const askInTurn = async (mirrors: readonly string[], patience: DownloaderOptions) => {
    for (const mirror of mirrors) {
      failures.delete(mirror);
      try {
        for (const run of runsOf([...left.values()])) await fetchRun(mirror, run, patience);
      } catch (error) {
        signal.throwIfAborted();
        const explained = await explain(error);
        if (explained === error) throw error;
        failures.set(mirror, explained);
      }
    }
  };
  try {
    const mirrors = urls.map(({ url }) => url);
    const expected = mirrors.length > 1 ? expectedPiecesOf(pieces) : undefined;
    if (expected !== undefined) await askTogether(expected);
    if (mirrors.length > 1) await askInTurn(mirrors, IMPATIENT);
    // Those that have failed may only need time.
    await askInTurn(mirrors.length > 1 ? [...failures.keys()] : mirrors, {});
    if (left.size === 0) await writing(path, () => cut(file, size ?? end));
  } finally {
    await writing(path, () => syncFile(file));
  }
  if (left.size > 0) throw notHealed(path, [...left.values()], liars, [...failures.values()]);
  return { fetched, liars };
}

/** Rejects what cannot be healed. */
function checkHealable({ name, urls }: MetalinkFile, bad: readonly BadPiece[]): void {
  if (bad.length > 0 && urls.length === 0) {
    throw new CommandError(ExitCode.URL, `the Metalink has no http or https URL of ${name}`);
  }
  if (bad.some(({ start, end }) => end - start > LONGEST_PIECE)) {
    throw usageError(
      `the pieces of ${name} have more than ${LONGEST_PIECE} bytes; ` +
        "download the file instead: sphttp -M METALINK",
    );
  }
}

/** Does a step of writing. Rejects with exit code 23 if it fails. */
async function writing<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw writeError(`cannot write to ${path}: ${reason(cause)}`, cause);
  }
}

async function cut(file: Deno.FsFile, size: number): Promise<void> {
  if ((await file.stat()).size > size) await file.truncate(size);
}

function notHealed(
  path: string,
  left: readonly BadPiece[],
  liars: Healing["liars"],
  failures: readonly unknown[],
): CommandError {
  const errors = failures.filter((failure) => failure instanceof CommandError);
  const lines = [
    ...runsOf(left).slice(0, 20).map((run) => `${runText(run)} still`),
    ...[...liars].map(([url, count]) => `${url} has other bytes in ${count} of the pieces`),
    ...errors.map(({ message }) => message),
  ];
  const exitCode = liars.size > 0 ? ExitCode.CHECKSUM : errors[0]?.exitCode ?? ExitCode.CHECKSUM;
  return new CommandError(
    exitCode as ExitCode,
    `${path} cannot be healed: no mirror has ${left.length} of its pieces right` +
      lines.map((line) => `\n  ${line}`).join(""),
  );
}
