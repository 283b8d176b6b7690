/**
 * Writes to stdout and stderr, and finds out what the terminal can show.
 *
 * @module
 */

import { writeFully, writeText } from "../../command_line/process.ts";
import { environmentVariable } from "../../environment.ts";
import { reason, writeError } from "../failure/exit_code.ts";
import type { Display, DisplayOptions } from "./display.ts";
import type { ReportOptions } from "./report.ts";
import { printableLines } from "./text.ts";

/** Writes text to stderr. */
export function writeMessage(text: string): void {
  writeText(Deno.stderr, text);
}

/** Writes what was asked for to stdout. Throws an error with exit code 23 if that fails. */
export function writeOutput(text: string): void {
  try {
    writeFully(Deno.stdout, text);
  } catch (cause) {
    // The reader has closed the pipe: no message.
    if (cause instanceof Deno.errors.BrokenPipe) throw writeError("", cause);
    throw writeError(`cannot write to stdout: ${reason(cause)}`, cause);
  }
}

/** Writes remarks to stdout, without which a download is complete all the same. */
export function writeRemark(text: string): void {
  writeText(Deno.stdout, text);
}

export function displayOptions(
  { verbosity, progress, toStdout }: Pick<ReportOptions, "verbosity" | "progress"> & {
    readonly toStdout: boolean;
  },
): DisplayOptions {
  const terminal = Deno.stderr.isTerminal() && environmentVariable("TERM") !== "dumb";
  // The bytes of the file and the display would mix on one terminal.
  const mixed = toStdout && Deno.stdout.isTerminal();
  return {
    mode: verbosity === "silent" || verbosity === "errors" || !progress || mixed
      ? "none"
      : terminal && verbosity === "normal"
      ? "live"
      : "plain",
    write: writeMessage,
    size: () => {
      try {
        return Deno.consoleSize();
      } catch {
        return { columns: 80, rows: 24 };
      }
    },
    color: !Deno.noColor,
    unicode: isUtf8(),
  };
}

/** Opens a display. What draws progress is loaded only if there is any to show. */
export async function openDisplay(options: DisplayOptions): Promise<Display> {
  const { mode, write } = options;
  if (mode !== "none") {
    const { LiveDisplay } = await import("./live_display.ts");
    return new LiveDisplay({ ...options, mode });
  }
  return {
    show: () => () => {},
    status: () => {},
    print: (text) => write(`${printableLines(text)}\n`),
    [Symbol.dispose]() {},
  };
}

/** Reports whether the locale is UTF-8, which is assumed if none is set. */
function isUtf8(): boolean {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environmentVariable).find(Boolean);
  return !locale || /utf-?8/i.test(locale);
}
