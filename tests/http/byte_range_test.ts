import { assert, assertEquals } from "@std/assert";
import {
  contentRangeHeader,
  MAX_RANGES,
  parseContentLength,
  parseContentRange,
  parseRange,
  parseUnsatisfiedSize,
  rangeHeader,
  type RangeSelection,
} from "../../lib/http/byte_range.ts";
import { mulberry32 } from "../support/random.ts";

const HUGE = "123456789012345678901234567890";
const LARGEST = Number.MAX_SAFE_INTEGER;

Deno.test("rangeHeader() names the last byte", () => {
  assertEquals(rangeHeader({ start: 0, end: 1 }), "bytes=0-0");
  assertEquals(rangeHeader({ start: 500, end: 1000 }), "bytes=500-999");
  assertEquals(
    rangeHeader({ start: 2 ** 52, end: 2 ** 52 + 1 }),
    "bytes=4503599627370496-4503599627370496",
  );
});

Deno.test("contentRangeHeader() writes what parseContentRange() reads", () => {
  const range = { start: 5, end: 10 };
  assertEquals(contentRangeHeader(range, 10), "bytes 5-9/10");
  assertEquals(parseContentRange(contentRangeHeader(range, 10)), { ...range, size: 10 });
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

Deno.test("parseContentRange() reads the spellings that servers use", () => {
  const range = { start: 0, end: 10, size: 10 };
  for (
    const value of [
      "bytes=0-9/10",
      "bytes: 0-9/10",
      "bytes:0-9/10",
      "bytes = 0-9/10",
      "byte 0-9/10",
      "BYTES 0-9/10",
      "bytes0-9/10",
      "0-9/10",
      "bytes 0 - 9 / 10",
      "bytes\t0-9/10",
      "bytes 0-9/10, bytes 0-9/10",
      "bytes 0-9/10,bytes=0-9/10",
    ]
  ) assertEquals(parseContentRange(value), range, value);
  for (const value of ["bytes 0-9", "bytes 0-9/", "bytes 0-9/-1", "0-9"]) {
    assertEquals(parseContentRange(value), { ...range, size: undefined }, value);
  }
  // Not clamped: which of the two is right shows elsewhere.
  assertEquals(parseContentRange("bytes 0-12287/1569"), { start: 0, end: 12288, size: 1569 });
});

Deno.test("parseContentRange() returns undefined for an invalid or contradictory value", () => {
  const table = [
    null,
    "",
    "bytes",
    "bytes 4-0/10",
    "bytes */10",
    "bytes -9/10",
    "bytes 0-/10",
    "seconds 0-9/10",
    "bytes 0-9/10, bytes 20-29/40",
    "bytes 0-9/10, garbage",
    "bytes 0-9/-2",
    "bytes 0x1-9/10",
    "bytes 1.0-9/10",
    "bytes +1-9/10",
    "bytes 1e0-9/10",
    "bytes ٣-9/10",
    `bytes 0-9/${HUGE}`,
    `bytes 0-${HUGE}/*`,
    `bytes ${HUGE}-${HUGE}/*`,
    "bytes 0-9/9007199254740993",
    Array(1000).fill("bytes 0-9/10").join(", "),
  ];
  for (const value of table) assertEquals(parseContentRange(value), undefined, String(value));
});

Deno.test("parseUnsatisfiedSize() reads the size in a 416", () => {
  assertEquals(parseUnsatisfiedSize("bytes */1234"), 1234);
  assertEquals(parseUnsatisfiedSize("bytes */0"), 0);
  for (const value of ["*/7", "bytes=*/7", "Bytes: * / 7", "bytes */7, bytes */7"]) {
    assertEquals(parseUnsatisfiedSize(value), 7, value);
  }
  for (const value of [null, "", "bytes */*", "bytes 0-1/2", "items */5", `bytes */${HUGE}`]) {
    assertEquals(parseUnsatisfiedSize(value), undefined, String(value));
  }
});

Deno.test("parseContentLength() reads digits and nothing else", () => {
  assertEquals(parseContentLength("0"), 0);
  assertEquals(parseContentLength(" 42 "), 42);
  assertEquals(parseContentLength("42, 42"), 42);
  for (const value of [null, "", "-1", "+1", "1.5", "1e3", "0x10", "5, 6", "5,", HUGE]) {
    assertEquals(parseContentLength(value), undefined, String(value));
  }
});

/** A result in short: `none`, `unsatisfiable`, or pairs. */
type Short = "none" | "unsatisfiable" | [start: number, end: number][];

function short(request: RangeSelection): Short {
  if (request.type !== "ranges") return request.type;
  return request.ranges.map(({ start, end }) => [start, end]);
}

function check(table: readonly (readonly [header: string | null, size: number, Short])[]): void {
  for (const [header, size, expected] of table) {
    assertEquals(short(parseRange(header, size)), expected, `${header} of ${size}`);
  }
}

Deno.test("parseRange() resolves a range against the size", () => {
  check([
    ["bytes=0-9", 10, [[0, 10]]],
    ["bytes=0-", 10, [[0, 10]]],
    ["bytes=5-", 10, [[5, 10]]],
    ["bytes=9-", 10, [[9, 10]]],
    ["bytes=9-9", 10, [[9, 10]]],
    ["bytes=0-0", 1, [[0, 1]]],
    ["bytes=0-20", 10, [[0, 10]]],
    ["bytes=5-10", 10, [[5, 10]]],
    ["bytes=-1", 10, [[9, 10]]],
    ["bytes=-5", 10, [[5, 10]]],
    ["bytes=-10", 10, [[0, 10]]],
    ["bytes=-15", 10, [[0, 10]]],
    ["bytes=0-499", 10000, [[0, 500]]],
    ["bytes=500-999", 10000, [[500, 1000]]],
    ["bytes=-500", 10000, [[9500, 10000]]],
    ["bytes=9500-", 10000, [[9500, 10000]]],
    ["bytes=007-008", 10, [[7, 9]]],
    ["Bytes=0-9", 10, [[0, 10]]],
  ]);
});

Deno.test("parseRange() keeps several ranges in their order", () => {
  check([
    ["bytes=1-2,5-", 10, [[1, 3], [5, 10]]],
    ["bytes=5-,1-2", 10, [[5, 10], [1, 3]]],
    ["bytes=0-0 ,2-2, 7-", 11, [[0, 1], [2, 3], [7, 11]]],
    ["bytes=0-0,-1", 10000, [[0, 1], [9999, 10000]]],
    ["bytes=500-600,601-999", 10000, [[500, 601], [601, 1000]]],
    ["bytes=4-5,0-3", 10, [[4, 6], [0, 4]]],
  ]);
});

Deno.test("parseRange() accepts spaces and empty members", () => {
  check([
    ["  bytes=0-4  ", 10, [[0, 5]]],
    ["bytes= 0-4", 10, [[0, 5]]],
    ["bytes=\t0\t-\t4\t", 10, [[0, 5]]],
    ["bytes=   1 -2   ,  4- 5, 7 - 8 , ,,", 11, [[1, 3], [4, 6], [7, 9]]],
    ["bytes=,,0-4", 10, [[0, 5]]],
    ["bytes= - 5 ", 10, [[5, 10]]],
  ]);
});

Deno.test("parseRange() ignores other units, and a set with an invalid range", () => {
  const table = [
    null,
    "",
    "foo",
    "bytes",
    "bytes=",
    "bytes=7",
    "bytes= 7 ",
    "bytes=-",
    "bytes=5-4",
    "bytes=0-2,5-4",
    "bytes=2-5,4-3",
    "bytes=--5,4--3",
    "bytes=A-",
    "bytes=A- ",
    "bytes=A-Z",
    "bytes= -Z",
    "bytes=5-Z",
    "bytes=Ran-dom, garbage",
    "bytes=0x01-0x02",
    "bytes=         ",
    "bytes= , , ,   ",
    "bytes=1 2-3",
    "bytes=0-1 2",
    "bytes=0-4;5-9",
    "bytes=+0-4",
    "bytes=0-+4",
    "bytes=0.0-4",
    "bytes=0-1e1",
    "bytes=٠-٤",
    "bytes=0-4, bytes=5-9",
    "bytes =0-4",
    "bytes 0-4",
    "bytes:0-4",
    "bytes=0-4/10",
    "bytes=*",
    "xbytes=0-4",
    "items=0-4",
    "seconds=0-4",
    "none",
  ];
  check(table.map((header) => [header, 10, "none"] as const));
  check(table.map((header) => [header, 0, "none"] as const));
});

Deno.test("parseRange() drops ranges outside the file; with no others the set is unsatisfiable", () => {
  check([
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=10-20", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=-000", 10, "unsatisfiable"],
    ["bytes=10-,20-30,-0", 10, "unsatisfiable"],
    ["bytes=15-,0-5", 10, [[0, 6]]],
    ["bytes=0-5,15-", 10, [[0, 6]]],
    ["bytes=0-1,-0,4-5", 10, [[0, 2], [4, 6]]],
    // A mistake counts even among those.
    ["bytes=10-,x", 10, "none"],
    ["bytes=20-15", 10, "none"],
  ]);
});

Deno.test("parseRange() of an empty file", () => {
  check([
    ["bytes=0-", 0, "none"],
    ["bytes=0-9", 0, "none"],
    ["bytes=-5", 0, "none"],
    ["bytes=0-,-5", 0, "none"],
    ["bytes=1-", 0, "unsatisfiable"],
    ["bytes=5-9", 0, "unsatisfiable"],
    ["bytes=-0", 0, "unsatisfiable"],
    ["bytes=5-4", 0, "none"],
  ]);
});

Deno.test("parseRange() ignores ranges that overlap", () => {
  check([
    ["bytes=500-700,601-999", 10000, "none"],
    ["bytes=-2 , 7-", 11, "none"],
    ["bytes=0-,0-", 10, "none"],
    ["bytes=5-5,5-5", 10, "none"],
    ["bytes=8-9,0-3,2-4", 10, "none"],
    ["bytes=0-9,3-4", 10, "none"],
    ["bytes=-100,-200", 10, "none"],
    // Only within the file do they overlap.
    ["bytes=0-4,20-29,25-", 10, [[0, 5]]],
  ]);
});

Deno.test("parseRange() reads numbers of any length without overflow", () => {
  const long = "9".repeat(50_000);
  check([
    [`bytes=0-${HUGE}`, 10, [[0, 10]]],
    [`bytes=-${HUGE}`, 10, [[0, 10]]],
    [`bytes=-${long}`, 10, [[0, 10]]],
    [`bytes=5-${long}`, 10, [[5, 10]]],
    [`bytes=${HUGE}-`, 10, "unsatisfiable"],
    [`bytes=${long}-`, 10, "unsatisfiable"],
    [`bytes=${long}-${long}`, 10, "unsatisfiable"],
    [`bytes=${HUGE}-${HUGE}`, LARGEST, "unsatisfiable"],
    // They are the same as floating point numbers.
    ["bytes=9007199254740993-9007199254740992", LARGEST, "none"],
    [`bytes=${long}8-${long}7`, LARGEST, "none"],
    ["bytes=9007199254740992-9007199254740993", LARGEST, "unsatisfiable"],
    ["bytes=9007199254740990-", LARGEST, [[LARGEST - 1, LARGEST]]],
    ["bytes=9007199254740989-9007199254740990", LARGEST, [[LARGEST - 2, LARGEST]]],
    ["bytes=0-18446744073709551616", LARGEST, [[0, LARGEST]]],
    ["bytes=18446744073709551616-", LARGEST, "unsatisfiable"],
    [`bytes=${"0".repeat(50_000)}7-8`, 10, [[7, 9]]],
  ]);
});

function many(count: number, member: (index: number) => string): string {
  return `bytes=${Array.from({ length: count }, (_, index) => member(index)).join(",")}`;
}

Deno.test("parseRange() ignores a set of too many ranges", () => {
  const single = (index: number) => `${2 * index}-${2 * index}`;
  const most = short(parseRange(many(MAX_RANGES, single), 100_000));
  assertEquals(most.length, 16);
  check([
    [many(MAX_RANGES + 1, single), 100_000, "none"],
    [many(10_000, single), 100_000, "none"],
    [many(10_000, () => "0-"), 100_000, "none"],
    [many(10_000, () => "-0"), 100_000, "none"],
    [many(10_000, () => "999999-"), 100_000, "none"],
    [many(10_000, () => " "), 100_000, "none"],
    [`${many(10_000, () => "")},3-4`, 100_000, [[3, 5]]],
  ]);
});

/** What a Range asks for, by counting bytes one by one. */
function naive(members: readonly string[], size: number): Short {
  const ranges: [number, number][] = [];
  const taken = new Set<number>();
  let twice = false;
  for (const member of members) {
    const [first, last] = member.split("-") as [string, string];
    if (first !== "" && last !== "" && BigInt(last) < BigInt(first)) return "none";
    const wanted = (byte: number) =>
      first === ""
        ? BigInt(byte) >= BigInt(size) - BigInt(last)
        : BigInt(byte) >= BigInt(first) && (last === "" || BigInt(byte) <= BigInt(last));
    const bytes = Array.from({ length: size }, (_, byte) => byte).filter(wanted);
    if (bytes.length === 0) continue;
    twice ||= bytes.some((byte) => taken.has(byte));
    for (const byte of bytes) taken.add(byte);
    ranges.push([bytes[0]!, bytes.at(-1)! + 1]);
  }
  if (members.length > MAX_RANGES || twice) return "none";
  return ranges.length === 0 ? "unsatisfiable" : ranges;
}

Deno.test("parseRange() selects the same bytes as a naive implementation", () => {
  const random = mulberry32(41);
  const whole = (below: number) => Math.floor(random() * below);
  const seen = { none: 0, unsatisfiable: 0, ranges: 0 };
  for (let round = 0; round < 3000; round++) {
    const size = 1 + whole(40);
    const number = () => random() < 0.03 ? HUGE : `${whole(size + 8)}`;
    const members = Array.from({ length: random() < 0.05 ? 17 : 1 + whole(4) }, () => {
      const first = whole(size + 3);
      const shape = random();
      if (shape < 0.2) return `-${number()}`;
      if (shape < 0.3) return `${number()}-`;
      return shape < 0.9 ? `${first}-${first + whole(5)}` : `${number()}-${number()}`;
    });
    const header = `bytes=${members.join(random() < 0.5 ? "," : " , ")}`;
    const request = parseRange(header, size);
    assertEquals(short(request), naive(members, size), `${header} of ${size}`);
    seen[request.type]++;
  }
  assert(Math.min(seen.none, seen.unsatisfiable, seen.ranges) > 100, JSON.stringify(seen));
});

Deno.test("parseRange() of any text gives ranges within the file, or none", () => {
  const random = mulberry32(42);
  const alphabet = "0123456789--,, \tbytes=x";
  for (let round = 0; round < 5000; round++) {
    const size = Math.floor(random() * 30);
    const text = Array.from(
      { length: Math.floor(random() * 20) },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join("");
    const request = parseRange(`bytes=${text}`, size);
    if (request.type !== "ranges") continue;
    assert(request.ranges.length > 0);
    for (const { start, end } of request.ranges) {
      assert(start >= 0 && start < end && end <= size, `${text} of ${size}: ${start}-${end}`);
    }
  }
});
