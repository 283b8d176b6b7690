import { assertEquals } from "@std/assert";
import { ifMatch, ifNoneMatch } from "@std/http/etag";
import {
  evaluatePreconditions,
  rangeApplies,
  type SentValidators,
} from "../../../lib/proxy/request/preconditions.ts";

const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const FILE: SentValidators = { etag: '"a"', lastModified: MODIFIED };

function outcome(headers: Record<string, string>, validators = FILE, method = "GET"): string {
  return evaluatePreconditions(method, new Headers(headers), validators);
}

Deno.test("evaluatePreconditions(): If-Match compares strongly", () => {
  const table: [list: string, etag: string | undefined, matches: boolean][] = [
    ['"a"', '"a"', true],
    ['"b"', '"a"', false],
    ['"A"', '"a"', false],
    ['W/"a"', '"a"', false],
    ['"a"', 'W/"a"', false],
    ['W/"a"', 'W/"a"', false],
    ['"b", "a"', '"a"', true],
    ['"b","a"', '"a"', true],
    [' ,, "b"\t,\t"a" ,', '"a"', true],
    ['W/"a", "a"', '"a"', true],
    ["*", '"a"', true],
    [" * ", 'W/"a"', true],
    ["*", undefined, true],
    ['"a"', undefined, false],
    ['"b,a"', '"b,a"', true],
    ['"c", "b,a"', '"b,a"', true],
    ['"b,a"', '"a"', false],
    ['"W/"', '"W/"', true],
    ['""', '""', true],
    ["", '"a"', false],
    [",", '"a"', false],
    // Not entity tags: everything after them is ignored.
    ["a", '"a"', false],
    ["'a'", '"a"', false],
    ['w/"a"', '"a"', false],
    ['W/ "a"', '"a"', false],
    ['"a', '"a"', false],
    ['a"', '"a"', false],
    ['"b" "a"', '"a"', false],
    ['x, "a"', '"a"', false],
    ['"b c", "a"', '"a"', false],
    ['"a", x', '"a"', true],
    ['"b", *', '"a"', false],
    ['"\u00e4"', '"\u00e4"', true],
  ];
  for (const [list, etag, matches] of table) {
    const validators = { etag, lastModified: undefined };
    const expected = matches ? "proceed" : "failed";
    for (const method of ["GET", "HEAD", "PUT"]) {
      assertEquals(outcome({ "if-match": list }, validators, method), expected, `${list} ${etag}`);
    }
  }
});

Deno.test("evaluatePreconditions(): If-None-Match compares weakly", () => {
  const table: [list: string, etag: string | undefined, matches: boolean][] = [
    ['"a"', '"a"', true],
    ['"b"', '"a"', false],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['W/"a"', 'W/"a"', true],
    ['"b", W/"a"', '"a"', true],
    ['"b",W/"a" ,"c"', '"a"', true],
    ["*", '"a"', true],
    ["*", undefined, true],
    ['"a"', undefined, false],
    ['"b,a"', 'W/"b,a"', true],
    ['"b,a"', '"a"', false],
    ["", '"a"', false],
    ["a", '"a"', false],
    ['"b" "a"', '"a"', false],
  ];
  for (const [list, etag, matches] of table) {
    const validators = { etag, lastModified: undefined };
    const given = { "if-none-match": list };
    for (const method of ["GET", "HEAD"]) {
      const expected = matches ? "not modified" : "proceed";
      assertEquals(outcome(given, validators, method), expected, `${list} ${etag}`);
    }
    assertEquals(outcome(given, validators, "PUT"), matches ? "failed" : "proceed", list);
  }
});

Deno.test("evaluatePreconditions() compares dates and ignores invalid ones", () => {
  const table = [
    ["if-unmodified-since", BEFORE, "failed"],
    ["if-unmodified-since", MODIFIED, "proceed"],
    ["if-unmodified-since", AFTER, "proceed"],
    ["if-unmodified-since", "Sun Nov  6 08:49:36 1994", "failed"],
    ["if-unmodified-since", "Sunday, 06-Nov-94 08:49:36 GMT", "failed"],
    ["if-unmodified-since", "1990", "proceed"],
    ["if-unmodified-since", "", "proceed"],
    ["if-unmodified-since", `${BEFORE}, ${BEFORE}`, "proceed"],
    ["if-modified-since", BEFORE, "proceed"],
    ["if-modified-since", MODIFIED, "not modified"],
    ["if-modified-since", AFTER, "not modified"],
    ["if-modified-since", "Sun Nov  6 08:49:37 1994", "not modified"],
    ["if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT", "not modified"],
    ["if-modified-since", "2030-01-01", "proceed"],
    ["if-modified-since", "", "proceed"],
    ["if-modified-since", `${AFTER}, ${AFTER}`, "proceed"],
  ] as const;
  for (const [name, value, expected] of table) {
    assertEquals(outcome({ [name]: value }), expected, `${name}: ${value}`);
    // Without a valid date of the file there is nothing to compare.
    for (const lastModified of [undefined, "yesterday"]) {
      assertEquals(outcome({ [name]: value }, { etag: '"a"', lastModified }), "proceed");
    }
  }
  assertEquals(outcome({ "if-modified-since": AFTER }, FILE, "HEAD"), "not modified");
  assertEquals(outcome({ "if-modified-since": AFTER }, FILE, "POST"), "proceed");
});

