import { assertEquals } from "@std/assert";
import { rangesText, sendersOf, sendersText } from "../../../lib/cli/blame/senders.ts";

Deno.test("sendersOf(): the smallest share first; what is not covered is of unknown origin", () => {
  const origins = [
    { start: 0, end: 20, mirror: "a" },
    { start: 30, end: 90, mirror: "b" },
    { start: 90, end: 95, mirror: "a" },
  ];
  assertEquals(sendersOf({ start: 10, end: 100 }, origins), [
    { mirror: "a", ranges: [{ start: 10, end: 20 }, { start: 90, end: 95 }], bytes: 15 },
    { mirror: undefined, ranges: [{ start: 20, end: 30 }, { start: 95, end: 100 }], bytes: 15 },
    { mirror: "b", ranges: [{ start: 30, end: 90 }], bytes: 60 },
  ]);
  assertEquals(sendersOf({ start: 0, end: 5 }, []), [
    { mirror: undefined, ranges: [{ start: 0, end: 5 }], bytes: 5 },
  ]);
  assertEquals(sendersOf({ start: 0, end: 10 }, origins).map(({ bytes }) => bytes), [10]);
});

Deno.test("sendersText(): the shares and the first ranges, the largest share first", () => {
  const origins = [{ start: 0, end: 25, mirror: "a" }, { start: 25, end: 100, mirror: "b" }];
  assertEquals(sendersText(sendersOf({ start: 0, end: 100 }, origins)), [
    "b sent 75 %: bytes 25-99",
    "a sent 25 %: bytes 0-24",
  ]);
  const many = Array.from({ length: 40 }, (_, index) => ({
    start: index,
    end: index + 1,
    mirror: `m${index}`,
  }));
  const lines = sendersText(sendersOf({ start: 0, end: 40 }, many));
  assertEquals([lines.length, lines.at(-1)], [17, "24 more mirrors sent the rest"]);
});

Deno.test("rangesText() is bounded", () => {
  const ranges = Array.from(
    { length: 7 },
    (_, index) => ({ start: 10 * index, end: 10 * index + 5 }),
  );
  assertEquals(rangesText(ranges.slice(0, 1)), "bytes 0-4");
  assertEquals(rangesText(ranges), "bytes 0-4, 10-14, 20-24, 30-34, 40-44, and 2 more ranges");
});
