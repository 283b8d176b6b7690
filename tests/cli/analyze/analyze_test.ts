import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { tableText } from "../../../lib/cli/analyze/analysis_table.ts";
import { analyzeCommand, parseAnalyzeArguments } from "../../../lib/cli/analyze/analyze.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";
import { denoArguments } from "../../support/programs/own_commands.ts";
import { type Workplace, workplace } from "../../support/workplace.ts";
import { lines, longRecording, recording } from "../../trace/sample.ts";

const TRACE = lines(recording());
const TABLE = tableText("file.bin from 3 mirrors, diff", reportOf(recording()));

/** A directory with a trace. */
function traced(): Workplace {
  const place = workplace();
  place.write("t.ndjson", TRACE);
  return place;
}

/** The whole command in a process of its own. */
async function sphttp(args: string[], { cwd, stdin = "" }: { cwd: string; stdin?: string }) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...denoArguments("cli.ts"), ...args],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  // A command that fails need not have read everything.
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("sphttp analyze prints the table of a trace, from a file and from stdin", async () => {
  using place = traced();
  const expected = { code: 0, stdout: TABLE, stderr: "" };
  assertEquals(await sphttp(["analyze", "t.ndjson"], { cwd: place.path }), expected);
  assertEquals(await sphttp(["analyze", "-"], { cwd: place.path, stdin: TRACE }), expected);
});

Deno.test("sphttp analyze --json prints the measures as one object", async () => {
  using place = traced();
  const { code, stdout, stderr } = await sphttp(["analyze", "--json", "t.ndjson"], {
    cwd: place.path,
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.split("\n").length, 2);
  assertEquals(JSON.parse(stdout), reportOf(recording()));
});

Deno.test("sphttp analyze says that a trace is torn or has no end, and analyzes what is there", async () => {
  using place = traced();
  const stdin = TRACE.slice(0, -20);
  const args = ["analyze", "-", "--plot", "p.html"];
  const torn = await sphttp(args, { cwd: place.path, stdin });
  const note = "the trace ends in the middle of a line; analyzing what is before it";
  assertEquals([torn.code, torn.stderr], [
    0,
    `sphttp: ${note}\nsphttp: figures written to p.html\n`,
  ]);
  assertStringIncludes(torn.stdout, "outcome                 not recorded\n");
  assertStringIncludes(place.readText("p.html"), note);
  const killed = await sphttp(["analyze", "-"], {
    cwd: place.path,
    stdin: TRACE.trimEnd().replace(/.*$/, ""),
  });
  assertEquals(killed.code, 0);
  assertEquals(
    killed.stderr,
    "sphttp: the trace ends before the download; analyzing what is there\n",
  );
});

Deno.test("sphttp analyze --plot draws a picture or a page besides the table", async () => {
  using place = traced();
  for (const [name, begin] of [["p.svg", "<svg "], ["P.HTML", "<!DOCTYPE html>"]] as const) {
    const { code, stdout, stderr } = await sphttp(["analyze", "t.ndjson", `--plot=${name}`], {
      cwd: place.path,
    });
    assertEquals([code, stdout, stderr], [0, TABLE, `sphttp: figures written to ${name}\n`]);
    assertEquals(Deno.readTextFileSync(place.at(name)).startsWith(begin), true);
  }
  const names = [...Deno.readDirSync(place.path)].map(({ name }) => name).sort();
  assertEquals(names, ["P.HTML", "p.svg", "t.ndjson"]);
});

Deno.test("sphttp analyze reads what sphttp --trace writes, whatever the algorithm", async () => {
  using place = traced();
  const content = randomContent(300_000);
  await using one = await startMirror({ content, bytesPerSecond: 3_000_000 });
  await using other = await startMirror({ content, bytesPerSecond: 1_000_000 });
  for (const delay of ["adaptive", "diff"]) {
    const got = await sphttp(
      ["-s", "-o", "f", "--split-size=10000", `--delay=${delay}`, "--trace=r", one.url, other.url],
      { cwd: place.path },
    );
    assertEquals([got.code, got.stderr], [0, ""]);
    const { code, stdout, stderr } = await sphttp(["analyze", "--json", "r"], { cwd: place.path });
    assertEquals([code, stderr], [0, ""]);
    const report = JSON.parse(stdout);
    assertEquals([report.outcome, report.delayRequest], ["complete", delay]);
    assertEquals([report.fileBytes, report.receivedBytes, report.blocks], [300_000, 300_000, 30]);
    assertEquals(report.mirrors.map(({ url }: { url: string }) => url), [one.url, other.url]);
  }
});

Deno.test("sphttp analyze --help fits a terminal", async () => {
  using place = traced();
  const { code, stdout, stderr } = await sphttp(["analyze", "x", "--help"], { cwd: place.path });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Usage: sphttp analyze TRACE/);
  const rows = stdout.split("\n");
  assert(rows.length <= 24 && rows.every((row) => row.length <= 80), stdout);
});