Deno.test("evaluatePreconditions() evaluates several preconditions in order", () => {
  const [same, other] = ['"a"', '"b"'];
  const table: [headers: Record<string, string>, expected: string][] = [
    [{}, "proceed"],
    // If-Match overrides If-Unmodified-Since.
    [{ "if-match": same, "if-unmodified-since": BEFORE }, "proceed"],
    [{ "if-match": other, "if-unmodified-since": AFTER }, "failed"],
    // If-None-Match overrides If-Modified-Since.
    [{ "if-none-match": other, "if-modified-since": AFTER }, "proceed"],
    [{ "if-none-match": "", "if-modified-since": AFTER }, "proceed"],
    [{ "if-none-match": same, "if-modified-since": BEFORE }, "not modified"],
    // 412 takes precedence over 304.
    [{ "if-match": other, "if-none-match": same }, "failed"],
    [{ "if-match": same, "if-none-match": same }, "not modified"],
    [{ "if-match": same, "if-none-match": other }, "proceed"],
    [{ "if-match": same, "if-modified-since": AFTER }, "not modified"],
    [{ "if-unmodified-since": BEFORE, "if-none-match": same }, "failed"],
    [{ "if-unmodified-since": BEFORE, "if-modified-since": AFTER }, "failed"],
    [{ "if-unmodified-since": AFTER, "if-modified-since": AFTER }, "not modified"],
    [{ "if-unmodified-since": AFTER, "if-none-match": other }, "proceed"],
    // A Range makes no difference, nor does its If-Range.
    [{ "if-none-match": same, range: "bytes=0-1" }, "not modified"],
    [{ "if-match": other, range: "bytes=0-1", "if-range": same }, "failed"],
  ];
  for (const [headers, expected] of table) {
    assertEquals(outcome(headers), expected, JSON.stringify(headers));
  }
});

Deno.test("evaluatePreconditions() ignores methods without a representation", () => {
  for (const method of ["OPTIONS", "TRACE", "CONNECT"]) {
    assertEquals(outcome({ "if-match": '"b"' }, FILE, method), "proceed");
    assertEquals(outcome({ "if-none-match": "*" }, FILE, method), "proceed");
  }
});

const MODIFIED_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

Deno.test("rangeApplies() accepts only the current strong validator", () => {
  const knownAtMs = MODIFIED_MS + 60_000;
  const strong = { etag: '"a"', lastModified: MODIFIED, knownAtMs, isLasting: true };
  const ofProcess = { ...strong, isLasting: false };
  const weak = { ...strong, etag: 'W/"a"' };
  const none = { ...strong, etag: undefined };
  const fresh = { ...none, knownAtMs: MODIFIED_MS + 59_999 };
  const undated = { etag: undefined, lastModified: MODIFIED };
  const table: [ifRange: string, validators: SentValidators, applies: boolean][] = [
    ['"a"', strong, true],
    [' "a" ', strong, true],
    ['"b"', strong, false],
    ['W/"a"', strong, false],
    ['W/"a"', weak, false],
    ['"a"', weak, false],
    ['"a"', none, false],
    ['"b", "a"', strong, false],
    ["*", strong, false],
    ["a", strong, false],
    ["", strong, false],
    [MODIFIED, strong, true],
    [MODIFIED, weak, false],
    ['"a"', ofProcess, true],
    [MODIFIED, ofProcess, false],
    [MODIFIED, { ...strong, isLasting: undefined }, false],
    [MODIFIED, none, true],
    [MODIFIED, fresh, false],
    [MODIFIED, undated, false],
    [BEFORE, strong, false],
    [AFTER, strong, false],
    // Exact match: not the same time in another format.
    ["Sun Nov  6 08:49:37 1994", strong, false],
    ["Sun, 06 Nov 1994 08:49:37 UTC", strong, false],
    ["yesterday", { ...strong, lastModified: "yesterday" }, false],
    [MODIFIED, { etag: undefined, lastModified: undefined, knownAtMs: MODIFIED_MS }, false],
  ];
  for (const [ifRange, validators, applies] of table) {
    const headers = new Headers({ "if-range": ifRange, range: "bytes=0-1" });
    assertEquals(rangeApplies(headers, validators), applies, `${ifRange} ${validators.etag}`);
  }
  assertEquals(rangeApplies(new Headers({ range: "bytes=0-1" }), weak), true);
});

Deno.test("@std/http/etag splits lists and compares differently: if this fails, it may be used", () => {
  assertEquals(ifMatch('"b,a"', '"b,a"'), false);
  assertEquals(ifNoneMatch('"b,a"', '"b,a"'), true);
  assertEquals(ifMatch("*", 'W/"a"'), false);
  assertEquals(ifMatch("*", undefined), false);
  assertEquals(ifNoneMatch("*", undefined), true);
});
