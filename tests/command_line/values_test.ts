import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CommandError, USAGE } from "../../lib/command_line/command_error.ts";
import {
  parseCount,
  parseFile,
  parseNumber,
  parsePositive,
  parseRate,
  parseSeconds,
  parseSize,
  readSize,
  unlessZero,
} from "../../lib/command_line/values.ts";

Deno.test("readSize() parses numbers of bytes, and nothing else", () => {
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

const PARSED: [parse: (flag: string, text: string) => unknown, text: string, value: unknown][] = [
  [parseSize, "1000", 1000],
  [parseSize, "64K", 65536],
  [parseSize, "8M", 8 * 1024 ** 2],
  [parseSize, "1g", 1024 ** 3],
  [parseSize, "2MiB", 2 * 1024 ** 2],
  [parseSize, "007", 7],
  [parseRate, "1.5M", 1.5 * 1024 ** 2],
  [parseRate, "2.KiB", 2048],
  [parseCount, "0", 0],
  [parseCount, "20", 20],
  [parsePositive, "12", 12],
  [parseNumber, "2.5", 2.5],
  [parseNumber, ".5", 0.5],
  [parseNumber, "0", 0],
  [parseSeconds, ".5", 500],
  [parseSeconds, "86400", 86_400_000],
  [(flag, text) => parseSeconds(flag, text, 0), "0", 0],
  [unlessZero(parseSeconds), "0.0", undefined],
  [unlessZero(parseSeconds), "1", 1000],
  [parseFile, "-", "-"],
  [parseFile, " ", " "],
];

Deno.test("parsers of values return what the text means", () => {
  for (const [parse, text, value] of PARSED) assertEquals(parse("--flag", text), value, text);
});

const REFUSED: [
  parse: (flag: string, text: string) => unknown,
  texts: string[],
  accepted: string,
][] = [
  [
    parseSize,
    ["", "0", "-5", "1.5x", "1.5M", "8MB", "K", "1e6", "99999999G", "0x10"],
    "a positive whole number of bytes like 1000000, 512K or 8M",
  ],
  [
    parseRate,
    ["", "0", "-5", "5X", "0.1", "500iB", "1.5.0K", "."],
    "bytes per second like 100000, 500K or 1.5M",
  ],
  [parseCount, ["", "-1", "1.5", "x", "1e3", "99999999999999999999"], "whole number of at least 0"],
  [parsePositive, ["0", "1e3"], "a whole number of at least 1"],
  [
    parseNumber,
    ["", "-1", ".", "NaN", "Infinity", "1e3"],
    "a number of at least 0, like 10 or 2.5",
  ],
  [parseSeconds, ["", "0", "-1", "10s", "86401"], "seconds from 0.001 to 86400, like 10 or 2.5"],
  [(flag, text) => parseSeconds(flag, text, 0), ["1d"], "a number of seconds from 0 to 86400,"],
  [parseFile, [""], "the name of a file"],
];

Deno.test("parsers of values refuse others, with flag, value, and what is accepted", () => {
  for (const [parse, texts, accepted] of REFUSED) {
    for (const text of texts) {
      const error = assertThrows(() => parse("--flag", text), CommandError);
      assertEquals(error.exitCode, USAGE);
      assertStringIncludes(error.message, `--flag is "${text}", but must be`);
      assertStringIncludes(error.message, accepted);
    }
  }
});
