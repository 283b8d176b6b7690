/**
 * `sphttp metalink --verify METALINK [FILE]`: compares local files with a Metalink,
 * and with `--heal` fetches what is wrong from their mirrors.
 *
 * @module
 */

import type { MetalinkFile } from "../../../metalink.ts";
import { CommandError, usageError } from "../../command_line/command_error.ts";
import { VERSION } from "../../version.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { directoryOf } from "../part/path.ts";
import type { Display } from "../report/display.ts";
import { displayOptions, openDisplay, writeOutput } from "../report/terminal.ts";
import { formatPercent } from "../report/text.ts";
import {
  type BadPiece,
  checkFile,
  type FileCheck,
  runsOf,
  runText,
  strongestType,
} from "./file_check.ts";
import { selectFiles } from "./metalink_entries.ts";
import { readMetalink } from "./metalink_source.ts";

/** The arguments of the command. */
export interface VerifyArguments {
  /** Path or URL of the Metalink. */
  readonly source: string;
  /** Path of the file, `undefined` for those that the Metalink names. */
  readonly path: string | undefined;
  /** Names of the files to compare; empty for all. */
  readonly select: readonly string[];
  /** Whether to fetch what is wrong. */
  readonly heal: boolean;
}

const HEADERS = { "User-Agent": `sphttp/${VERSION}` };

/** The most runs of bad pieces in a message. */
const MOST_RUNS = 20;

/** Runs the command. Rejects with the first error of a file, or with the reason of `signal`. */
export async function verifyCommand(
  { source, path, select, heal }: VerifyArguments,
  signal: AbortSignal,
): Promise<void> {
  const metalink = await readMetalink(source, { signal, headers: HEADERS }, "--verify");
  const { chosen } = selectFiles(metalink, select);
  if (path !== undefined && chosen.length > 1) {
    throw usageError(
      `${metalink.where} has ${chosen.length} files; use --select-file NAME to say which one ${path} is`,
    );
  }
  const unknown = chosen.find((file) => file.pieces === undefined && !strongestType(file));
  if (unknown !== undefined) {
    const message = `${metalink.where} has no hash of ${unknown.name} that can be verified`;
    throw new CommandError(
      metalink.url === undefined ? ExitCode.USAGE : ExitCode.RECEIVE,
      message,
    );
  }
  const folder = metalink.url === undefined ? directoryOf(source) : ".";
  using display = await openDisplay(
    displayOptions({ verbosity: "normal", progress: true, toStdout: false }),
  );
  const errors: CommandError[] = [];
  for (const file of chosen) {
    const own = path ?? (folder === "." ? file.name : `${folder.replace(/\/$/, "")}/${file.name}`);
    try {
      await verifyFile(own, file, { heal, signal, display });
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  if (first === undefined) return;
  throw new CommandError(first.exitCode, errors.map(({ message }) => message).join("\n"), {
    cause: first,
  });
}

async function verifyFile(
  path: string,
  file: MetalinkFile,
  { heal, signal, display }: {
    readonly heal: boolean;
    readonly signal: AbortSignal;
    readonly display: Display;
  },
): Promise<void> {
  const check = async () => {
    let shown = "";
    const onProgress = (share: number) => {
      const text = `reading ${path}: ${formatPercent(share)}`;
      if (text !== shown) display.status(shown = text);
    };
    const result = await checkFile(path, file, { signal, onProgress });
    display.status("");
    return result;
  };
  const found = await check();
  const problem = problemOf(path, file, found);
  if (problem === undefined) return writeOutput(`${path}: OK, ${proofOf(file, found)}\n`);
  const canBeHealed = found.bad.length > 0 || found.wrong === undefined;
  if (!heal || !canBeHealed) {
    const advice = canBeHealed
      ? "\nuse --heal to correct it from the mirrors"
      : heal
      ? "\nwithout bad pieces it cannot be healed; download it again"
      : "";
    throw new CommandError(ExitCode.CHECKSUM, `${problem}${advice}`);
  }
  const { healFile } = await import("./heal_file.ts");
  const { fetched, liars } = await healFile(path, file, found.bad, {
    signal,
    options: { headers: HEADERS },
    onProgress: (share) => display.status(`healing ${path}: ${formatPercent(share)}`),
  });
  display.status("");
  for (const [url, count] of liars) {
    display.print(`${url} has other bytes in ${count} of the pieces`);
  }
  const healed = await check();
  const rest = problemOf(path, file, healed);
  if (rest !== undefined) throw new CommandError(ExitCode.CHECKSUM, rest);
  writeOutput(`${path}: healed, ${fetched} bytes fetched; ${proofOf(file, healed)}\n`);
}

/** Returns what is wrong with a file, `undefined` if nothing is. */
function problemOf(path: string, file: MetalinkFile, check: FileCheck): string | undefined {
  const { size, bad, type, wrong } = check;
  const lines: string[] = [];
  if (file.size !== undefined && size !== file.size) {
    lines.push(`it has ${size} bytes instead of ${file.size}`);
  } else if (file.pieces !== undefined && size > file.pieces.length * file.pieces.hashes.length) {
    lines.push(`it has ${size} bytes, more than its pieces`);
  }
  lines.push(...pieceLines(file, bad));
  if (wrong !== undefined && lines.length === 0) {
    lines.push(
      `the ${type} checksum does not match` +
        (file.pieces === undefined ? "" : ", but each piece does: the Metalink contradicts itself"),
      `expected ${file.hashes[type!]}`,
      `got      ${wrong}`,
    );
  }
  if (lines.length === 0) return undefined;
  return `${path} is not what the Metalink describes:${
    lines.map((line) => `\n  ${line}`).join("")
  }`;
}

/** Returns the lines that list bad and missing pieces. */
function pieceLines({ pieces }: MetalinkFile, bad: readonly BadPiece[]): string[] {
  if (bad.length === 0) return [];
  const runs = [false, true].flatMap((missing) =>
    runsOf(bad.filter(({ isMissing }) => isMissing === missing))
  );
  const more = runs.length - MOST_RUNS;
  return [
    `${bad.length} of ${pieces!.hashes.length} pieces are bad or missing (${pieces!.type}):`,
    ...runs.slice(0, MOST_RUNS).map((run) => `  ${runText(run)}`),
    ...more > 0 ? [`  and ${more} more`] : [],
  ];
}

/** Lists what has proved a file. */
function proofOf({ pieces }: MetalinkFile, { size, type }: FileCheck): string {
  const proofs = [
    `${size} bytes`,
    ...pieces === undefined ? [] : [`${pieces.hashes.length} pieces (${pieces.type})`],
    ...type === undefined ? [] : [type],
  ];
  return proofs.join(", ");
}
