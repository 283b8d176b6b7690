import { assertEquals } from "@std/assert";
import {
  parseHttpDate,
  parseHttpDateLeniently,
  parseRetryAfter,
} from "../../lib/http/http_date.ts";

const NOW = Date.UTC(2026, 6, 1);
const TIME = Date.UTC(1994, 10, 6, 8, 49, 37);

/** Valid dates, in all three forms. */
const VALID: readonly (readonly [text: string, expected: number])[] = [
  ["Sun, 06 Nov 1994 08:49:37 GMT", TIME],
  [" sun, 06 nov 1994 08:49:37 gmt ", TIME],
  ["Sunday, 06-Nov-94 08:49:37 GMT", TIME],
  ["Sun Nov  6 08:49:37 1994", TIME],
  ["Wed Nov 16 08:49:37 1994", TIME + 10 * 86_400_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["Mon, 01 Jan 0001 00:00:00 GMT", Date.parse("0001-01-01T00:00:00Z")],
  ["Thu, 29 Feb 2024 23:59:59 GMT", Date.UTC(2024, 1, 29, 23, 59, 59)],
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
  ["Fri, 31 Dec 9999 23:59:59 GMT", Date.UTC(9999, 11, 31, 23, 59, 59)],
];

/** What some servers send. */
const SLOPPY = [
  "06 Nov 1994 08:49:37 GMT",
  "6 Nov 1994 8:49:37 GMT",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 94 08:49:37 GMT",
  "Sun, 06-Nov-1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 08:49:37 UT",
  "Sun, 06 Nov 1994 08:49:37 Z",
  "Sun, 06 Nov 1994 08:49:37 +0000",
  "Sun, 06 Nov 1994 08:49:37 -00:00",
  "Sun Nov 6 08:49:37 1994",
  "Nov  6 08:49:37 1994",
  "Sun Nov 06 08:49:37 UTC 1994",
  "Sun Nov  6 08:49:37 1994 GMT",
];

const INVALID = [
  "",
  "0",
  "1994",
  "yesterday",
  "1994-11-06T08:49:37Z",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Sun, 31 Nov 1994 08:49:37 GMT",
  "Wed, 29 Feb 2023 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:00 GMT",
  "Sun, 06 Nov 1994 08:49:61 GMT",
  "Sun, 06 Nov 1994 08:49 GMT",
  "Sun, 06 Nov 1994 08:49:37 EST",
  "Sun, 06 Nov 1994 08:49:37 +0100",
  "Sun, 06 Nov 1994 08:49:37 GMT; length=123",
];

Deno.test("parseHttpDate() reads the three forms of RFC 9110, in GMT", () => {
  for (const [text, expected] of VALID) {
    assertEquals(parseHttpDate(text, NOW), expected, text);
    assertEquals(parseHttpDateLeniently(text, NOW), expected, text);
  }
  for (let day = 0; day < 40_000; day += 97) {
    const date = new Date(day * 86_400_000 + day * 1000);
    assertEquals(parseHttpDate(date.toUTCString(), NOW), date.getTime(), date.toUTCString());
  }
});

Deno.test("parseHttpDate(): two digits of a year are never more than 50 years ahead", () => {
  const table = [
    ["Wednesday, 01-Jul-26 00:00:00 GMT", NOW, 2026],
    ["Tuesday, 30-Jun-76 00:00:00 GMT", NOW, 2076],
    ["Saturday, 03-Jul-76 00:00:00 GMT", NOW, 1976],
    ["Friday, 31-Dec-99 00:00:00 GMT", NOW, 1999],
    ["Thursday, 01-Jan-70 00:00:00 GMT", Date.UTC(2019, 0), 1970],
    ["Friday, 31-Dec-99 00:00:00 GMT", Date.UTC(2060, 0, 1), 2099],
    ["Saturday, 01-Jan-00 00:00:00 GMT", Date.UTC(1999, 11, 31), 2000],
    ["Saturday, 01-Jan-05 00:00:00 GMT", Date.UTC(2099, 11, 31), 2105],
  ] as const;
  for (const [text, now, year] of table) {
    assertEquals(new Date(parseHttpDate(text, now)!).getUTCFullYear(), year, text);
  }
});

Deno.test("parseHttpDate() accepts valid dates only; parseHttpDateLeniently() also what servers send", () => {
  for (const text of SLOPPY) {
    assertEquals(parseHttpDate(text, NOW), undefined, text);
    assertEquals(parseHttpDateLeniently(text, NOW), TIME, text);
  }
  for (const text of INVALID) {
    assertEquals(parseHttpDate(text, NOW), undefined, text);
    assertEquals(parseHttpDateLeniently(text, NOW), undefined, text);
  }
});

Deno.test("parseRetryAfter() returns the time from now for seconds and dates", () => {
  const now = Date.UTC(1994, 10, 6, 12);
  const table = [
    ["0", 0],
    [" 120 ", 120_000],
    ["Sun, 06 Nov 1994 12:00:01 GMT", 1000],
    ["Sun Nov  6 12:02:00 1994", 120_000],
    ["Sun, 06 Nov 1994 12:00:00 GMT", 0],
    ["Sun, 06 Nov 1994 11:00:00 GMT", 0],
    ["soon", undefined],
    ["-1", undefined],
    ["", undefined],
    [null, undefined],
  ] as const;
  for (const [value, expected] of table) {
    assertEquals(parseRetryAfter(value, now), expected, String(value));
  }
});

Deno.test("dates mean the same in every time zone", async () => {
  const map = new URL("../../import_map.npm.json", import.meta.url).pathname;
  for (const TZ of ["America/New_York", "Asia/Tokyo"]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--no-check", `--import-map=${map}`, "--filter=/^parse/"],
        new URL(import.meta.url).pathname,
      ],
      env: { TZ, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, /(\d+) passed/.exec(text)?.[1]], [0, "4"], text);
  }
});
