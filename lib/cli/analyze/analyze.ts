/**
 * `sphttp analyze TRACE`: prints the thesis's measures of a recorded download as a table or as JSON,
 * and plots its figures as a picture or a page.
 *
 * @module
 */

import { usageError } from "../../command_line/command_error.ts";
import { type Flag, parseFlags } from "../../command_line/flag_parser.ts";
import { mirrorNames, type Recording, reportOf, type TraceReport } from "../plot/trace_report.ts";
import {
  distributionRows,
  factRows,
  formatShare,
  mirrorRows,
  reportSubtitle,
  reportTitle,
  tableText,
} from "./analysis_table.ts";
import { loadTrace } from "./trace_reader.ts";
import { replaceFile } from "../part/durable_file.ts";
import { writeMessage, writeOutput } from "../report/terminal.ts";
import { printable } from "../../command_line/terminal_text.ts";

export const ANALYZE_FLAGS = [
  { name: "plot", value: "FILE.svg|FILE.html", help: "write the figures, as .svg or .html" },
  { name: "json", help: "print one JSON object" },
  { name: "help", short: "h", help: "show help" },
] as const satisfies readonly Flag[];

const HELP = `Usage: sphttp analyze TRACE [--plot FILE.svg|FILE.html] [--json]

Prints the thesis's measures of a download that was recorded with
sphttp --trace TRACE; use - to read it from stdin.

      --plot FILE   also plot arrival time, invalid blocks, delay and delivered
                    bytes, as a picture (.svg) or a page (.html)
      --json        print the measures as one JSON object instead of a table
  -h, --help        show help

invalid blocks      received blocks that wait for a missing one before them
initial buffering   wait after which a player at the mean rate never stalls
mean positive delay how late blocks are compared with evenly received ones,
                    counting only late ones
mirrors             a block counts for the mirror that delivered its last byte
dup, fail           duplicate and failed requests to the mirror

Exit codes: 0 ok, 2 usage, 23 cannot write the plot, 26 cannot read the trace
`;

interface AnalyzeArguments {
  readonly trace: string;
  readonly plot: { readonly path: string; readonly type: "svg" | "html" } | undefined;
  readonly json: boolean;
}

/** Runs the command with the arguments after its name. Rejects with a `CommandError` if it fails. */
export async function analyzeCommand(args: readonly string[]): Promise<void> {
  const options = await parseAnalyzeArguments(args);
  if (options === "help") return writeOutput(HELP);
  const recording = await loadTrace(options.trace);
  const report = reportOf(recording);
  const notes = notesOn(recording, report);
  for (const note of notes) writeMessage(`sphttp: ${note}\n`);
  if (options.plot !== undefined) {
    const { path, type } = options.plot;
    await replaceFile(path, await plot(recording, report, { type, notes }));
    writeMessage(`sphttp: figures written to ${printable(path)}\n`);
  }
  writeOutput(
    options.json ? `${JSON.stringify(report)}\n` : tableText(reportTitle(report), report),
  );
}

/** Parses the arguments. Rejects with a usage error if they are invalid. */
export async function parseAnalyzeArguments(
  args: readonly string[],
): Promise<AnalyzeArguments | "help"> {
  const { rest, has, given } = await parseFlags("sphttp analyze", args, ANALYZE_FLAGS);
  if (has("help")) return "help";
  const [trace, more] = rest;
  if (trace === undefined) {
    throw usageError(
      "a trace is needed: sphttp analyze TRACE; record one with sphttp --trace TRACE …",
    );
  }
  if (more !== undefined) throw usageError(`unexpected argument '${more}'; name one trace`);
  const plot = given("plot", (flag, path) => {
    if (path === trace) throw usageError(`${flag} is "${path}", which is the trace`);
    return { path, type: plotType(flag, path) };
  });
  return { trace, plot, json: has("json") };
}

function plotType(flag: string, path: string): "svg" | "html" {
  const [, suffix] = /\.(svg|html)$/i.exec(path) ?? [];
  if (suffix === undefined) {
    throw usageError(`${flag} is "${path}", but must end with .svg or .html`);
  }
  return suffix.toLowerCase() as "svg" | "html";
}

/** Returns warnings about an incomplete trace. */
function notesOn({ torn }: Recording, { outcome }: TraceReport): string[] {
  if (torn) return ["the trace ends in the middle of a line; analyzing what is before it"];
  if (outcome === null) return ["the trace ends before the download; analyzing what is there"];
  return [];
}

/** Returns the text of a picture or a page. Loads the modules that plot on demand. */
async function plot(
  recording: Recording,
  report: TraceReport,
  { type, notes }: { readonly type: "svg" | "html"; readonly notes: readonly string[] },
): Promise<string> {
  const { figuresOf } = await import("../plot/figures.ts");
  const names = mirrorNames(report.mirrors.map(({ url }) => url));
  const parts = {
    title: reportTitle(report),
    subtitle: reportSubtitle(report),
    figures: figuresOf(recording, report, names),
    legend: report.mirrors.map(({ share }, index) => ({
      name: names[index]!,
      value: formatShare(share),
    })),
  };
  if (type === "svg") {
    const { drawPicture } = await import("../plot/picture.ts");
    return drawPicture(parts);
  }
  const { writePage } = await import("../plot/page.ts");
  return writePage({
    ...parts,
    notes,
    facts: factRows(report),
    distributions: distributionRows(report),
    mirrors: mirrorRows(report),
  });
}
