import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError, ExitCode } from "../../lib/cli/exit_code.ts";
import { FLAGS, parseArguments } from "../../lib/cli/flags.ts";
import { helpText } from "../../lib/cli/help.ts";

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
  [["-s", "--", "-o", URL], { silent: [""] }, ["-o", URL]],
  [[URL, "-s", URL], { silent: [""] }, [URL, URL]],
];

Deno.test("parseArguments() reads flags as getopt does", async () => {
  for (const [args, flags, urls = []] of READ) {
    const parsed = await parseArguments(args);
    assertEquals(Object.fromEntries(parsed.flags), flags, args.join(" "));
    assertEquals(parsed.urls, urls, args.join(" "));
  }
});

const REFUSED: [args: string[], says: string][] = [
  [["--splt-size=5"], "--splt-size is no flag of sphttp; did you mean --split-size?"],
  [["--checksums", "x"], "did you mean --checksum?"],
  [["--no-silent"], "--no-silent is no flag"],
  [["-Z"], "-Z is no flag of sphttp; its short flags are -o -C"],
  [["-sZ"], "-Z is no flag"],
  [["--output"], "--output needs a value: --output FILE"],
  [["-o"], "-o needs a value: -o FILE"],
  [["-o", "-v", URL], "-o needs a value, but the flag -v follows; --output=-v if"],
  [["--silent=yes"], "--silent takes no value"],
];

Deno.test("parseArguments() says what is wrong with a command line", async () => {
  for (const [args, says] of REFUSED) {
    const error = await assertRejects(() => parseArguments(args), CommandError);
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

Deno.test("helpText() names every flag and fits a screen", () => {
  const lines = helpText("1.2.3").split("\n");
  assertStringIncludes(lines[0]!, "sphttp 1.2.3");
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertEquals(lines.length <= 45, true);
  for (const { name } of FLAGS) assertStringIncludes(lines.join("\n"), `--${name} `);
});
