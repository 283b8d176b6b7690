/**
 * `sphttp analyze TRACE`: the thesis's measures of a recorded download as a table or as JSON, and its
 * figures as a picture or a page.
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
import { replaceFile } from "../output/replace_file.ts";
import { writeMessage, writeOutput } from "../report/terminal.ts";

/** The flags of `sphttp analyze`. */
export const ANALYZE_FLAGS = [
  { name: "plot", value: "FILE.svg|FILE.html", help: "draw its figures, as .svg or .html" },
  { name: "json", help: "print one JSON object" },
  { name: "help", short: "h", help: "show this" },
] as const satisfies readonly Flag[];

const HELP = `Usage: sphttp analyze TRACE [--plot FILE.svg|FILE.html] [--json]

Prints what the thesis measures of a download that was recorded with
sphttp --trace TRACE; - reads it from stdin.

      --plot FILE   draw its figures too: arrival time, invalid blocks, delay
                    and delivered bytes, as a picture (.svg) or a page (.html)
      --json        print the measures as one JSON object instead of a table
  -h, --help        show this

invalid blocks      received, but something before them is missing
initial buffering   the wait with which a player at the mean rate never stalls
mean positive delay how late a block is behind one that comes evenly, if it is
mirrors             with --delay adaptive, several may bring parts of a block;
                    it counts for the one that brought its last byte
dup, fail           duplicate requests to the mirror, and failed ones

Exit codes: 0 done, 2 usage, 23 cannot write the plot, 26 cannot read the trace
`;

/** What is to be done. */
interface AnalyzeOptions {
  readonly trace: string;
  readonly plot: { readonly path: string; readonly type: "svg" | "html" } | undefined;
  readonly json: boolean;
}

/**
 * Runs the command with the arguments behind its name. Rejects with a `CommandError` where it cannot
 * be done.
 */
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
  }
  writeOutput(
    options.json ? `${JSON.stringify(report)}\n` : tableText(reportTitle(report), report),
  );
}

/** Reads the arguments. Rejects with a usage error where they make no sense. */
export async function parseAnalyzeArguments(
  args: readonly string[],
): Promise<AnalyzeOptions | "help"> {
  const { rest, has, given } = await parseFlags("sphttp analyze", args, ANALYZE_FLAGS);
  if (has("help")) return "help";
  const [trace, more] = rest;
  if (trace === undefined) {
    throw usageError("a trace is needed: sphttp analyze TRACE; sphttp --trace TRACE … records one");
  }
  if (more !== undefined) throw usageError(`one trace at a time, and ${more} is another one`);
  const plot = given("plot", (flag, path) => {
    if (path === trace) throw usageError(`${flag} is "${path}", but that is the trace`);
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

/** What must be known of a trace that does not tell the whole story. */
function notesOn({ torn }: Recording, { outcome }: TraceReport): string[] {
  if (torn) return ["the trace ends in the middle of a line: what is before that is analyzed"];
  if (outcome === null) return ["the trace ends before the download: what is there is analyzed"];
  return [];
}

/** The text of a picture or a page. What draws is loaded only when it is needed. */
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
