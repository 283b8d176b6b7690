/**
 * The command `sphttp`: downloads one file from many HTTP mirrors at once, in order, into a file or
 * a pipe. `--help` shows what it can do; exit codes are curl's.
 *
 * @example
 * ```sh
 * deno run -A jsr:@x/sphttp/cli -o file.iso https://one.example/file.iso https://two.example/file.iso
 * ```
 *
 * @module
 */

import { parseCommand } from "./lib/cli/command.ts";
import { CommandError, ExitCode } from "./lib/cli/exit_code.ts";
import { displayOptions, writeError, writeOutput } from "./lib/cli/terminal.ts";
import { withoutCredentials } from "./lib/cli/values.ts";
import { VERSION } from "./lib/version.ts";

/** Runs the command with the given arguments; resolves to its exit code, and never rejects. */
export async function main(args: string[]): Promise<number> {
  try {
    await run(args);
    return ExitCode.OK;
  } catch (error) {
    writeError(errorText(error, args));
    return error instanceof CommandError ? error.exitCode : ExitCode.INTERNAL;
  }
}

async function run(args: string[]): Promise<void> {
  const command = await parseCommand(args);
  if (command.type === "version") return writeOutput(`sphttp ${VERSION}\n`);
  if (command.type === "help") {
    const { helpText } = await import("./lib/cli/help.ts");
    return writeOutput(helpText(VERSION));
  }
  const { Interruption } = await import("./lib/cli/interruption.ts");
  using interruption = new Interruption();
  // The engine is loaded only when there is something to download.
  const { transfer } = await import("./lib/cli/transfer.ts");
  const { verbosity, output } = command;
  const display = displayOptions({ verbosity, toStdout: output === "-" });
  await transfer(command, { signal: interruption.signal, display });
}

/** What is said of an error: never a stack, never a credential. */
function errorText(error: unknown, args: readonly string[]): string {
  if (error instanceof CommandError) return error.message && `sphttp: ${error.message}\n`;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const verbose = args.includes("-v") || args.includes("--verbose");
  const more = verbose && error instanceof Error ? `\n${error.stack}` : "";
  return withoutCredentials(
    `sphttp: ${message}\nthis is a bug in sphttp${verbose ? more : "; -v shows more"}\n`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
