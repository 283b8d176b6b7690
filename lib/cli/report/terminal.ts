/**
 * Writes to stdout and stderr, and finds out what the terminal can show.
 *
 * @module
 */

import { writeFully, writeText } from "../../command_line/process.ts";
import { fitMessage, printableLines, terminalSize } from "../../command_line/terminal_text.ts";
import { environmentVariable } from "../../environment.ts";
import { reason, writeError } from "../failure/exit_code.ts";
import type { Display, DisplayOptions } from "./display.ts";
import type { ReportOptions } from "./report.ts";

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
  { verbosity, progress, simple, toStdout }:
    & Pick<ReportOptions, "verbosity" | "progress">
    & Partial<Pick<ReportOptions, "simple">>
    & { readonly toStdout: boolean },
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
    size: terminalSize,
    color: usesColors(environmentVariable("FORCE_COLOR"), Deno.noColor),
    unicode: isUtf8(),
    wraps: Deno.stderr.isTerminal(),
    title: terminal && understandsTitles(environmentVariable, Deno.build.os),
    // A program behind the pipe may write to this terminal: several lines would be drawn over its own.
    simple: simple || toStdout,
  };
}

/** Reports whether colors are used, by the variables `FORCE_COLOR`, which goes before, and `NO_COLOR`. */
export function usesColors(force: string | undefined, isRefused: boolean): boolean {
  if (force === undefined || force === "") return !isRefused;
  return force !== "0" && force !== "false";
}

/**
 * Reports whether a terminal takes sequences for its title and its task bar. The console of Linux would
 * print some, and iTerm2 before 3.6 notify of each percent; what says nothing of itself gets none.
 */
export function understandsTitles(
  variable: (name: string) => string | undefined,
  os: typeof Deno.build.os,
): boolean {
  const term = variable("TERM") ?? (os === "windows" ? "windows" : "dumb");
  if (term === "dumb" || term === "linux") return false;
  if (variable("TERM_PROGRAM") !== "iTerm.app") return true;
  const [major = 0, minor = 0] = (variable("TERM_PROGRAM_VERSION") ?? "").split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 6);
}

/** Opens a display. What draws progress is loaded only if there is any to show. */
export async function openDisplay(options: DisplayOptions): Promise<Display> {
  const { mode, size, wraps, write } = options;
  if (mode !== "none") {
    const { LiveDisplay } = await import("./live_display.ts");
    return new LiveDisplay({ ...options, mode });
  }
  return {
    show: () => () => {},
    status: () => {},
    print: (text) => {
      const lines = printableLines(text);
      write(`${wraps ? fitMessage(lines, size().columns) : lines}\n`);
    },
    [Symbol.dispose]() {},
  };
}

/** Reports whether the locale is UTF-8, which is assumed if none is set. */
function isUtf8(): boolean {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environmentVariable).find(Boolean);
  return !locale || /utf-?8/i.test(locale);
}
