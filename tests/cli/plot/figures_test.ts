import { assert, assertEquals } from "@std/assert";
import { type Figure, figuresOf, frontBytes } from "../../../lib/cli/plot/figures.ts";
import { mirrorNames } from "../../../lib/cli/plot/mirror_names.ts";
import { receivesOf, type Recording, reportOf } from "../../../lib/cli/plot/report.ts";
import { longRecording, recording } from "../../trace/sample.ts";

function figures(of: Recording): Record<string, Figure> {
  const report = reportOf(of);
  const names = mirrorNames(report.mirrors.map(({ url }) => url));
  const all = figuresOf(of, report, names).map((figure) => [figure.name, figure]);
  return Object.fromEntries(all);
}

function places(figure: Figure | undefined): (readonly [number, number])[][] {
  return figure!.series.map(({ marks }) => marks.map(({ place }) => place));
}

Deno.test("frontBytes() is how far the file is complete from its beginning on", () => {
  assertEquals(frontBytes(receivesOf(recording().events), 0), [
    { seconds: 0.5, value: 1e6 },
    { seconds: 4, value: 4e6 },
    { seconds: 5, value: 5e6 },
  ]);
});

Deno.test("figuresOf() are the thesis's four", () => {
  const { arrival, invalid, delay, delivered } = figures(recording());
  assertEquals(places(arrival), [[[0, 0.5], [2, 1], [3, 2], [4, 5]], [[1, 4]]]);
  assertEquals(arrival!.lines[0]!.places, [[0, 0], [5, 5]]);
  assertEquals(invalid!.lines[0]!.places, [[0, 0], [0.5, 0], [1, 1], [2, 2], [4, 0], [5, 0]]);
  assertEquals(invalid!.lines[1]!.label, "mean 0.60");
  assertEquals(places(delay), [[[0, 0.5], [2, -1], [3, -1], [4, 1]], [[1, 3]]]);
  assertEquals(delay!.lines[1]!.label, "initial buffering 3.00 s");
  assertEquals(delivered!.lines.map(({ places }) => places), [
    [[0, 0], [5, 5e6]],
    [[0, 0], [0.5, 1e6], [4, 4e6], [5, 5e6]],
  ]);
  assertEquals(arrival!.series[1]!.marks[0]!.label, "block 1, 4.000 s, slow.test");
});

Deno.test("figuresOf() a continued download begin at its first byte", () => {
  const { delivered } = figures(recording({ start: 2e6 }));
  assertEquals(delivered!.y.least, 2e6);
  assertEquals(delivered!.lines[1]!.places[0], [0, 2e6]);
  assertEquals(delivered!.lines[1]!.places.at(-1), [5, 7e6]);
  assertEquals(delivered!.y.format(4e6), "4");
});

Deno.test("figuresOf() many blocks are thinned, but what stands out stays", () => {
  const outliers = new Map([[12_345, 900], [40_000, 0.5]]);
  for (const mirrors of [1, 32]) {
    const { arrival, delay, invalid, delivered } = figures(
      longRecording(50_000, outliers, mirrors),
    );
    for (const figure of [arrival, delay]) {
      const marks = places(figure).flat();
      assert(marks.length <= 6000, `${marks.length} marks`);
      assert(places(figure).every((marks) => marks.length <= 2000));
      const blocks = marks.map(([block]) => block);
      for (const block of [0, 49_999, ...outliers.keys()]) assert(blocks.includes(block));
    }
    for (const figure of [invalid, delivered]) {
      for (const { places } of figure!.lines) assert(places.length <= 2001, `${places.length}`);
    }
    const most = Math.max(...invalid!.lines[0]!.places.map(([, value]) => value));
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
