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

import { type DownloadArguments, parseArguments } from "./lib/cli/arguments/download_arguments.ts";
import { ExitCode } from "./lib/cli/failure/exit_code.ts";
import type { ProbeArguments } from "./lib/cli/probe/probe_arguments.ts";
import type { Report } from "./lib/cli/report/report.ts";
import { displayOptions, writeMessage, writeOutput } from "./lib/cli/report/terminal.ts";
import { printableLines } from "./lib/cli/report/text_width.ts";
import { redactText } from "./lib/http/redact.ts";
import { CommandError } from "./lib/command_line/command_error.ts";
import { VERSION } from "./lib/version.ts";

/** Runs the command with the given arguments; resolves to its exit code, and never rejects. */
export async function main(args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    writeMessage(errorText(error, args));
    return error instanceof CommandError ? error.exitCode : ExitCode.INTERNAL;
  }
}

async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  // A URL has a colon: the name of a command cannot be mistaken for one.
  if (name === "analyze") {
    const { analyzeCommand } = await import("./lib/cli/analyze/analyze.ts");
    await analyzeCommand(rest);
    return ExitCode.OK;
  }
  if (name === "completions") {
    const { completionsCommand } = await import("./lib/cli/completions/completions.ts");
    completionsCommand(rest);
    return ExitCode.OK;
  }
  if (name === "probe") {
    const { parseProbeArguments, probeHelp } = await import("./lib/cli/probe/probe_arguments.ts");
    const command = await parseProbeArguments(rest);
    if (command === "help") {
      writeOutput(probeHelp());
      return ExitCode.OK;
    }
    return await elsewhere(command, args, true) ?? await probe(command);
  }
  const command = await parseArguments(args);
  if (command.type === "version") {
    writeOutput(`sphttp ${VERSION}\n`);
    return ExitCode.OK;
  }
  if (command.type === "help") {
    const { helpText } = await import("./lib/cli/arguments/help.ts");
    writeOutput(helpText(VERSION, command.topic));
    return ExitCode.OK;
  }
  const { json, verbosity } = command.report;
  const showWarning = !json && verbosity !== "silent" && verbosity !== "errors";
  return await elsewhere(command, args, showWarning) ?? await download(command);
}

/** With `--insecure`, runs the command in another process and resolves to its exit code. */
async function elsewhere(
  { insecure }: { readonly insecure: boolean },
  args: readonly string[],
  showWarning: boolean,
): Promise<number | undefined> {
  if (!insecure) return undefined;
  const { isRerun, rerunInsecurely } = await import("./lib/cli/process/insecure.ts");
  return isRerun() ? undefined : await rerunInsecurely(args, { showWarning });
}

async function probe(command: ProbeArguments): Promise<number> {
  const [{ probeCommand }, { Interruption }] = await Promise.all([
    import("./lib/cli/probe/probe.ts"),
    import("./lib/cli/process/interruption.ts"),
  ]);
  using interruption = new Interruption();
  await probeCommand(command, { signal: interruption.signal });
  return ExitCode.OK;
}

async function download(command: DownloadArguments): Promise<number> {
  // The engine is loaded only when there is something to download.
  const [{ Interruption }, { runDownloads }] = await Promise.all([
    import("./lib/cli/process/interruption.ts"),
    import("./lib/cli/run/run_downloads.ts"),
  ]);
  using interruption = new Interruption();
  using report = await reportFor(command);
  return await runDownloads(command, { signal: interruption.signal, report, write: writeOutput });
}

async function reportFor({ report, target }: DownloadArguments): Promise<Report> {
  if (report.json) {
    const { JsonReport } = await import("./lib/cli/report/json_report.ts");
    return new JsonReport({ write: writeMessage, verbose: report.verbosity === "verbose" });
  }
  const { TextReport } = await import("./lib/cli/report/text_report.ts");
  return new TextReport({
    verbosity: report.verbosity,
    display: displayOptions({ ...report, toStdout: target.output === "-" }),
  });
}

/** What is said of an error: never a stack, never a credential. */
function errorText(error: unknown, args: readonly string[]): string {
  if (error instanceof CommandError) {
    return error.message && `sphttp: ${printableLines(error.message)}\n`;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const verbose = args.includes("-v") || args.includes("--verbose");
  const more = verbose && error instanceof Error ? `\n${error.stack}` : "";
  return redactText(
    `sphttp: ${message}\nthis is a bug in sphttp${verbose ? more : "; -v shows more"}\n`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
