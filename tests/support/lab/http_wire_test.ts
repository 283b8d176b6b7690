import { assertEquals, assertThrows } from "@std/assert";
import { BadRequestError, ifRangeHolds, parseRange, RequestReader } from "./http_wire.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("parseRange() follows RFC 9110", () => {
  const table: [string | undefined, ReturnType<typeof parseRange>][] = [
    [undefined, undefined],
    ["bytes=0-0", { start: 0, end: 1 }],
    ["bytes=10-19", { start: 10, end: 20 }],
    ["bytes=90-200", { start: 90, end: 100 }],
    ["bytes=99-", { start: 99, end: 100 }],
    ["bytes=-30", { start: 70, end: 100 }],
    ["bytes=-300", { start: 0, end: 100 }],
    ["BYTES=1-2", { start: 1, end: 3 }],
    ["bytes=100-", "unsatisfiable"],
    ["bytes=100-200", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=20-10", undefined],
    ["bytes=-", undefined],
    ["bytes=0-1,5-6", undefined],
    ["items=0-1", undefined],
    ["bytes=a-b", undefined],
  ];
  for (const [field, expected] of table) assertEquals(parseRange(field, 100), expected, `${field}`);
  assertEquals(parseRange("bytes=0-", 0), "unsatisfiable");
});

Deno.test("ifRangeHolds() uses strong comparison", () => {
  const date = "Tue, 02 Jan 2024 03:04:05 GMT";
  assertEquals(ifRangeHolds(undefined, undefined, undefined), true);
  assertEquals(ifRangeHolds('"a"', '"a"', date), true);
  assertEquals(ifRangeHolds('"a"', '"b"', date), false);
  assertEquals(ifRangeHolds('W/"a"', 'W/"a"', date), false);
  assertEquals(ifRangeHolds('"a"', 'W/"a"', date), false);
  assertEquals(ifRangeHolds(date, '"a"', date), true);
  assertEquals(ifRangeHolds("Tue, 02 Jan 2024 03:04:06 GMT", '"a"', date), false);
  assertEquals(ifRangeHolds(date, '"a"', undefined), false);
});

Deno.test("RequestReader parses heads in any pieces, one after the other", () => {
  const text = "GET /a?b HTTP/1.1\r\nHost: x\r\nX-Two: 1\r\nx-two:2\r\n\r\n" +
    "HEAD /c HTTP/1.0\r\n\r\n";
  for (const size of [1, 7, 1000]) {
    const reader = new RequestReader();
    const heads = [];
    for (let at = 0; at < text.length; at += size) {
      reader.push(bytes(text.slice(at, at + size)));
      for (let head = reader.next(); head !== undefined; head = reader.next()) heads.push(head);
    }
    assertEquals(heads, [
      { method: "GET", path: "/a?b", version: "1.1", headers: { host: "x", "x-two": "1, 2" } },
      { method: "HEAD", path: "/c", version: "1.0", headers: {} },
    ]);
  }
});

Deno.test("RequestReader throws for bytes that are not a request", () => {
  for (const text of ["hello\r\n\r\n", "GET / HTTP/1.1\r\nnocolon\r\n\r\n", "x".repeat(70_000)]) {
    const reader = new RequestReader();
    reader.push(bytes(text));
    assertThrows(() => reader.next(), BadRequestError);
  }
});
