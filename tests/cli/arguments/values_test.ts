import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { parseChecksum } from "../../../lib/cli/checksum/digest.ts";
import {
  parseAge,
  parseConnections,
  parseCount,
  parseHeader,
  parseNumber,
  parseSize,
  parseStaticDelay,
} from "../../../lib/cli/arguments/values.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { parseFile, parseSeconds } from "../../../lib/command_line/values.ts";

const HEX = "baaedac5f9f745f80d5ef1f7f1b7fe566c96e9e4bfbba69b73b2d98f0186f1ef";
const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

const READ: [parse: (flag: string, text: string) => unknown, text: string, value: unknown][] = [
  [parseSize, "1000", 1000],
  [parseSize, "64K", 65536],
  [parseSize, "8M", 8 * 1024 ** 2],
  [parseSize, "1g", 1024 ** 3],
  [parseSize, "2MiB", 2 * 1024 ** 2],
  [parseSize, "007", 7],
  [parseCount, "0", 0],
  [parseCount, "20", 20],
  [parseNumber, "2.5", 2.5],
  [parseNumber, ".5", 0.5],
  [parseNumber, "0", 0],
  [parseConnections, "4", 4],
  [parseAge, "0", 0],
  [parseAge, "604800", 604_800_000],
  [parseFile, "-", "-"],
  [parseSeconds, "2.5", 2500],
  [parseSeconds, "86400", 86_400_000],
  [parseHeader, "Name: value", ["Name", "value"]],
  [parseHeader, "X-A:b:c", ["X-A", "b:c"]],
  [parseHeader, "X-Empty:", ["X-Empty", ""]],
  [parseStaticDelay, "http://a/f=3", ["http://a/f", 3]],
  [parseStaticDelay, "http://a/f?x=1=0", ["http://a/f?x=1", 0]],
  [parseChecksum, `sha-256=${HEX}`, { name: "sha-256", algorithm: "sha256", hex: HEX }],
  [parseChecksum, `SHA256=${HEX.toUpperCase()}`, {
    name: "sha-256",
    algorithm: "sha256",
    hex: HEX,
  }],
  [parseChecksum, `md5=${MD5}`, { name: "md5", algorithm: "md5", hex: MD5 }],
];

Deno.test("values are read as they are meant", () => {
  for (const [parse, text, value] of READ) assertEquals(parse("--flag", text), value, text);
});

const REFUSED: [
  parse: (flag: string, text: string) => unknown,
  texts: string[],
  accepted: string,
][] = [
  [
    parseSize,
    ["", "0", "-5", "1.5x", "1.5M", "8MB", "K", "1e6", "99999999G", "0x10"],
    "a whole positive number of bytes like 1000000, 512K or 8M",
  ],
  [parseCount, ["", "-1", "1.5", "x", "1e3", "99999999999999999999"], "a whole number from 0 up"],
  [parseConnections, ["", "-1", "1.5", "many"], "a whole number from 0 up"],
  [parseAge, ["", "-1", "1d"], "a number from 0 up like 10 or 2.5"],
  [parseFile, [""], "the name of a file"],
  [parseNumber, ["", "-1", ".", "NaN", "Infinity", "1e3"], "a number from 0 up like 10 or 2.5"],
  [parseSeconds, ["", "0", "-1", "10s", "86401"], "seconds from 0.001 to 86400"],
  [parseStaticDelay, ["", "=3", "http://a/f", "http://a/f=", "http://a/f=-1"], "must be URL=N"],
  [parseChecksum, ["", HEX, `sha-3=${HEX}`, `=${HEX}`], "one of sha-512, sha-256, sha-1, md5"],
  [parseChecksum, ["sha-256=", "sha-256=ab", `sha-256=${HEX}00`, `sha256=${"g".repeat(64)}`], "64"],
  [parseChecksum, [`md5=${HEX}`], "32 hexadecimal digits are needed, not 64"],
];

Deno.test("values that cannot be meant are refused, with flag, value, and what is accepted", () => {
  for (const [parse, texts, accepted] of REFUSED) {
    for (const text of texts) {
      const error = assertThrows(() => parse("--flag", text), CommandError, "--flag");
      assertEquals(error.exitCode, ExitCode.USAGE);
      assertStringIncludes(error.message, accepted);
      assertStringIncludes(error.message, `"${parse === parseChecksum ? "" : text}`);
    }
  }
});

Deno.test("parseHeader() refuses what is no header, and never shows a value", () => {
  for (const text of ["Authorization hunter2", ": hunter2", "A B: hunter2", "A: hunter2\r\nB: x"]) {
    const error = assertThrows(() => parseHeader("-H", text), CommandError, '"Name: value"');
    assertEquals(error.message.includes("hunter2"), false);
  }
});
