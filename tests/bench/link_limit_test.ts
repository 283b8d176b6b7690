import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { limitCurve, limitFigures } from "./link_limit.ts";
import { LINK_SETS, type ShapedLink } from "./link_sets.ts";

const SIZE = 200_000_000;

Deno.test("limitCurve() of one link: nothing for two round trips, then its rate", () => {
  assertEquals(limitCurve([{ bytesPerSecond: 1000, roundTripMs: 500 }], 3000), [
    { seconds: 0, value: 0 },
    { seconds: 1, value: 0 },
    { seconds: 4, value: 3000 },
  ]);
});

Deno.test("limitCurve() follows the timelines of all links", () => {
  const links: ShapedLink[] = [
    { bytesPerSecond: 100, roundTripMs: 0, ratesAt: [[2, 0], [4, 50]] },
    { bytesPerSecond: 10, roundTripMs: 1500, ratesAt: [[1, 20]] },
  ];
  assertEquals(limitCurve(links, 340).map(({ seconds, value }) => [seconds, value]), [
    [0, 0],
    [1, 100],
    [2, 200],
    [3, 200],
    [4, 220],
    [4 + 120 / 70, 340],
  ]);
});

Deno.test("limitCurve() ends when the file is complete", () => {
  const link = { bytesPerSecond: 100, roundTripMs: 0, ratesAt: [[2, 0]] as const };
  assertEquals(limitCurve([link], 200).at(-1), { seconds: 2, value: 200 });
  assertThrows(() => limitCurve([link], 201), RangeError, "silent");
});

Deno.test("limitCurve() of every set", () => {
  const table: Record<string, number> = {
    testbed: 7.48,
    eight: 12.64,
    equal: 5.37,
    dip: 9.37,
    silent: 9.15,
    reset: 7.48,
    early: 23.83,
  };
  assertEquals(LINK_SETS.map(({ name }) => name), Object.keys(table));
  for (const { name, links } of LINK_SETS) {
    assertAlmostEquals(limitCurve(links, SIZE).at(-1)!.seconds, table[name]!, 0.005, name);
  }
});

Deno.test("limitFigures(): links with long round trips make the limit itself late", () => {
  const figures = (name: string) => {
    const { links } = LINK_SETS.find((set) => set.name === name)!;
    return limitFigures(limitCurve(links, SIZE));
  };
  assertAlmostEquals(figures("testbed").firstByteSeconds, 0.02);
  assertAlmostEquals(figures("testbed").lateSeconds, 0.04, 0.005);
  assertEquals(figures("testbed").stallSeconds, 0);
  assertAlmostEquals(figures("eight").lateSeconds, 0.1, 0.005);
});

Deno.test("limitFigures(): silence of all links is a stall", () => {
  const link = { bytesPerSecond: 100, roundTripMs: 0, ratesAt: [[1, 0], [3, 100]] as const };
  const figures = limitFigures(limitCurve([link], 200));
  assertEquals(figures, { firstByteSeconds: 0, lateSeconds: 1, stallSeconds: 2 });
});
