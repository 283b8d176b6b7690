import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../../lib/cli/failure/exit_code.ts";
import { expandUrlPattern, MOST_URLS } from "../../../../lib/cli/arguments/values/url_pattern.ts";
import { CommandError } from "../../../../lib/command_line/command_error.ts";

const READ: [pattern: string, urls: string[]][] = [
  ["", [""]],
  ["http://h/f", ["http://h/f"]],
  ["http://{a,b}.h/f", ["http://a.h/f", "http://b.h/f"]],
  ["http://h/{,b}", ["http://h/", "http://h/b"]],
  ["http://h/[1-3]", ["http://h/1", "http://h/2", "http://h/3"]],
  ["http://h/[1-1]", ["http://h/1"]],
  ["http://h/[1- 2]", ["http://h/1", "http://h/2"]],
  ["http://h/[01-10:3]", ["http://h/01", "http://h/04", "http://h/07", "http://h/10"]],
  ["http://h/[09-10]", ["http://h/09", "http://h/10"]],
  ["http://h/[1-003]", ["http://h/1", "http://h/2", "http://h/3"]],
  ["http://h/[0-10:5]", ["http://h/0", "http://h/5", "http://h/10"]],
  ["http://h/[a-c]", ["http://h/a", "http://h/b", "http://h/c"]],
  ["http://h/[A-E:2]", ["http://h/A", "http://h/C", "http://h/E"]],
  ["http://{a,b}/[1-2]", ["http://a/1", "http://a/2", "http://b/1", "http://b/2"]],
  ["http://[::1]/[1-2]", ["http://[::1]/1", "http://[::1]/2"]],
  ["http://[fe80::1%25eth0]/f", ["http://[fe80::1%25eth0]/f"]],
  ["http://[::ffff:1.2.3.4]:80/f", ["http://[::ffff:1.2.3.4]:80/f"]],
  ["http://h/[]", ["http://h/[]"]],
  ["http://h/{a\\\\,b}", ["http://h/a\\", "http://h/b"]],
  ["http://h/\\{a\\}\\[1-2\\]", ["http://h/{a}[1-2]"]],
  ["http://h/{a\\,b,c\\}}", ["http://h/a,b", "http://h/c}"]],
  ["http://h/a\\b\\", ["http://h/a\\b\\"]],
  ["http://h/a,b?c=1-3", ["http://h/a,b?c=1-3"]],
  ["http://u:p@{a,b}/f", ["http://u:p@a/f", "http://u:p@b/f"]],
];

Deno.test("expandUrlPattern() expands as curl does, the last part changing fastest", () => {
  for (const [pattern, urls] of READ) assertEquals(expandUrlPattern(pattern), urls, pattern);
});

/** What people paste: no valid pattern, so that every character stands for itself. */
const LITERAL = [
  "http://h/film%20[1080p][x265].mkv",
  "http://h/film [2026-01].mkv",
  "http://h/f?args[0]=a&args[1]=b&list[]=c",
  "http://h/{3F2504E0-4F89-11D3-9A0C-0305E82C3301}/f",
  "http://h/{id}/{}",
  'http://h/f?filter={"a":1,"b":2}',
  "http://h/f?filter={%22a%22:1,%22b%22:2}",
  "http://h/{a,b",
  "http://h/a,b}",
  "http://h/a}b]c",
  "http://h/[1-",
  "http://h/[3-1][c-a][a-Z][a-1][-1-2][é-ü]",
  "http://h/[0-10:20][1-3:0][1-1:2][1-2:x]",
  "http://h/[0-99999999999999999999]",
  "http://h/{a,b[c}",
  "http://[::1]:80/[1080p]",
];

Deno.test("expandUrlPattern() takes what is no pattern literally", () => {
  for (const url of LITERAL) assertEquals(expandUrlPattern(url), [url]);
  assertEquals(expandUrlPattern("http://{a,b}/{id}[1-2][x]"), [
    ...["http://a/{id}1[x]", "http://a/{id}2[x]", "http://b/{id}1[x]", "http://b/{id}2[x]"],
  ]);
});

const TOO_MANY = [
  "http://h/[1-257]",
  "http://h/[1-9007199254740991]",
  "http://h/[1-17]/[1-17]",
  "http://u:secret@h/[1-1000]",
];

Deno.test("expandUrlPattern() refuses too many URLs, names the way out, and shows no credentials", () => {
  for (const pattern of TOO_MANY) {
    const error = assertThrows(() => expandUrlPattern(pattern), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE, pattern);
    assertStringIncludes(error.message, "expands to more than 256 URLs; --globoff takes");
    assertEquals(error.message.includes("secret"), false, error.message);
  }
});

Deno.test("expandUrlPattern() expands up to the maximum, and many patterns", () => {
  assertEquals(expandUrlPattern(`http://h/[1-${MOST_URLS}]`).length, MOST_URLS);
  assertEquals(expandUrlPattern("http://h/" + "{a,b}".repeat(8)).length, 256);
  assertThrows(() => expandUrlPattern("http://h/" + "{a,b}".repeat(2000)), CommandError);
  assertEquals(expandUrlPattern("http://h/" + "{a}[b".repeat(2000)).length, 1);
});
