import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { FLAGS } from "../../../lib/cli/arguments/flags.ts";
import { helpText } from "../../../lib/cli/arguments/help.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { parseFlags } from "../../../lib/command_line/flag_parser.ts";

const URL = "http://a.example/f";

const READ: [args: string[], flags: Record<string, string[]>, urls?: string[]][] = [
  [[URL], {}, [URL]],
  [["-o", "f", URL], { output: ["f"] }, [URL]],
  [["-of", URL], { output: ["f"] }, [URL]],
  [["--output=f", URL], { output: ["f"] }, [URL]],
  [["-o", "-"], { output: ["-"] }],
  [["-o-"], { output: ["-"] }],
  [["-C", "-", "-C-"], { "continue-at": ["-", "-"] }],
  [["-sv"], { silent: [""], verbose: [""] }],
  [["-sof"], { silent: [""], output: ["f"] }],
  [["-H", "A: 1", "--header", "B: 2"], { header: ["A: 1", "B: 2"] }],
  [["--static-delay=http://a/?x=1=2"], { "static-delay": ["http://a/?x=1=2"] }],
  [["--http1.1"], { "http1.1": [""] }],
  [["--output=-v"], { output: ["-v"] }],
  [["--split-size", "-5"], { "split-size": ["-5"] }],
  [["--lowest-speed-limit=5K", "-Y6"], { "speed-limit": ["5K", "6"] }],
  [["-s", "--", "-o", URL], { silent: [""] }, ["-o", URL]],
  [[URL, "-s", URL], { silent: [""] }, [URL, URL]],
  [["-s", "--no-silent"], {}],
  [["--no-silent", "-s"], { silent: [""] }],
  [["--no-progress-meter", "--progress"], {}],
  [["--no-clobber", "--clobber", "--mirrors"], {}],
];

Deno.test("parseFlags() parses flags as getopt does", async () => {
  for (const [args, flags, urls = []] of READ) {
    const { rest, has, each } = await parseFlags("sphttp", args, FLAGS);
    const given = FLAGS.flatMap(({ name }) =>
      has(name) ? [[name, each(name, (_flag, text) => text)]] : []
    );
    assertEquals(Object.fromEntries(given), flags, args.join(" "));
    assertEquals(rest, urls, args.join(" "));
  }
});

const REFUSED: [args: string[], says: string][] = [
  [["--splt-size=5"], "unknown option '--splt-size' (did you mean '--split-size'?)"],
  [["--checksums", "x"], "(did you mean '--checksum'?)"],
  [["--no-output"], "unknown option '--no-output'"],
  // What is always so cannot be unset.
  [["--no-location"], "unknown option '--no-location'"],
  [["--no-silent=yes"], "option '--no-silent' takes no value"],
  [["-Z"], "unknown option '-Z'; try 'sphttp --help'"],
  // What follows may be a value, and secret.
  [["-sZhunter2"], "unknown option '-Z' in '-sZ…'; try"],
  // aria2's names.
  [["-c"], "unknown option '-c' (did you mean '--continue-at -'?)"],
  [["-d", "x"], "(did you mean '--output-dir DIR'?)"],
  [["--max-tries=5"], "(did you mean '--retry N'?)"],
  [["--quiet"], "(did you mean '--silent'?)"],
  [["--output"], "option '--output' requires a value: --output FILE"],
  [["-o"], "option '-o' requires a value: -o FILE"],
  [["-o", "-v", URL], "option '-o' requires a value, but '-v' follows; use --output=-v if"],
  [["--silent=yes"], "option '--silent' takes no value"],
];

Deno.test("parseFlags() explains what is wrong with a command line", async () => {
  for (const [args, says] of REFUSED) {
    const error = await assertRejects(() => parseFlags("sphttp", args, FLAGS), CommandError);
    assertStringIncludes(error.message, says);
    assertEquals(error.exitCode, ExitCode.USAGE);
  }
});

Deno.test("flags: names and short names are unique", () => {
  const names = FLAGS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const shorts = FLAGS.flatMap(({ short }) => short ?? []);
  assertEquals(new Set(shorts).size, shorts.length);
});

Deno.test("helpText() lists the common flags on one screen", () => {
  const lines = helpText("1.2.3").split("\n");
  assertStringIncludes(lines[0]!, "sphttp 1.2.3");
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertEquals(lines.length <= 24, true);
  for (const name of ["output", "checksum", "proxy", "limit-rate"]) {
    assertStringIncludes(lines.join("\n"), `--${name} `);
  }
});

Deno.test("helpText() of all lists every flag; of a group, its flags", () => {
  const all = helpText("1.2.3", "all");
  assertEquals(all.split("\n").filter((line) => line.length > 80), []);
  for (const { name } of FLAGS) assertStringIncludes(all, `--${name} `);
  const limits = helpText("1.2.3", "limits");
  assertEquals([limits.includes("--retry N"), limits.includes("--output")], [true, false]);
  assertThrows(() => helpText("1.2.3", "nonsense"), CommandError, "topics are all, output, files");
});
