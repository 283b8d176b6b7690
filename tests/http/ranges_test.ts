import { assert, assertEquals } from "@std/assert";
import {
  type Asked,
  judge,
  parseContentLength,
  parseContentRange,
  parseUnsatisfiedSize,
  rangeHeader,
} from "../../lib/http/ranges.ts";

const HUGE = "123456789012345678901234567890";

Deno.test("rangeHeader() names the last byte", () => {
  assertEquals(rangeHeader(0, 1), "bytes=0-0");
  assertEquals(rangeHeader(500, 1000), "bytes=500-999");
  assertEquals(rangeHeader(2 ** 52, 2 ** 52 + 1), "bytes=4503599627370496-4503599627370496");
});

Deno.test("parseContentRange() reads a range in bytes", () => {
  const table = [
    ["bytes 0-0/1", { start: 0, end: 1, size: 1 }],
    ["bytes 0-4/10", { start: 0, end: 5, size: 10 }],
    ["bytes 5-9/10", { start: 5, end: 10, size: 10 }],
    ["bytes 5-9/*", { start: 5, end: 10, size: undefined }],
    ["  Bytes  05-9/010 ", { start: 5, end: 10, size: 10 }],
    ["bytes 0-9/9007199254740991", { start: 0, end: 10, size: Number.MAX_SAFE_INTEGER }],
  ] as const;
  for (const [value, range] of table) assertEquals(parseContentRange(value), range, value);
});

Deno.test("parseContentRange() refuses what is none, or contradicts itself", () => {
  const table = [
    null,
    "",
    "bytes",
    "bytes 4-0/10",
    "bytes 0-10/10",
    "bytes 0-9/0",
    "bytes 0-9/9",
    "bytes */10",
    "bytes 0-9",
    "bytes -9/10",
    "bytes 0-/10",
    "bytes=0-9/10",
    "bytes0-9/10",
    "seconds 0-9/10",
    "bytes 0-9/10, bytes 20-29/40",
    "bytes 0-9/-1",
    "bytes 0x1-9/10",
    "bytes 1.0-9/10",
    "bytes +1-9/10",
    "bytes 1e0-9/10",
    "bytes ٣-9/10",
    `bytes 0-9/${HUGE}`,
    `bytes 0-${HUGE}/*`,
    `bytes ${HUGE}-${HUGE}/*`,
    "bytes 0-9/9007199254740993",
  ];
  for (const value of table) assertEquals(parseContentRange(value), undefined, String(value));
});

Deno.test("parseUnsatisfiedSize() reads the size that a 416 tells", () => {
  assertEquals(parseUnsatisfiedSize("bytes */1234"), 1234);
  assertEquals(parseUnsatisfiedSize("bytes */0"), 0);
  for (const value of [null, "", "bytes */*", "bytes 0-1/2", "items */5", `bytes */${HUGE}`]) {
    assertEquals(parseUnsatisfiedSize(value), undefined, String(value));
  }
});

Deno.test("parseContentLength() reads digits and nothing else", () => {
  assertEquals(parseContentLength("0"), 0);
  assertEquals(parseContentLength(" 42 "), 42);
  for (const value of [null, "", "-1", "+1", "1.5", "1e3", "0x10", "5, 5", HUGE]) {
    assertEquals(parseContentLength(value), undefined, String(value));
  }
});

const ASKED: Asked = { start: 100, end: 200, size: undefined, conditional: false };

/** What becomes of an answer: its type, or why it is refused. */
function verdict(
  status: number,
  headers: Record<string, string> = {},
  asked: Partial<Asked> = {},
): unknown {
  const outcome = judge({ ...ASKED, ...asked }, status, new Headers(headers));
  return outcome.type === "refused" ? outcome.reason : outcome;
}

