import { assertEquals } from "@std/assert";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { IntervalSet } from "../../../lib/scheduler/bytes/ledger.ts";
import { mulberry32 } from "../../support/random.ts";

function set(...pairs: readonly (readonly [number, number])[]): IntervalSet {
  return new IntervalSet(...pairs.map(([start, end]) => ({ start, end })));
}

function pairs({ intervals }: IntervalSet): (readonly [number, number])[] {
  return intervals.map(({ start, end }) => [start, end]);
}

Deno.test("IntervalSet.add() merges what overlaps or touches, and counts what is new", () => {
  // set before, added, new ones, set after
  const table = [
    [[], [2, 5], 3, [[2, 5]]],
    [[], [5, 5], 0, []],
    [[], [5, 2], 0, []],
    [[[2, 5]], [2, 5], 0, [[2, 5]]],
    [[[2, 5]], [3, 4], 0, [[2, 5]]],
    [[[2, 5]], [5, 7], 2, [[2, 7]]],
    [[[2, 5]], [0, 2], 2, [[0, 5]]],
    [[[2, 5]], [6, 7], 1, [[2, 5], [6, 7]]],
    [[[2, 5]], [0, 1], 1, [[0, 1], [2, 5]]],
    [[[2, 5]], [0, 9], 6, [[0, 9]]],
    [[[2, 5], [7, 9]], [5, 7], 2, [[2, 9]]],
    [[[2, 5], [7, 9]], [4, 8], 2, [[2, 9]]],
    [[[0, 1], [2, 3], [4, 5], [8, 9]], [1, 6], 3, [[0, 6], [8, 9]]],
    [[[2, 5]], [9, Infinity], Infinity, [[2, 5], [9, Infinity]]],
  ] as const;
  for (const [before, [start, end], added, after] of table) {
    const intervals = set(...before);
    assertEquals(intervals.add(start, end), added, `${before} + ${start}-${end}`);
    assertEquals(pairs(intervals), [...after], `${before} + ${start}-${end}`);
  }
});

Deno.test("IntervalSet.delete() cuts, splits, and counts what was there", () => {
  // set before, deleted, how many of them were in the set, set after
  const table = [
    [[], [2, 5], 0, []],
    [[[2, 5]], [3, 3], 0, [[2, 5]]],
    [[[2, 5]], [5, 9], 0, [[2, 5]]],
    [[[2, 5]], [0, 2], 0, [[2, 5]]],
    [[[2, 5]], [2, 5], 3, []],
    [[[2, 5]], [0, 9], 3, []],
    [[[2, 5]], [3, 4], 1, [[2, 3], [4, 5]]],
    [[[2, 5]], [2, 4], 2, [[4, 5]]],
    [[[2, 5]], [4, 9], 1, [[2, 4]]],
    [[[2, 5], [7, 9]], [4, 8], 2, [[2, 4], [8, 9]]],
    [[[0, 2], [4, 6], [8, 10]], [1, 9], 4, [[0, 1], [9, 10]]],
    [[[0, Infinity]], [5, 8], 3, [[0, 5], [8, Infinity]]],
  ] as const;
  for (const [before, [start, end], deleted, after] of table) {
    const intervals = set(...before);
    assertEquals(intervals.delete(start, end), deleted, `${before} - ${start}-${end}`);
    assertEquals(pairs(intervals), [...after], `${before} - ${start}-${end}`);
  }
});

Deno.test("IntervalSet.count() counts what is in the set, at the edges too", () => {
  const intervals = set([2, 5], [7, 9], [20, Infinity]);
  const table = [
    [0, 2, 0],
    [0, 3, 1],
    [2, 5, 3],
    [3, 4, 1],
    [4, 8, 2],
    [5, 7, 0],
    [0, 20, 5],
    [8, 22, 3],
    [30, 40, 10],
    [9, Infinity, Infinity],
    [4, 4, 0],
    [8, 3, 0],
  ] as const;
  for (const [start, end, count] of table) {
    assertEquals(intervals.count(start, end), count, `${start}-${end}`);
  }
  assertEquals(new IntervalSet().count(0, Infinity), 0);
});

Deno.test("IntervalSet: queries at the edges", () => {
  const intervals = set([2, 5], [7, 9]);
  const has = Array.from({ length: 11 }, (_, value) => intervals.has(value) ? value : -1);
  assertEquals(has.filter((value) => value >= 0), [2, 3, 4, 7, 8]);
  assertEquals(intervals.after(0), { start: 2, end: 5 });
  assertEquals(intervals.after(4), { start: 2, end: 5 });
  assertEquals(intervals.after(5), { start: 7, end: 9 });
  assertEquals(intervals.after(9), undefined);
  assertEquals(intervals.covers(2, 5), true);
  assertEquals(intervals.covers(2, 6), false);
  assertEquals(intervals.covers(4, 8), false);
  assertEquals(intervals.covers(1, 3), false);
  assertEquals(intervals.covers(6, 6), true);
});

Deno.test("IntervalSet agrees with a set of single integers", () => {
  const random = mulberry32(5);
  const SPAN = 60;
  const whole = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 40; round++) {
    const intervals = new IntervalSet();
    const model = new Set<number>();
    for (let step = 0; step < 60; step++) {
      const start = whole(SPAN);
      const end = start + whole(random() < 0.2 ? SPAN : 8);
      const adding = random() < 0.55;
      let changed = 0;
      for (let value = start; value < end; value++) {
        if (adding === model.has(value)) continue;
        changed++;
        if (adding) model.add(value);
        else model.delete(value);
      }
      assertEquals(adding ? intervals.add(start, end) : intervals.delete(start, end), changed);
      assertEquals(intervals.intervals, naive(model, 2 * SPAN));
      const [from, to] = [whole(SPAN), whole(SPAN)];
      let covered = true;
      for (let value = from; value < to; value++) covered &&= model.has(value);
      assertEquals(intervals.covers(from, to), covered, `${from}-${to}`);
      assertEquals(intervals.has(from), model.has(from));
      const inside = [...model].filter((value) => from <= value && value < to).length;
      assertEquals(intervals.count(from, to), inside, `${from}-${to}`);
      if (from < to) assertEquals(intervals.overlaps(from, to), inside > 0, `${from}-${to}`);
    }
  }
});

function naive(model: ReadonlySet<number>, span: number): ByteRange[] {
  const intervals: ByteRange[] = [];
  for (let value = 0; value < span; value++) {
    if (!model.has(value) || model.has(value - 1)) continue;
    let end = value;
    while (model.has(end)) end++;
    intervals.push({ start: value, end });
  }
  return intervals;
}
