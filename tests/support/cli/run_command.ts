/**
 * Runs the downloader within a test's own process.
 *
 * @module
 */

import { parseArguments } from "../../../lib/cli/arguments/download_arguments.ts";
import { runDownloads } from "../../../lib/cli/run/run_downloads.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import type { Report } from "../../../lib/cli/report/report.ts";
import { TextReport } from "../../../lib/cli/report/text_report.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

/** What a command has told. */
export interface Told {
  /** On stderr, without the errors. */
  readonly shown: string;
  /** On stdout, without the bytes of files. */
  readonly written: string;
}

/**
 * Does what a command line says. What is shown is told to `watch` at once, which may abort as a signal
 * would. Rejects with the error of the file that gave the exit code.
 */
export async function runCommand(
  args: readonly string[],
  watch: (shown: string, abort: () => void) => void = () => {},
): Promise<Told> {
  const command = await parseArguments(args);
  if (command.type !== "download") throw new Error(`This is no download: ${command.type}`);
  const controller = new AbortController();
  // As a signal would: not from within what the download is just telling.
  const interrupted = new CommandError(ExitCode.INTERRUPTED, "interrupted");
  const abort = () => queueMicrotask(() => controller.abort(interrupted));
  let shown = "";
  let written = "";
  const errors: CommandError[] = [];
  using report = new TextReport({
    verbosity: command.report.verbosity,
    display: {
      mode: command.report.verbosity === "silent" ? "none" : "plain",
      write: (text) => {
        shown += text;
        watch(shown, abort);
      },
      size: () => ({ columns: 80, rows: 24 }),
      color: false,
      unicode: true,
    },
  });
  const heard: Report = {
    file: (file) => {
      const told = report.file(file);
      return { ...told, failed: (error) => void errors.push(error) };
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