Deno.test("judge() takes a 206 with what was asked for, or less", () => {
  const table = [
    ["bytes 100-199/1000", {}, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-199/1000", { size: 1000 }, { start: 100, end: 200, size: 1000 }],
    ["bytes 100-149/150", {}, { start: 100, end: 150, size: 150 }],
    ["bytes 100-100/1000", {}, { start: 100, end: 101, size: 1000 }],
    ["bytes 100-199/*", { size: 1000 }, { start: 100, end: 200, size: undefined }],
    ["bytes 100-199/1000", { conditional: true }, { start: 100, end: 200, size: 1000 }],
  ] as const;
  for (const [range, asked, expected] of table) {
    const given = verdict(206, { "content-range": range }, asked);
    assertEquals(given, { type: "partial", ...expected }, range);
  }
});

Deno.test("judge() refuses a 206 that is not what was asked for", () => {
  for (
    const range of [
      "bytes 99-199/1000",
      "bytes 101-199/1000",
      "bytes 100-200/1000",
      "bytes 0-99/1000",
      "bytes 100-199/150",
      "bytes 199-100/1000",
      "seconds 100-199/1000",
      "bytes */1000",
      "garbage",
    ]
  ) assertEquals(verdict(206, { "content-range": range }), "range", range);
  assertEquals(verdict(206), "range");
  const several = {
    "content-type": "multipart/byteranges; boundary=x",
    "content-range": "bytes 100-199/1000",
  };
  assertEquals(verdict(206, several), "range");
  const unasked = { "content-range": "bytes 0-199/1000" };
  assertEquals(verdict(206, unasked, { start: 0, end: undefined }), "range");
  const other = { "content-range": "bytes 100-199/999" };
  assertEquals(verdict(206, other, { size: 1000 }), "changed");
});

Deno.test("judge() takes a 200 as the whole file, unless it says that the file changed", () => {
  const length = { "content-length": "1000" };
  assertEquals(verdict(200, length), { type: "whole", size: 1000 });
  assertEquals(verdict(200, length, { end: undefined }), { type: "whole", size: 1000 });
  assertEquals(verdict(200), { type: "whole", size: undefined });
  assertEquals(verdict(200, { "content-length": HUGE }), { type: "whole", size: undefined });
  assertEquals(verdict(200, length, { size: 1000 }), { type: "whole", size: 1000 });
  assertEquals(verdict(200, length, { size: 999 }), "changed");
  assertEquals(verdict(200, length, { conditional: true }), "changed");
});

Deno.test("judge() takes a 416 that says that the file ends before the range", () => {
  const at = (size: number) => ({ "content-range": `bytes */${size}` });
  assertEquals(verdict(416, at(100)), { type: "unsatisfiable", size: 100 });
  assertEquals(verdict(416, at(0), { start: 0 }), { type: "unsatisfiable", size: 0 });
  assertEquals(verdict(416, at(50), { size: 50 }), { type: "unsatisfiable", size: 50 });
  assertEquals(verdict(416, at(50), { size: 1000 }), "changed");
  // It could have answered, by its own words.
  assertEquals(verdict(416, at(101)), "range");
  assertEquals(verdict(416), "range");
});

Deno.test("judge() refuses an encoded body, of a 206 as of a 200", () => {
  for (const encoding of ["gzip", "br", "GZIP", "identity, gzip", "unknown"]) {
    const headers = {
      "content-encoding": encoding,
      "content-range": "bytes 100-199/1000",
      "content-length": "100",
    };
    assertEquals(verdict(206, headers), "encoding", encoding);
    assertEquals(verdict(200, headers), "encoding", encoding);
  }
  const identity = { "content-encoding": " Identity", "content-length": "5" };
  assertEquals(verdict(200, identity), { type: "whole", size: 5 });
});

Deno.test("judge(): which statuses may be different later", () => {
  const retryable = [408, 425, 429, 500, 502, 503, 504, 520, 599];
  const final = [201, 204, 301, 304, 400, 401, 403, 404, 405, 407, 410, 412, 451, 501];
  for (const status of [...retryable, ...final]) {
    const outcome = judge(ASKED, status, new Headers());
    assert(outcome.type === "refused", `${status}`);
    const { reason, message } = outcome as Extract<typeof outcome, { type: "refused" }>;
    assertEquals([reason, message], ["status", `answered ${status}`]);
    assertEquals("retryable" in outcome && outcome.retryable, retryable.includes(status));
  }
});

Deno.test("judge(): what is no matter of time is not to be tried again", () => {
  const refusals = [
    judge(ASKED, 206, new Headers()),
    judge(ASKED, 416, new Headers()),
    judge({ ...ASKED, conditional: true }, 200, new Headers()),
    judge(ASKED, 200, new Headers({ "content-encoding": "br" })),
  ];
  for (const refusal of refusals) assertEquals("retryable" in refusal && refusal.retryable, false);
});
