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
  options: HealOptions,
): Promise<Healing> {
  checkHealable(wanted, bad);
  const { pieces, size, urls } = wanted;
  const mirrors = urls.map(({ url }) => url);
  using file = await writing(path, () => Deno.open(path, { read: true, write: true }));
  const healer = new Healer(path, file, wanted, bad, options);
  try {
    const expected = mirrors.length > 1 ? expectedPiecesOf(pieces) : undefined;
    if (expected !== undefined) await healer.askTogether(mirrors, expected);
    if (mirrors.length > 1) await healer.askInTurn(mirrors, IMPATIENT);
    // Those that have failed may only need time.
    await healer.askInTurn(mirrors.length > 1 ? [...healer.failures.keys()] : mirrors, {});
    if (healer.left.size === 0) await writing(path, () => cut(file, size ?? healer.end));
  } finally {
    await writing(path, () => syncFile(file));
  }
  const { fetched, liars, left, failures } = healer;
  if (left.size > 0) throw notHealed(path, [...left.values()], liars, [...failures.values()]);
  return { fetched, liars };
}

/** Fetches pieces, and writes those that are right. */
class Healer {
  /** Pieces that are not right yet, by their index. */
  readonly left: Map<number, BadPiece>;
  readonly liars = new Map<string, number>();
  /** Why mirrors have failed, by their URLs. */
  readonly failures = new Map<string, unknown>();
  fetched = 0;
  /** Where the file ends, as far as its last piece has told. */
  end: number;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #wanted: MetalinkFile;
  readonly #options: HealOptions;
  readonly #count: number;
  /** The pieces of which mirrors have sent other bytes when they were asked alone. */
  readonly #lies = new Map<string, Set<number>>();

  constructor(
    path: string,
    file: Deno.FsFile,
    wanted: MetalinkFile,
    bad: readonly BadPiece[],
    options: HealOptions,
  ) {
    this.#path = path;
    this.#file = file;
    this.#wanted = wanted;
    this.#options = options;
    this.#count = bad.length;
    this.left = new Map(bad.map((piece) => [piece.index, piece]));
    this.end = (wanted.pieces?.length ?? 0) * (wanted.pieces?.hashes.length ?? 0);
  }

  /** Asks all mirrors at once: the library compares the hashes, and finds out who has sent other bytes. */
  async askTogether(mirrors: readonly string[], expectedPieces: ExpectedPieces): Promise<void> {
    const hopeless = new Set<number>();
    for (;;) {
      const [run] = runsOf([...this.left.values()].filter(({ index }) => !hopeless.has(index)));
      if (run === undefined) return;
      const before = this.left.size;
      try {
        await this.#fetchTogether(mirrors, run, expectedPieces);
        if (this.left.size === before) return;
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (error instanceof CommandError) throw error;
        // What else went wrong is said by each mirror when it is asked by itself.
        if (!(error instanceof PieceMismatchError)) return;
        hopeless.add(error.piece);
      }
    }
  }

  /** Asks one mirror at a time: each piece is then known to be its own. */
  async askInTurn(mirrors: readonly string[], patience: DownloaderOptions): Promise<void> {
    for (const mirror of mirrors) {
      this.failures.delete(mirror);
      try {
        for (const run of runsOf([...this.left.values()])) {
          await this.#fetchFrom(mirror, run, patience);
        }
      } catch (error) {
        this.#options.signal.throwIfAborted();
        const explained = await explain(error);
        if (explained === error) throw error;
        this.failures.set(mirror, explained);
      }
    }
  }

  async #fetchTogether(
    mirrors: readonly string[],
    run: readonly BadPiece[],
    expectedPieces: ExpectedPieces,
  ): Promise<void> {
    await using download = new Downloader(mirrors, { ...this.#settings(run), expectedPieces });
    try {
      for await (const { piece, parts } of piecesFrom(download, run)) {
        this.fetched += lengthOf(parts);
        await this.#write(piece, parts);
      }
    } finally {
      for (const { url, badPieces } of download.stats().mirrors) {
        if (badPieces === 0) continue;
        this.fetched += badPieces * expectedPieces.length;
        this.liars.set(url, (this.liars.get(url) ?? 0) + badPieces);
      }
    }
  }

  async #fetchFrom(
    mirror: string,
    run: readonly BadPiece[],
    patience: DownloaderOptions,
  ): Promise<void> {
    const { type, hashes } = this.#wanted.pieces!;
    await using download = new Downloader([mirror], { ...patience, ...this.#settings(run) });
    for await (const { piece, parts } of piecesFrom(download, run)) {
      this.fetched += lengthOf(parts);
      if (hashOf(type, parts) === hashes[piece.index]) await this.#write(piece, parts);
      else this.#blame(redactUrl(mirror), piece);
    }
  }

  #blame(mirror: string, { index }: BadPiece): void {
    const wrong = (this.#lies.get(mirror) ?? new Set()).add(index);
    this.#lies.set(mirror, wrong);
    this.liars.set(mirror, Math.max(wrong.size, this.liars.get(mirror) ?? 0));
  }

  async #write(piece: BadPiece, parts: readonly Uint8Array[]): Promise<void> {
    await writing(this.#path, () => writeAt(this.#file, piece.start, parts));
    this.left.delete(piece.index);
    // Of a file whose size is not known, the last piece tells where it ends.
    if (piece.index === this.#wanted.pieces!.hashes.length - 1) {
      this.end = piece.start + lengthOf(parts);
    }
    this.#options.onProgress(1 - this.left.size / this.#count);
  }

  /** Returns the options of the download of adjacent pieces. */
  #settings(run: readonly BadPiece[]): DownloaderOptions {
    const { options, signal } = this.#options;
    const range = { start: run[0]!.start, end: run.at(-1)!.end };
    return { ...options, range, expectedSize: this.#wanted.size, signal };
  }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
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
