import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import {
  type InputEntry,
  parseInputFile,
} from "../../../../lib/cli/arguments/sources/input_file.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const A = "http://a.example/f";
const B = "https://u:p@b.example/{f,g}";

/** In a list, every character stands for itself. */
const BOTH = [B];

const PARSED: [text: string, entries: Partial<InputEntry>[]][] = [
  ["", []],
  ["\n \t\r\n# a comment\n  # an indented one\n", []],
  [A, [{ urls: [A] }]],
  [`\ufeff${A}\t${B}  ${A} \r\n\r\n${B}`, [{ urls: [A, ...BOTH, A] }, { urls: BOTH }]],
  ["HTTP://a.example", [{ urls: ["HTTP://a.example"] }]],
  ["http://[::1]/[1-2]{a,b}\\[", [{ urls: ["http://[::1]/[1-2]{a,b}\\["] }]],
  [
    `# one\n${A}\n  out=f 1.iso\n\n# more\n\tdir = /tmp/x\n checksum=md5=${MD5}\n` +
    ` header=X-A: b=c\n header= X-B: 2 \n referer=http://r/?a=b\n user-agent=me/1 (x)\n${B}\n out=d/g`,
    [
      {
        urls: [A],
        output: "f 1.iso",
        directory: "/tmp/x",
        checksums: [{ name: "md5", hex: MD5 }],
        headers: [
          ["X-A", "b=c"],
          ["X-B", "2"],
          ["Referer", "http://r/?a=b"],
          ["User-Agent", "me/1 (x)"],
        ],
      },
      { urls: BOTH, output: "d/g" },
    ],
  ],
];

const NONE = { output: undefined, directory: undefined, checksums: [], headers: [] };

Deno.test("parseInputFile() parses files, their mirrors and options", () => {
  for (const [text, entries] of PARSED) {
    const expected = entries.map((entry) => ({ ...NONE, ...entry }));
    assertEquals(parseInputFile(text, "list"), expected as InputEntry[], text);
  }
});

const REFUSED: [text: string, says: string][] = [
  ["  out=f\n", "list:1: option before the first URL"],
  [`# x\n\n  ${A}\n`, "list:3: option before the first URL"],
  [
    `${A}\n  ${A}?x=1`,
    "list:2: unexpected URL; an indented line is an option of the file above",
  ],
  [`${A}\n otu=f`, "list:2: unknown option 'otu=' (did you mean 'out='?)"],
  [`${A}\n --out=f`, "did you mean 'out='?"],
  [`${A}\n split=5`, "options of a file are out=, dir=, checksum=, header=, referer=, user-agent="],
  [`${A}\n constructor=5`, "unknown option 'constructor='"],
  [`${A}\n out`, "list:2: option 'out' requires a value: out=VALUE"],
  [`${A}\n hunter2`, "list:2: an option must be NAME=VALUE: out=, dir=,"],
  [`${A}\n =hunter2`, "list:2: an option must be NAME=VALUE"],
  [`${A}\n out=`, 'list:2: out is "", but must not be empty'],
  [`${A}\n out=../f`, 'out is "../f", but must not contain ..'],
  [`${A}\n out=a/../../f`, "must not contain .."],
  [`${A}\n out=a\\..\\f`, "must not contain .."],
  [`${A}\n out=..`, "must not contain .."],
  [`${A}\n out=/etc/passwd`, "must not be an absolute path"],
  [`${A}\n out=\\f`, "must not be an absolute path"],
  [`${A}\n out=C:f`, "must not be an absolute path"],
  [`${A}\n out=a/`, "must end with a file name"],
  [`${A}\n out=.`, "must end with a file name"],
  [`${A}\n out=-`, "files of a list cannot be written to stdout"],
  [`${A}\n out=a\0b`, 'out is "a\ufffdb", but must not contain control characters'],
  [`${A}\n dir=`, 'list:2: dir is "", but must not be empty'],
  [`${A}\n out=f\n out=g`, "list:3: out= was given twice for one file"],
  [`${A}\n checksum=md5`, 'list:2: checksum is "md5", but must be ALGORITHM=HEX'],
  [`${A}\n checksum=md5=abc`, 'list:2: checksum has "abc" for md5'],
  [`${A}\n header=Authorization hunter2`, 'list:2: header "Authorization…" is not a header'],
  [
    `${A}\n user-agent=h\0unter2`,
    "list:2: user-agent contains a character that is not allowed in a header",
  ],
];

Deno.test("parseInputFile() names the invalid line, and shows no secret", () => {
  for (const [text, says] of REFUSED) {
    const error = assertThrows(() => parseInputFile(text, "list"), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE, text);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("hunter2"), false);
  }
});

const NO_URLS: [text: string, says: string][] = [
  ["f.iso", 'list:1: "f.iso" is not a URL; it must begin with http:// or https://'],
  [`${A} g.iso`, 'list:1: "g.iso" is not a URL'],
  [`${A}\nftp://u:hunter2@h/f`, 'list:2: "ftp://h/f" is not a URL'],
  ["u:hunter2@h/f", '"…@h/f" is not a URL'],
  ["out=f", '"out=f" is not a URL'],
  ["http://", '"http://" is not a URL'],
  ["<!doctype html>", '"<!doctype" is not a URL'],
  ["\x1b[2J", '"\ufffd[2J" is not a URL'],
  ["magnet:?xt=urn:btih:x", '"magnet:?xt=urn:btih:x" is not a URL'],
];

Deno.test("parseInputFile() refuses what is not a URL", () => {
  for (const [text, says] of NO_URLS) {
    const error = assertThrows(() => parseInputFile(text, "list"), CommandError);
    assertEquals(error.exitCode, ExitCode.URL, text);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("hunter2"), false);
  }
});
