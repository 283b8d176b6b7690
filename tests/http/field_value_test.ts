import { assertEquals } from "@std/assert";
import { decodeUtf8, parseWholeNumber, readField, unrepeated } from "../../lib/http/field_value.ts";

Deno.test("unrepeated() returns the copy of identical copies", () => {
  const table = [
    ["a, a", "a"],
    ["a, a, a", "a"],
    ['"x, y", "x, y"', '"x, y"'],
    [
      "Wed, 21 Oct 2015 07:28:00 GMT, Wed, 21 Oct 2015 07:28:00 GMT",
      "Wed, 21 Oct 2015 07:28:00 GMT",
    ],
    ["a, b, a, b", "a, b"],
    ["http://a/?b=1, http://a/?b=1", "http://a/?b=1"],
  ] as const;
  for (const [joined, copy] of table) assertEquals(unrepeated(joined), copy);
});

Deno.test("unrepeated() leaves everything else as it is", () => {
  const values = [
    "",
    "a",
    "a,a",
    "a, b",
    "a, a, b",
    ", ",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    '"x, x"',
    Array(40_000).fill("a").join(", "),
  ];
  for (const value of values) assertEquals(unrepeated(value), value);
});

Deno.test("readField() reads a field of a response", () => {
  const headers = new Headers([["etag", '"a"'], ["etag", '"a"'], ["age", "1"]]);
  assertEquals(readField(headers, "ETag"), '"a"');
  assertEquals(readField(headers, "age"), "1");
  assertEquals(readField(headers, "date"), undefined);
});

Deno.test("decodeUtf8() decodes what Headers gives byte by byte, if it is UTF-8", () => {
  const table = [
    ["abc", "abc"],
    ["n\u00c3\u00a4he", "n\u00e4he"],
    ["n\u00e4he", undefined],
    // Decoded already.
    ["\u4e2d", "\u4e2d"],
  ] as const;
  for (const [value, text] of table) assertEquals(decodeUtf8(value), text);
});

Deno.test("parseWholeNumber() takes digits only, as far as they are exact", () => {
  const table: [text: string | undefined, number: number | undefined][] = [
    ["0", 0],
    ["007", 7],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", undefined],
    [undefined, undefined],
    ...["", " 5", "5 ", "+5", "-5", "5.0", "5e3", "0x5", "5,5", "٥"]
      .map((text): [string, undefined] => [text, undefined]),
  ];
  for (const [text, number] of table) assertEquals(parseWholeNumber(text), number, text);
});
