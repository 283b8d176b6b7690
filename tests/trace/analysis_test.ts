import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  analyze,
  arrivalIntervals,
  blockDelays,
  distribution,
  duplicateRequests,
  idealInterval,
  invalidBlocks,
  returnEvents,
} from "../../lib/trace/analysis.ts";
import type { TraceEvent } from "../../lib/trace/events.ts";
import { EVENTS, FAST, receive, send, SLOW } from "./sample.ts";

/** With something in it that does not count. */
const TRACE: readonly TraceEvent[] = [
  ...EVENTS,
  { type: "note", atMs: 6000, message: "nothing to count" },
];

Deno.test("invalidBlocks() counts what waits after each receive event", () => {
  assertEquals(invalidBlocks(TRACE), [
    { atMs: 500, value: 0 },
    { atMs: 1000, value: 1 },
    { atMs: 2000, value: 2 },
    { atMs: 4000, value: 0 },
    { atMs: 5000, value: 0 },
  ]);
});

Deno.test("returnEvents() counts the blocks that go at once", () => {
  assertEquals(returnEvents(TRACE), [
    { atMs: 500, value: 1 },
    { atMs: 4000, value: 3 },
    { atMs: 5000, value: 1 },
  ]);
});

Deno.test("idealInterval() is the last receive by the number of blocks", () => {
  assertEquals(idealInterval(TRACE), 1000);
  assertEquals(idealInterval([receive(3, 0, FAST), receive(3, 1, FAST)]), 1500);
  assertEquals(idealInterval([]), 0);
});

Deno.test("blockDelays() are t_i - ideal * i, by block", () => {
  assertEquals(blockDelays(TRACE), [
    { block: 0, delayMs: 500 },
    { block: 1, delayMs: 3000 },
    { block: 2, delayMs: -1000 },
    { block: 3, delayMs: -1000 },
    { block: 4, delayMs: 1000 },
  ]);
});

Deno.test("arrivalIntervals() are counted for each mirror by itself", () => {
  const intervals = arrivalIntervals(TRACE);
  assertEquals(Object.keys(intervals), [FAST, SLOW]);
  // 0.5 → 1 → 2 → 5
  const fast = intervals[FAST]!;
  assertAlmostEquals(fast.mean, 1500);
  assertEquals(fast.median, 1000);
  assertEquals(fast.maximum, 3000);
  assertEquals(intervals[SLOW], { mean: 0, median: 0, standardDeviation: 0, maximum: 0 });
});

Deno.test("duplicateRequests() counts a request for several blocks once", () => {
  assertEquals(duplicateRequests(TRACE), 1);
  assertEquals(duplicateRequests([...TRACE, send(2, 1, FAST, 4, true)]), 2);
  assertEquals(duplicateRequests(TRACE.filter((event) => event.type === "receive")), 0);
});

Deno.test("distribution() by hand", () => {
  const table = [
    [[], 0, 0, 0, 0],
    [[4], 4, 4, 0, 4],
    [[3, 1], 2, 2, 1, 3],
    [[9, 1, 2], 4, 2, Math.sqrt((25 + 9 + 4) / 3), 9],
    [[2, 4, 4, 4, 5, 5, 7, 9], 5, 4.5, 2, 9],
  ] as const;
  for (const [values, mean, median, standardDeviation, maximum] of table) {
    assertEquals(distribution(values), { mean, median, standardDeviation, maximum });
  }
});

Deno.test("distribution() leaves what it is given alone", () => {
  const values = [3, 1, 2];
  distribution(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("analyze() gathers every measure", () => {
  const analysis = analyze(TRACE);
  assertEquals(analysis.blocks, 5);
  assertEquals(analysis.lastBlockMs, 5000);
  assertEquals(analysis.goodputBytesPerSecond, 1e6);
  assertEquals(analysis.idealIntervalMs, 1000);
  assertEquals(analysis.initialBufferingMs, 3000);
  assertEquals(analysis.meanPositiveDelayMs, 1500);
  assertEquals(analysis.duplicateRequests, 1);
  assertAlmostEquals(analysis.invalidBlocks.mean, 0.6);
  assertEquals(analysis.invalidBlocks.median, 0);
  assertEquals(analysis.invalidBlocks.maximum, 2);
  assertAlmostEquals(analysis.invalidBlocks.standardDeviation, 0.8);
  assertAlmostEquals(analysis.returnedAtOnce.mean, 5 / 3);
  assertEquals(analysis.returnedAtOnce.median, 1);
  assertEquals(analysis.returnIntervalsMs.mean, 2250);
  assertEquals(analysis.arrivalIntervalsMs[FAST]?.maximum, 3000);
});

Deno.test("analyze() of a trace without a block is all zero", () => {
  const analysis = analyze([{ type: "end", atMs: 1000, outcome: "failed" }]);
  assertEquals(analysis.blocks, 0);
  assertEquals(analysis.goodputBytesPerSecond, 0);
  assertEquals(analysis.initialBufferingMs, 0);
  assertEquals(analysis.meanPositiveDelayMs, 0);
  assertEquals(analysis.arrivalIntervalsMs, {});
  assertEquals(analysis.invalidBlocks.mean, 0);
});

Deno.test("analyze(): blocks that come in order make one interval of buffering, for a block is all or nothing", () => {
  const even = [1, 2, 3, 4].map((seconds, block) => receive(seconds, block, FAST));
  assertEquals(analyze(even).initialBufferingMs, 1000);
  assertEquals(analyze(even).invalidBlocks.maximum, 0);
  const early = [0, 0.1, 0.2, 4].map((seconds, block) => receive(seconds, block, FAST));
  assertEquals(analyze(early).initialBufferingMs, 1000);
});
