/**
 * What the command knows of the terminal that it runs in, and how it writes there.
 *
 * @module
 */

import { writeText } from "../../command_line/write_text.ts";
import type { DisplayOptions } from "./live_display.ts";
import type { ReportOptions } from "./report.ts";

/** Writes a text to stderr, whole. */
export function writeMessage(text: string): void {
  writeText(Deno.stderr, text);
}

/** Writes a text to stdout, whole. */
export function writeOutput(text: string): void {
  writeText(Deno.stdout, text);
}

/** How downloads are shown here. */
export function displayOptions(
  { verbosity, progress, toStdout }: Pick<ReportOptions, "verbosity" | "progress"> & {
    readonly toStdout: boolean;
  },
): DisplayOptions {
  const terminal = Deno.stderr.isTerminal() && environment("TERM") !== "dumb";
  // Bytes of the file and a picture do not go together on one terminal.
  const crossed = toStdout && Deno.stdout.isTerminal();
  return {
    mode: verbosity === "silent" || verbosity === "errors" || !progress || crossed
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

/** Whether the locale speaks UTF-8, as nearly all do; where nothing is known of it, it does. */
function isUtf8(): boolean {
  const locale = environment("LC_ALL") || environment("LC_CTYPE") || environment("LANG");
  return !locale || /utf-?8/i.test(locale);
}

/** A variable of the environment, where it may be read without asking. */
function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
