/**
 * Runs the download command in the process of the test.
 *
 * @module
 */

import { assertRejects } from "@std/assert";
import { withNamedConfigs } from "../../../lib/cli/arguments/configuration/configured_arguments.ts";
import { parseArguments } from "../../../lib/cli/arguments/download_arguments.ts";
import { runDownloads } from "../../../lib/cli/run/run_downloads.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { openDisplay } from "../../../lib/cli/report/terminal.ts";
import type { Report } from "../../../lib/cli/report/report.ts";
import { TextReport } from "../../../lib/cli/report/text_report.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

/** The output of a command. */
export interface CommandOutput {
  /** Written to stderr, without the errors. */
  readonly shown: string;
  /** Written to stdout, without the bytes of files. */
  readonly written: string;
}

/**
 * Runs a command line. Calls `watch` with all of stderr after each write; it may abort as a signal would.
 * Rejects with the error of the file that set the exit code.
 */
export async function runCommand(
  args: readonly string[],
  watch: (shown: string, abort: () => void) => void = () => {},
): Promise<CommandOutput> {
  const command = await parseArguments(await withNamedConfigs(args));
  if (command.type !== "download") throw new Error(`This is no download: ${command.type}`);
  const controller = new AbortController();
  // As a signal would: not from within a call of the report.
  const interrupted = new CommandError(ExitCode.INTERRUPTED, "interrupted");
  const abort = () => queueMicrotask(() => controller.abort(interrupted));
  let shown = "";
  let written = "";
  const errors: CommandError[] = [];
  const { verbosity } = command.report;
  const display = await openDisplay({
    mode: verbosity === "silent" ? "none" : "plain",
    write: (text) => {
      shown += text;
      watch(shown, abort);
    },
    size: () => ({ columns: 80, rows: 24 }),
    color: false,
    unicode: true,
  });
  using report = new TextReport(verbosity, display);
  const heard: Report = {
    file: (file) => {
      const own = report.file(file);
      return { ...own, failed: (error) => void errors.push(error) };
    },
    note: (text) => report.note(text),
    end: (counts) => report.end(counts),
    [Symbol.dispose]() {},
  };
  const write = (text: string) => void (written += text);
  const exitCode = await runDownloads(command, { signal: controller.signal, report: heard, write });
  if (exitCode === ExitCode.OK) return { shown, written };
  throw errors.find((error) => error.exitCode === exitCode) ??
    new Error(`exit code ${exitCode} without an error`);
}

/** Runs a command line; returns what it has written to stderr. */
export async function shownBy(...command: Parameters<typeof runCommand>): Promise<string> {
  return (await runCommand(...command)).shown;
}

/** Runs a command line that may fail; returns what it has written to stderr, and the error. */
export async function tryCommand(
  args: readonly string[],
): Promise<{ shown: string; error?: CommandError }> {
  let shown = "";
  try {
    await runCommand(args, (text) => void (shown = text));
    return { shown };
  } catch (error) {
    if (error instanceof CommandError) return { shown, error };
    throw error;
  }
}

/** Runs a command line that fails; returns the error. */
export async function failCommand(
  ...command: Parameters<typeof runCommand>
): Promise<CommandError> {
  return await assertRejects(() => runCommand(...command), CommandError);
}
