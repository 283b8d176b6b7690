import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError, ExitCode } from "../../lib/cli/exit_code.ts";
import { parseFlags } from "../../lib/cli/flag_parser.ts";

const FLAGS = [
  { name: "json", short: "j", help: "" },
  { name: "time", short: "t", value: "SECONDS", help: "" },
] as const;

const READ: [args: string[], rest: string[], json: boolean, times: string[]][] = [
  [[], [], false, []],
  [["a", "--json", "b"], ["a", "b"], true, []],
  [["-jt5", "--time", "6", "--time=7"], [], true, ["5", "6", "7"]],
  [["--time=--json", "--time=", "-t", "-5"], [], false, ["--json", "", "-5"]],
  [["--", "--json"], ["--json"], false, []],
];

Deno.test("parseFlags() reads flags as getopt does", async () => {
  for (const [args, rest, json, times] of READ) {
    const parsed = await parseFlags("sphttp x", args, FLAGS);
    assertEquals(parsed.rest, rest);
    assertEquals(parsed.has("json"), json);
    assertEquals(parsed.each("time", (flag, text) => flag + text), times.map((t) => `--time${t}`));
    assertEquals(parsed.given("time", (_, text) => text), times.at(-1));
  }
});

Deno.test("parseFlags() says what is wrong with arguments", async () => {
  const refused: [args: string[], says: string][] = [
    [["--jsn"], "--jsn is no flag of sphttp x; did you mean --json?"],
    [["--no-json"], "--no-json is no flag"],
    [["-jZ"], "-Z is no flag of sphttp x; its short flags are -j -t"],
    [["--json=yes"], "--json takes no value"],
    [["--time"], "--time needs a value: --time SECONDS"],
    [["-t", "--json"], "-t needs a value, but the flag --json follows; --time=--json if"],
  ];
  for (const [args, says] of refused) {
    const error = await assertRejects(() => parseFlags("sphttp x", args, FLAGS), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});
