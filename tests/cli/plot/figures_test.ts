import { assert, assertEquals } from "@std/assert";
import { type Figure, figuresOf, frontBytes, thin } from "../../../lib/cli/plot/figures.ts";
import { mirrorNames } from "../../../lib/cli/plot/trace_report.ts";
import { type Recording, reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { receiveEvents } from "../../../lib/trace/analysis.ts";
import { mulberry32 } from "../../support/random.ts";
import { longRecording, recording } from "../../trace/sample.ts";

function figures(of: Recording): Record<string, Figure> {
  const report = reportOf(of);
  const names = mirrorNames(report.mirrors.map(({ url }) => url));
  const all = figuresOf(of, report, names).map((figure) => [figure.name, figure]);
  return Object.fromEntries(all);
}

function positions(figure: Figure | undefined): (readonly [number, number])[][] {
  return figure!.series.map(({ marks }) => marks.map(({ position }) => position));
}

Deno.test("frontBytes() is how far the file is complete from its beginning on", () => {
  assertEquals(frontBytes(receiveEvents(recording().events), 0), [
    { atMs: 500, value: 1e6 },
    { atMs: 4000, value: 4e6 },
    { atMs: 5000, value: 5e6 },
  ]);
});

Deno.test("figuresOf() are the thesis's four", () => {
  const { arrival, invalid, delay, delivered } = figures(recording());
  assertEquals(positions(arrival), [[[0, 0.5], [2, 1], [3, 2], [4, 5]], [[1, 4]]]);
  assertEquals(arrival!.lines[0]!.positions, [[0, 0], [5, 5]]);
  assertEquals(invalid!.lines[0]!.positions, [[0, 0], [0.5, 0], [1, 1], [2, 2], [4, 0], [5, 0]]);
  assertEquals(invalid!.lines[1]!.label, "mean 0.60");
  assertEquals(positions(delay), [[[0, 0.5], [2, -1], [3, -1], [4, 1]], [[1, 3]]]);
  assertEquals(delay!.lines[1]!.label, "initial buffering 3.00 s");
  assertEquals(delivered!.lines.map(({ positions }) => positions), [
    [[0, 0], [5, 5e6]],
    [[0, 0], [0.5, 1e6], [4, 4e6], [5, 5e6]],
  ]);
  assertEquals(arrival!.series[1]!.marks[0]!.label, "block 1, 4.000 s, slow.test");
});

Deno.test("figuresOf() a continued download begin at its first byte", () => {
  const { delivered } = figures(recording({ start: 2e6 }));
  assertEquals(delivered!.y.least, 2e6);
  assertEquals(delivered!.lines[1]!.positions[0], [0, 2e6]);
  assertEquals(delivered!.lines[1]!.positions.at(-1), [5, 7e6]);
  assertEquals(delivered!.y.format(4e6), "4");
});

Deno.test("figuresOf() thins many blocks, but keeps outliers", () => {
  const outliers = new Map([[12_345, 900], [40_000, 0.5]]);
  for (const mirrors of [1, 32]) {
    const { arrival, delay, invalid, delivered } = figures(
      longRecording(50_000, outliers, mirrors),
    );
    for (const figure of [arrival, delay]) {
      const marks = positions(figure).flat();
      assert(marks.length <= 6000, `${marks.length} marks`);
      assert(positions(figure).every((marks) => marks.length <= 2000));
      const blocks = marks.map(([block]) => block);
      for (const block of [0, 49_999, ...outliers.keys()]) assert(blocks.includes(block));
    }
    for (const figure of [invalid, delivered]) {
      for (const { positions } of figure!.lines) {
        assert(positions.length <= 2001, `${positions.length}`);
      }
    }
    const most = Math.max(...invalid!.lines[0]!.positions.map(([, value]) => value));
    assertEquals(most, reportOf(longRecording(50_000, outliers)).invalidBlocks.maximum);
  }
});

Deno.test("figuresOf() draw the mirrors with few blocks last, for they shall be seen", () => {
  const { arrival } = figures(recording());
  assertEquals(arrival!.series.map(({ mirror }) => mirror), [0, 1]);
  const [fast, slow, idle] = recording().urls;
  const { arrival: turned } = figures(recording({ urls: [slow!, fast!, idle!] }));
  assertEquals(turned!.series.map(({ mirror }) => mirror), [1, 0]);
});

const itself = (value: number) => value;

Deno.test("thin() returns what is short enough as it is", () => {
  const items = [3, 1, 2];
  assertEquals(thin(items, 3, itself), items);
  assertEquals(thin([], 3, itself), []);
});

Deno.test("thin() keeps the ends, the least and the greatest", () => {
  const items = Array.from({ length: 10_000 }, (_, index) => index % 7);
  items[1234] = 1000;
  items[8765] = -1000;
  const thinned = thin(items, 100, itself);
  assert(thinned.length <= 100, `${thinned.length}`);
  assert(thinned.includes(1000) && thinned.includes(-1000));
  assertEquals([thinned[0], thinned.at(-1)], [items[0], items.at(-1)]);
});

Deno.test("thin() keeps the order, the limit and the extremes of anything", () => {
  const random = mulberry32(5);
  for (let round = 0; round < 200; round++) {
    const items = Array.from({ length: 1 + Math.floor(500 * random()) }, (_, index) => ({
      index,
      value: Math.floor(1000 * random()),
    }));
    const most = 4 + Math.floor(60 * random());
    const thinned = thin(items, most, ({ value }) => value);
    assert(thinned.length <= most, `${thinned.length} of ${items.length}, but ${most}`);
    const values = (of: readonly { value: number }[]) => of.map(({ value }) => value);
    assertEquals(Math.max(...values(thinned)), Math.max(...values(items)));
    assertEquals(Math.min(...values(thinned)), Math.min(...values(items)));
    assertEquals(
      thinned.map(({ index }) => index).toSorted((a, b) => a - b),
      thinned.map(({ index }) => index),
    );
  }
});