Deno.test("analyzeCommand() refuses a plot that cannot be written, and prints nothing", async () => {
  using place = traced();
  const { code, stdout, stderr } = await sphttp(["analyze", "t.ndjson", "--plot", "none/p.svg"], {
    cwd: place.path,
  });
  const message = "sphttp: cannot write to none/p.svg: its directory does not exist\n";
  assertEquals([code, stdout, stderr], [23, "", message]);
});

Deno.test("analyzeCommand() says what is not a trace", async () => {
  using place = traced();
  const path = place.at("x.ndjson");
  for (
    const text of [
      "",
      "no json\n",
      TRACE.replace('"version":1', '"version":9'),
      TRACE.split("\n")[0]!,
    ]
  ) {
    Deno.writeTextFileSync(path, text);
    const error = await assertRejects(() => analyzeCommand([path]), CommandError, path);
    assertEquals(error.exitCode, 26);
  }
});

Deno.test("parseAnalyzeArguments() understands its arguments in any order", async () => {
  assertEquals(await parseAnalyzeArguments(["t"]), { trace: "t", plot: undefined, json: false });
  assertEquals(await parseAnalyzeArguments(["--json", "--plot", "a.SVG", "-"]), {
    trace: "-",
    plot: { path: "a.SVG", type: "svg" },
    json: true,
  });
  assertEquals(await parseAnalyzeArguments(["--plot=b.html", "--", "--t"]), {
    trace: "--t",
    plot: { path: "b.html", type: "html" },
    json: false,
  });
  for (const flag of ["-h", "--help"]) assertEquals(await parseAnalyzeArguments([flag]), "help");
});

Deno.test("parseAnalyzeArguments() says what makes no sense", async () => {
  const table: [args: string[], message: RegExp][] = [
    [[], /^a trace is needed: sphttp analyze TRACE; /],
    [["a", "b"], /^unexpected argument 'b'; name one trace$/],
    [["t", "--plott=x.svg"], /^unknown option '--plott' \(did you mean '--plot'\?\)$/],
    [["t", "--jsno"], /\(did you mean '--json'\?\)$/],
    [["t", "-x"], /^unknown option '-x'; try 'sphttp analyze --help'$/],
    [["t", "--constructor"], /^unknown option '--constructor'/],
    [["t", "--json=1"], /^option '--json' takes no value$/],
    [["t", "--plot"], /^option '--plot' requires a value: --plot FILE\.svg\|FILE\.html$/],
    [["t", "--plot="], /^--plot is "", but must end with \.svg or \.html$/],
    [["t", "--plot", "--json"], /^option '--plot' requires a value, but '--json' follows; /],
    [["t", "--plot", "a.png"], /^--plot is "a\.png", but must end with \.svg or \.html$/],
    [["t", "--plot", "svg"], /must end with/],
    [["t.svg", "--plot", "t.svg"], /^--plot is "t\.svg", which is the trace$/],
  ];
  for (const [args, message] of table) {
    const error = await assertRejects(() => parseAnalyzeArguments(args), CommandError);
    assertEquals(error.exitCode, 2);
    assertMatch(error.message, message);
  }
});

Deno.test("analyzeCommand() draws a hundred thousand blocks without a huge file", async () => {
  using place = traced();
  const trace = lines(longRecording(100_000, new Map([[777, 2000]]), 8));
  const { code } = await sphttp(["analyze", "-", "--plot", "p.html"], {
    cwd: place.path,
    stdin: trace,
  });
  assertEquals(code, 0);
  assert(Deno.statSync(place.at("p.html")).size < 600_000);
});
