import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  argumentsOf,
  parseConfig,
} from "../../../../lib/cli/arguments/configuration/config_file.ts";
import type { Argument } from "../../../../lib/command_line/flag_parser.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

/** Returns the texts of arguments. */
function textsOf(args: readonly Argument[]): string[] {
  return args.map((arg) => typeof arg === "string" ? arg : arg.text);
}

const READ: [text: string, args: string[]][] = [
  ["", []],
  ["# a comment\n\n  # another\n", []],
  ["retry 3", ["--retry=3"]],
  ["--retry 3\r\n--silent\r\n", ["--retry=3", "--silent"]],
  ["retry=3\nretry: 3\nretry = 3\nretry : 3", Array(4).fill("--retry=3")],
  ["-s\n-o file\n-ofile\n-o = file", ["--silent", ...Array(3).fill("--output=file")]],
  ['header = "A: \\"b\\"\\t\\\\c"', ['--header=A: "b"\t\\c']],
  ["header = X-Key: a b  ", ["--header=X-Key: a b"]],
  ['user-agent = ""', ["--user-agent="]],
  ['retry = "3" # why', ["--retry=3"]],
  ["no-silent\n--clobber", ["--no-silent", "--clobber"]],
  ["lowest-speed-limit = 5K", ["--speed-limit=5K"]],
  ["url = https://a.example/f\nurl = https://b.example/f", [
    "https://a.example/f",
    "https://b.example/f",
  ]],
  ["\ufeffproxy = http://p:1", ["--proxy=http://p:1"]],
];

Deno.test("parseConfig() reads the forms of curl's files", async () => {
  for (const [text, args] of READ) {
    assertEquals(textsOf(argumentsOf(await parseConfig(text, "config"))), args, text);
  }
});

Deno.test("parseConfig() names the line that is wrong, and no value", async () => {
  const rows: [text: string, says: string][] = [
    ["\nretri = 3", "config:2: unknown option 'retri' (did you mean 'retry'?)"],
    ["-@ hunter2", "config:1: unknown option '-@'"],
    ["proxy=", "config:1: option 'proxy' requires a value: proxy = URL"],
    ["url", "config:1: url requires a value"],
    ["silent = hunter2", "config:1: option 'silent' takes no value"],
    ['user = "me:hunter2', "config:1: user: the closing quote is missing"],
    ['user = "me:" hunter2', "config:1: user: something follows the closing quote"],
    ["config = other", "config:1: 'config' can be given on the command line only"],
    ["-q", "config:1: 'disable' can be given on the command line only"],
    ["help", "config:1: 'help' can be"],
    ["= 3", "config:1: unknown option"],
    ["https://hunter2@a.example/f", "config:1: unknown option 'https'"],
  ];
  for (const [text, says] of rows) {
    const error = await assertRejects(() => parseConfig(text, "config"), CommandError, says, text);
    assertEquals(error.exitCode, 2);
    assertEquals(error.message.includes("hunter2"), false, error.message);
  }
});

Deno.test("parseConfig() does not print what could control a terminal", async () => {
  const error = await assertRejects(() => parseConfig("\x1b[2Jx = 3", "config"), CommandError);
  assertStringIncludes(error.message, "\ufffd[2Jx");
});
