import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseArgs } from "node:util";
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

/** Arguments of which any three are parsed. */
const PARTS =
  "-- - -j -t -jt -jt5 -t5 -tj -t=5 -jx -x -5 -t- --- --= --=x --json --json= --json=x --time --time= --time=a=b --tim a"
    .split(" ").concat("", "--time=\n", "--x\n");

/** Splits arguments by Node's parser; returns what is wrong with them, or what they hold. */
function byParseArgs(args: readonly string[]): string {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      json: { type: "boolean", short: "j" },
      time: { type: "string", short: "t" },
      reckless: { type: "boolean" },
    },
  });
  const held: [rest: string[], jsons: number, times: string[]] = [[], 0, []];
  for (const token of tokens) {
    if (token.kind === "positional") held[0].push(token.value);
    if (token.kind !== "option") continue;
    const { name, value, rawName } = token;
    if (name === "json" && value === undefined) held[1]++;
    else if (name !== "time") return `'${rawName}'`;
    else if (value === undefined) return `'${rawName}'`;
    else if (!token.inlineValue && /^(-[jt]|--(json|time))$/.test(value)) return `'${rawName}'`;
    else held[2].push(value);
  }
  return JSON.stringify(held);
}

Deno.test("parseFlags() splits arguments as Node's parser does", async () => {
  const parse = async (args: readonly string[]) => {
    try {
      const parsed = await parseFlags("sphttp x", args, FLAGS);
      const jsons = parsed.each("json", () => 1).length;
      return JSON.stringify([parsed.rest, jsons, parsed.each("time", (_, text) => text)]);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return /'[^]*?'/.exec(error.message)![0];
    }
  };
  for (const one of PARTS) {
    for (const two of PARTS) {
      for (const three of PARTS) {
        const args = [one, two, three];
        assertEquals(await parse(args), byParseArgs(args), JSON.stringify(args));
      }
    }
  }
});

Deno.test("parseFlags() explains what is wrong with arguments", async () => {
  const refused: [args: string[], says: string][] = [
    [["--jsn"], "unknown option '--jsn' (did you mean '--json'?)"],
    [["--no-time"], "unknown option '--no-time' (did you mean '--time'?)"],
    [["--quiet"], "unknown option '--quiet'; try 'sphttp x --help'"],
    [["--js"], "unknown option '--js' (did you mean '--json'?)"],
    // A dangerous flag is never suggested.
    [["--recklss"], "unknown option '--recklss'; try 'sphttp x --help'"],
    [["--reck"], "unknown option '--reck'; try 'sphttp x --help'"],
    [["-jZ"], "unknown option '-Z' in '-jZ…'; try 'sphttp x --help'"],
    [["-j-"], "unknown option '--' in '-j-…'; try 'sphttp x --help'"],
    [["-j\u{1f600}"], "unknown option '-\u{1f600}' in '-j\u{1f600}…'; try 'sphttp x --help'"],
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

Deno.test("parseFlags() names the place of a flag that a file holds", async () => {
  const held = (text: string, line: number) => ({ text, place: `f:${line}` });
  const args = [held("--time=1", 1), held("--json", 2), "--time", "2", "--no-json"];
  const both = await parseFlags("sphttp x", args.slice(0, 2), FLAGS);
  assertEquals([...both.places], [["time", "f:1"], ["json", "f:2"]]);
  const named = (flag: string, text: string) => [flag, text];
  assertEquals(both.given("time", named), ["f:1: --time", "1"]);
  const { places, has, given, each } = await parseFlags("sphttp x", args, FLAGS);
  assertEquals([places.size, has("json")], [0, false]);
  assertEquals(given("time", named), ["--time", "2"]);
  assertEquals(each("time", named), [["f:1: --time", "1"], ["--time", "2"]]);
});
