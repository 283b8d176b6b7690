import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExitCode } from "../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../lib/command_line/command_error.ts";
import { parseFlags } from "../../lib/command_line/flag_parser.ts";

const FLAGS = [
  { name: "json", short: "j", help: "" },
  { name: "time", short: "t", value: "SECONDS", help: "" },
  { name: "reckless", help: "", dangerous: true },
] as const;

const READ: [args: string[], rest: string[], json: boolean, times: string[]][] = [
  [[], [], false, []],
  [["a", "--json", "b"], ["a", "b"], true, []],
  [["-jt5", "--time", "6", "--time=7"], [], true, ["5", "6", "7"]],
  [["--time=--json", "--time=", "-t", "-5"], [], false, ["--json", "", "-5"]],
  [["--", "--json"], ["--json"], false, []],
];

Deno.test("parseFlags() parses flags as getopt does", async () => {
  for (const [args, rest, json, times] of READ) {
    const parsed = await parseFlags("sphttp x", args, FLAGS);
    assertEquals(parsed.rest, rest);
    assertEquals(parsed.has("json"), json);
    assertEquals(parsed.each("time", (flag, text) => flag + text), times.map((t) => `--time${t}`));
    assertEquals(parsed.given("time", (_, text) => text), times.at(-1));
  }
});

Deno.test("parseFlags() explains what is wrong with arguments", async () => {
  const refused: [args: string[], says: string][] = [
    [["--jsn"], "unknown option '--jsn' (did you mean '--json'?)"],
    [["--no-json"], "unknown option '--no-json' (did you mean '--json'?)"],
    [["--quiet"], "unknown option '--quiet'; try 'sphttp x --help'"],
    [["--js"], "unknown option '--js' (did you mean '--json'?)"],
    // A dangerous flag is never suggested.
    [["--recklss"], "unknown option '--recklss'; try 'sphttp x --help'"],
    [["--reck"], "unknown option '--reck'; try 'sphttp x --help'"],
    [["-jZ"], "unknown option '-Z'; try 'sphttp x --help'"],
    [["--json=yes"], "option '--json' takes no value"],
    [["--time"], "option '--time' requires a value: --time SECONDS"],
    [["-t", "--json"], "option '-t' requires a value, but '--json' follows; use --time=--json if"],
  ];
  for (const [args, says] of refused) {
    const error = await assertRejects(() => parseFlags("sphttp x", args, FLAGS), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});
