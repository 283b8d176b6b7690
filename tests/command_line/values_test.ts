import { assertEquals, assertThrows } from "@std/assert";
import { CommandError, USAGE } from "../../lib/command_line/command_error.ts";
import { parseFile, parsePositive, parseSeconds, readSize } from "../../lib/command_line/values.ts";

Deno.test("readSize() reads numbers of bytes, and nothing else", () => {
  const read: [text: string, bytes: number | undefined][] = [
    ["0", 0],
    ["1000000", 1_000_000],
    ["512K", 2 ** 19],
    ["8m", 2 ** 23],
    ["1GiB", 2 ** 30],
    ["9007199254740992", undefined],
    ["1.5M", undefined],
    ["-1", undefined],
    ["8MB", undefined],
    ["", undefined],
  ];
  for (const [text, bytes] of read) assertEquals(readSize(text), bytes, text);
});

Deno.test("parsers of values say what they accept", () => {
  assertEquals(parsePositive("--n", "12"), 12);
  assertEquals(parseSeconds("--s", ".5"), 500);
  assertEquals(parseSeconds("--s", "0", 0), 0);
  assertEquals(parseFile("--f", " "), " ");
  const refused: [parse: () => unknown, message: string][] = [
    [() => parsePositive("--n", "0"), '--n is "0", but must be a whole number from 1 up'],
    [() => parsePositive("--n", "1e3"), '--n is "1e3", but must be a whole number from 1 up'],
    [
      () => parseSeconds("--s", "0"),
      '--s is "0", but must be a number of seconds from 0.001 to 86400 like 10 or 2.5',
    ],
    [
      () => parseSeconds("--s", "1d", 0),
      '--s is "1d", but must be a number of seconds from 0 to 86400 like 10 or 2.5',
    ],
    [() => parseFile("--f", ""), '--f is "", but must be the name of a file'],
  ];
  for (const [parse, message] of refused) {
    assertEquals(assertThrows(parse, CommandError, message).exitCode, USAGE);
  }
});
