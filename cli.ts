/**
 * The command `sphttp`: downloads one file from many HTTP mirrors at once, in order, to a file or a
 * pipe. `--help` lists its options; exit codes are curl's.
 *
 * @example
 * ```sh
 * deno run -A jsr:@x/sphttp/cli -o file.iso https://one.example/file.iso https://two.example/file.iso
 * ```
 *
 * @module
 */

import { fitToTerminal, printableLines } from "./lib/command_line/terminal_text.ts";
import {
  isDisabled,
  withNamedConfigs,
  withOwnConfig,
} from "./lib/cli/arguments/configuration/configured_arguments.ts";
import { type DownloadArguments, parseArguments } from "./lib/cli/arguments/download_arguments.ts";
import { askPassword } from "./lib/cli/arguments/credentials/login.ts";
import { ExitCode } from "./lib/cli/failure/exit_code.ts";
import type { Report } from "./lib/cli/report/report.ts";
import {
  displayOptions,
  openDisplay,
  writeMessage,
  writeOutput,
  writeRemark,
} from "./lib/cli/report/terminal.ts";
import { useUnits } from "./lib/cli/report/text.ts";
import { redactText } from "./lib/http/address/redact.ts";
import { CommandError } from "./lib/command_line/command_error.ts";
import { VERSION } from "./lib/version.ts";

/** Runs the command with the given arguments; resolves to its exit code, and never rejects. */
export async function main(args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    writeMessage(fitToTerminal(errorText(error, args)));
    return error instanceof CommandError ? error.exitCode : ExitCode.INTERNAL;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const disabled = isDisabled(args) ? args.slice(0, 1) : [];
  const [name, ...rest] = args.slice(disabled.length);
  // Modules are loaded when they are needed: a command starts faster without those of the others.
  switch (name) {
    case "analyze": {
      const { analyzeCommand } = await import("./lib/cli/analyze/analyze.ts");
      await analyzeCommand(rest);
      return ExitCode.OK;
    }
    case "completions": {
      const { completionsCommand } = await import("./lib/cli/completions/completions.ts");
      completionsCommand(rest);
      return ExitCode.OK;
    }
    case "metalink": {
      const [{ metalinkCommand }, { Interruption }] = await Promise.all([
        import("./lib/cli/metalink/metalink_command.ts"),
        import("./lib/cli/process/interruption.ts"),
      ]);
      using interruption = new Interruption();
      await metalinkCommand(rest, interruption.signal);
      return ExitCode.OK;
    }
    case "probe":
      return await probe([...disabled, ...rest]);
    default:
      return await download(args);
  }
}

async function probe(args: readonly string[]): Promise<number> {
  const { parseProbeArguments, PROBE_FLAGS, probeHelp } = await import(
    "./lib/cli/probe/probe_arguments.ts"
  );
  const parsed = await parseProbeArguments(await withOwnConfig(args, PROBE_FLAGS));
  if (parsed === "help") {
    writeOutput(probeHelp());
    return ExitCode.OK;
  }
  const login = await askPassword(parsed.login);
  const [{ probeCommand }, { Interruption }] = await Promise.all([
    import("./lib/cli/probe/probe.ts"),
    import("./lib/cli/process/interruption.ts"),
  ]);
  using interruption = new Interruption();
  await probeCommand({ ...parsed, login }, interruption.signal);
  return ExitCode.OK;
}

async function download(args: readonly string[]): Promise<number> {
  const parsed = await parseArguments(await withNamedConfigs(await withOwnConfig(args)));
  if (parsed.type === "version") {
    writeOutput(`sphttp ${VERSION}\n`);
    return ExitCode.OK;
  }
  if (parsed.type === "help") {
    const { helpText } = await import("./lib/cli/arguments/help.ts");
    writeOutput(helpText(VERSION, parsed.topic));
    return ExitCode.OK;
  }
  const login = await askPassword(parsed.login);
  const [{ Interruption }, { runDownloads }, opened] = await Promise.all([
    import("./lib/cli/process/interruption.ts"),
    import("./lib/cli/run/run_downloads.ts"),
    reportFor(parsed),
  ]);
  using interruption = new Interruption();
  using report = opened;
  return await runDownloads({ ...parsed, login }, {
    signal: interruption.signal,
    report,
    write: writeRemark,
  });
}

async function reportFor({ report, target }: DownloadArguments): Promise<Report> {
  if (report.json) {
    const { JsonReport } = await import("./lib/cli/report/json_report.ts");
    return new JsonReport({ write: writeMessage, verbose: report.verbosity === "verbose" });
  }
  useUnits(report.units);
  const { TextReport } = await import("./lib/cli/report/text_report.ts");
  const display = displayOptions({ ...report, toStdout: target.output === "-" });
  return new TextReport(report.verbosity, await openDisplay(display));
}

/** Returns the message for an error: without credentials, and without a stack unless `-v` is given. */
function errorText(error: unknown, args: readonly string[]): string {
  if (error instanceof CommandError) {
    return error.message && `sphttp: ${printableLines(error.message)}\n`;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const verbose = args.includes("-v") || args.includes("--verbose");
  const more = verbose && error instanceof Error ? `\n${error.stack}` : "";
  return redactText(
    `sphttp: ${message}\nthis is a bug in sphttp${verbose ? more : "; -v shows the stack"}\n`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
