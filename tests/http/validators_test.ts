import { assertEquals } from "@std/assert";
import { contradicts, readValidators as readAt } from "../../lib/http/validators.ts";

const NOON = "Sun, 06 Nov 1994 12:00:00 GMT";
const SECOND_AFTER = "Sun, 06 Nov 1994 12:00:01 GMT";

const NOW = Date.UTC(2026, 6, 1);

function readValidators(headers: Headers) {
  return readAt(headers, NOW);
}

function strong(headers: Record<string, string>): string | undefined {
  return readValidators(new Headers(headers)).strong;
}

Deno.test("readValidators(): a strong entity tag can join ranges, a weak one cannot", () => {
  for (const etag of ['"abc"', '""', '"W/x"', '"a/b+c=!~"', '"\u00e9"']) {
    assertEquals(strong({ etag }), etag);
  }
  assertEquals(strong({ etag: 'W/"abc"' }), undefined);
});

Deno.test("readValidators(): an invalid entity tag is ignored", () => {
  for (const etag of ["abc", '"abc', 'abc"', 'w/"abc"', '"a"b"', '"a b"', "*", "", '"a", "b"']) {
    assertEquals(readValidators(new Headers({ etag })).etag, undefined, etag);
  }
});

Deno.test("readValidators(): what is too long to be sent back is ignored", () => {
  const read = (length: number) => {
    const etag = `"${"x".repeat(length - 2)}"`;
    const headers = new Headers({ etag, "last-modified": NOON.padStart(length, "x") });
    return Object.values(readValidators(headers)).map((value) => value?.length);
  };
  assertEquals(read(16_384), [16_384, 16_384, 16_384]);
  assertEquals(read(16_385), [undefined, undefined, undefined]);
});

Deno.test("readValidators(): a weak tag is kept", () => {
  assertEquals(readValidators(new Headers({ etag: 'W/"abc"' })).etag, 'W/"abc"');
});

Deno.test("readValidators(): a date is strong from one second on (RFC 9110 section 8.8.2.2)", () => {
  // Last-Modified, Date → what may be sent as If-Range
  const table = [
    [NOON, SECOND_AFTER, NOON],
    [NOON, "Sun, 06 Nov 1994 13:00:00 GMT", NOON],
    [NOON, NOON, undefined],
    // Without a zone, still GMT.
    ["Sun Nov  6 12:00:00 1994", SECOND_AFTER, "Sun Nov  6 12:00:00 1994"],
    ["Sun Nov  6 12:00:00 1994", NOON, undefined],
    [SECOND_AFTER, NOON, undefined],
    ["garbage", NOON, undefined],
    [NOON, "garbage", undefined],
  ] as const;
  for (const [modified, date, expected] of table) {
    assertEquals(strong({ "last-modified": modified, date }), expected, `${modified}, ${date}`);
  }
  assertEquals(strong({ "last-modified": NOON }), undefined);
  assertEquals(strong({ date: NOON }), undefined);
});

Deno.test("readValidators(): a date is used only where there is no entity tag", () => {
  const dates = { "last-modified": NOON, date: SECOND_AFTER };
  assertEquals(strong({ ...dates, etag: '"abc"' }), '"abc"');
  assertEquals(strong({ ...dates, etag: 'W/"abc"' }), undefined);
  assertEquals(readValidators(new Headers(dates)).lastModified, NOON);
});

Deno.test("contradicts(): another tag, or without tags another date, shows that the file changed", () => {
  // [etag, last-modified] before, and now → contradiction
  const table = [
    [['"a"'], ['"a"'], false],
    [['"a"'], ['"b"'], true],
    [['W/"a"'], ['W/"b"'], true],
    [['"a"'], ['W/"a"'], false],
    [['"a"'], [], false],
    [[], ['"b"'], false],
    [['"a"', NOON], ['"a"', SECOND_AFTER], false],
    [[undefined, NOON], [undefined, SECOND_AFTER], true],
    [[undefined, NOON], [undefined, NOON], false],
    [[undefined, NOON], [undefined, undefined], false],
  ] as const;
  const read = ([etag, date]: readonly (string | undefined)[]) => {
    const headers = new Headers();
    if (etag !== undefined) headers.set("etag", etag);
    if (date !== undefined) headers.set("last-modified", date);
    return readValidators(headers);
  };
  for (const [before, now, expected] of table) {
    assertEquals(contradicts(read(before), read(now)), expected, `${before} ${now}`);
  }
  assertEquals(contradicts(undefined, read(['"a"'])), false);
});
