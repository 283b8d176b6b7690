import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  parseConnections,
  parseHeader,
  parseProxy,
  parseStaticDelay,
  parseUser,
} from "../../../../lib/cli/arguments/values/request_values.ts";
import { parseChecksum } from "../../../../lib/cli/checksum/checksum.ts";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

const HEX = "baaedac5f9f745f80d5ef1f7f1b7fe566c96e9e4bfbba69b73b2d98f0186f1ef";
const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

const PARSED: [parse: (flag: string, text: string) => unknown, text: string, value: unknown][] = [
  [parseConnections, "4", 4],
  [parseConnections, "auto", "auto"],
  [parseHeader, "Name: value", ["Name", "value"]],
  [parseHeader, "X-A:b:c", ["X-A", "b:c"]],
  [parseHeader, "X-Empty:", ["X-Empty", ""]],
  [parseUser, "me:a:b", { username: "me", password: "a:b" }],
  [parseUser, "me:", { username: "me", password: "" }],
  [parseUser, "me", { username: "me", password: undefined }],
  [parseStaticDelay, "http://a/f=3", ["http://a/f", 3]],
  [parseStaticDelay, "http://a/f?x=1=0", ["http://a/f?x=1", 0]],
  [parseChecksum, `sha-256=${HEX}`, { name: "sha-256", hex: HEX }],
  [parseChecksum, `SHA256=${HEX.toUpperCase()}`, {
    name: "sha-256",
    hex: HEX,
  }],
  [parseChecksum, `md5=${MD5}`, { name: "md5", hex: MD5 }],
];

Deno.test("parsers of values return what the text means", () => {
  for (const [parse, text, value] of PARSED) assertEquals(parse("--flag", text), value, text);
});

const REFUSED: [
  parse: (flag: string, text: string) => unknown,
  texts: string[],
  accepted: string,
][] = [
  [parseProxy, ["16", "0"], "to each mirror, use --max-connection-per-server"],
  [parseConnections, ["", "-1", "1.5", "many"], "a whole number from 1 to 16, or auto"],
  [parseStaticDelay, ["", "=3", "http://a/f", "http://a/f=", "http://a/f=-1"], "must be URL=N"],
  [
    parseChecksum,
    ["", HEX, `sha-3=${HEX}`, `=${HEX}`],
    "one of sha-512, sha-384, sha-256, sha-224, sha-1, md5",
  ],
  [parseChecksum, ["sha-256=", "sha-256=ab", `sha-256=${HEX}00`, `sha256=${"g".repeat(64)}`], "64"],
  [parseChecksum, [`md5=${HEX}`], "32 hexadecimal digits are needed, not 64"],
];

Deno.test("parsers of values refuse others, with flag, value, and what is accepted", () => {
  for (const [parse, texts, accepted] of REFUSED) {
    for (const text of texts) {
      const error = assertThrows(() => parse("--flag", text), CommandError, "--flag");
      assertEquals(error.exitCode, ExitCode.USAGE);
      assertStringIncludes(error.message, accepted);
      assertStringIncludes(error.message, `"${parse === parseChecksum ? "" : text}`);
    }
  }
});

Deno.test("parseHeader() refuses what is not a header, and never shows a value", () => {
  for (const text of ["Authorization hunter2", ": hunter2", "A B: hunter2", "A: hunter2\r\nB: x"]) {
    const error = assertThrows(() => parseHeader("-H", text), CommandError, '"Name: value"');
    assertEquals(error.message.includes("hunter2"), false);
  }
});
