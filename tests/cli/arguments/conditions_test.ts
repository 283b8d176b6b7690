import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseTimeCondition } from "../../../lib/cli/arguments/conditions.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const DATES: readonly (readonly [text: string, iso: string])[] = [
  ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37"],
  ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37"],
  ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37"],
  // Without a zone, in GMT, whatever that of this machine.
  ["2004-09-12", "2004-09-12T00:00:00"],
  ["20040912", "2004-09-12T00:00:00"],
  ["2004-09-12T15:05:58", "2004-09-12T15:05:58"],
  ["2004-09-12 15:05:58", "2004-09-12T15:05:58"],
  ["20040912 15:05:58 -0700", "2004-09-12T22:05:58"],
  ["12 Jan 2012 10:20:30 +0200", "2012-01-12T08:20:30"],
  ["Nov 6 1994", "1994-11-06T00:00:00"],
  ["06 Nov 1994", "1994-11-06T00:00:00"],
  ["06-Nov-1994", "1994-11-06T00:00:00"],
];

Deno.test("parseTimeCondition() reads dates as curl does", () => {
  for (const [text, iso] of DATES) {
    const date = Date.parse(`${iso}Z`);
    assertEquals(parseTimeCondition("-z", text), { date, text, older: false }, text);
    assertEquals(parseTimeCondition("-z", `+${text}`), { date, text, older: false }, text);
    assertEquals(parseTimeCondition("-z", `-${text}`), { date, text, older: true }, text);
  }
});

Deno.test("parseTimeCondition() reads a date without a zone in GMT, whatever the zone of this machine", () => {
  const before = Deno.env.get("TZ");
  Deno.env.set("TZ", "America/New_York");
  try {
    assertEquals(new Date(0).getHours(), 19);
    for (const [text, iso] of DATES) {
      assertEquals(parseTimeCondition("-z", text).date, Date.parse(`${iso}Z`), text);
    }
  } finally {
    if (before === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", before);
  }
});

Deno.test("parseTimeCondition() takes what is no date for the name of a file", () => {
  const names = ["film.mkv", "data1", "2024.tar.gz", "20240101.bin", "a/2024-01-01", "mars", "5"];
  for (const text of names) {
    assertEquals(parseTimeCondition("-z", text), { date: undefined, text, older: false });
    assertEquals(parseTimeCondition("-z", `-${text}`), { date: undefined, text, older: true });
  }
  for (const text of ["", "-", "+"]) {
    const error = assertThrows(() => parseTimeCondition("--time-cond", text), CommandError);
    assertStringIncludes(error.message, `--time-cond is "${text}", but must be a date or`);
  }
});
