import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { expandUrlPattern, MOST_URLS } from "../../../lib/cli/arguments/url_pattern.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const READ: [pattern: string, urls: string[]][] = [
  ["", [""]],
  ["http://h/f", ["http://h/f"]],
  ["http://{a,b}.h/f", ["http://a.h/f", "http://b.h/f"]],
  ["http://h/{a}", ["http://h/a"]],
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
  ["http://h/\\{a\\}\\[1-2\\]", ["http://h/{a}[1-2]"]],
  ["http://h/{a\\,b,c\\}}", ["http://h/a,b", "http://h/c}"]],
  ["http://h/a\\b\\", ["http://h/a\\b\\"]],
  ["http://h/a,b?c=1-3", ["http://h/a,b?c=1-3"]],
  ["http://u:p@{a,b}/f", ["http://u:p@a/f", "http://u:p@b/f"]],
];

Deno.test("expandUrlPattern() expands as curl does, the last part changing fastest", () => {
  for (const [pattern, urls] of READ) assertEquals(expandUrlPattern(pattern), urls, pattern);
});

const REFUSED: [pattern: string, says: string][] = [
  ["http://h/{a,b", 'unmatched { at position 10 of the URL "http://h/{a,b"'],
  ["http://h/a}b", "unmatched } at position 11"],
  ["http://h/a]b", "unmatched ] at position 11"],
  ["http://h/[1-", "unmatched [ at position 10"],
  ["http://h/{a,{b}}", "{ inside braces: patterns cannot be nested at position 13"],
  ["http://h/{a,[1-2]}", "[ inside braces"],
  ["http://h/{a]}", "unexpected ] inside braces at position 12"],
  ["http://h/{}", "empty braces at position 10"],
  ["http://h/{a\\", "unmatched { at position 10"],
  ["http://h/[3-1]", "its end is less than its start"],
  ["http://h/[c-a]", "its end is less than its start"],
  ["http://h/[a-Z]", "both letters must have the same case"],
  ["http://h/[0-10:20]", "its step must be from 1 to 10"],
  ["http://h/[1-3:0]", "its step must be from 1 to 2"],
  ["http://h/[1-1:2]", "its step must be from 1 to 1"],
  ["http://h/[1-2:x]", "bad range at position 10"],
  ["http://h/[a]", "it must be like [1-10], [001-100:5] or [a-z]"],
  ["http://h/[a-1]", "bad range"],
  ["http://h/[-1-2]", "bad range"],
  ["http://h/[é-ü]", "bad range"],
  ["http://h/[0-99999999999999999999]", "its numbers are too large"],
  ["http://h/[1-257]", "expands to more than 256 URLs"],
  ["http://h/[1-9007199254740991]", "expands to more than 256 URLs"],
  ["http://h/[1-17]/[1-17]", "expands to more than 256 URLs"],
  ["http://u:secret@h/[3-1]", 'position 19 of the URL "http://h/[3-1]"'],
  ["http://u:secret{@h/f", 'position 16 of the URL "http://h/f"'],
];

Deno.test("expandUrlPattern() names the position of an error, and shows no credentials", () => {
  for (const [pattern, says] of REFUSED) {
    const error = assertThrows(() => expandUrlPattern(pattern), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE, pattern);
    assertStringIncludes(error.message, says);
    assertEquals(error.message.includes("secret"), false, error.message);
  }
});

Deno.test("expandUrlPattern() expands up to the maximum, and many patterns", () => {
  assertEquals(expandUrlPattern(`http://h/[1-${MOST_URLS}]`).length, MOST_URLS);
  assertEquals(expandUrlPattern("http://h/" + "{a,b}".repeat(8)).length, 256);
  assertThrows(() => expandUrlPattern("http://h/" + "{a,b}".repeat(2000)), CommandError);
  assertEquals(expandUrlPattern("http://h/" + "{a}".repeat(2000)).length, 1);
});
