import type { Point } from "./arrival_log.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertWellFormed } from "../cli/plot/well_formed.ts";
import { plotDelivery } from "./delivery_plot.ts";

function points(...pairs: readonly (readonly [number, number])[]): Point[] {
  return pairs.map(([seconds, value]) => ({ seconds, value }));
}

const LIMIT = points([0, 0], [0.5, 0], [2.5, 20e6]);
const TITLE = { title: "20 MB", limit: LIMIT };

/** The drawn lines of a color as pixels: the legend's line has a moveto and no lineto. */
function drawnLines(svg: string, color: string): number[][][] {
  const paths = svg.matchAll(new RegExp(`<path stroke="${color}"[^>]* d="(M[^"]*L[^"]*)"`, "g"));
  return [...paths].map(([, d]) =>
    d!.split(/[ML]/).slice(1).map((pair) => pair.split(" ").map(Number))
  );
}

const FIRST_COLOUR = "#0072b2";

Deno.test("plotDelivery() draws well-formed SVG with its own background", () => {
  const curves = ["one", "two"].map((name, index) => ({
    name,
    points: points([1, 5e6], [3 + index, 20e6]),
  }));
  const svg = plotDelivery(curves, { ...TITLE, subtitle: "two downloads" });
  assertWellFormed(svg);
  assertMatch(svg, /<rect width="\d+" height="\d+" rx="8" fill="#ffffff"\/>/);
  for (const text of ["20 MB", "two downloads", "MB delivered in order", "seconds since"]) {
    assertStringIncludes(svg, text);
  }
});

Deno.test("plotDelivery() prints the end of each curve and its distance to the limit", () => {
  const svg = plotDelivery([
    { name: "late", points: points([1, 5e6], [4, 20e6]) },
    { name: "early", points: points([1, 5e6], [2.75, 20e6]) },
  ], TITLE);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  const from = texts.indexOf("the links' limit");
  assertEquals(texts.slice(from, from + 6), [
    ...["the links' limit", "2.50 s"],
    ...["early", "2.75 s"],
    ...["late", "4.00 s"],
  ]);
  assertEquals(texts.slice(from + 6), ["late", "+1.50 s", "early", "+0.25 s"]);
});

Deno.test("plotDelivery() draws a constant delay as a level line", () => {
  const steps = Array.from({ length: 2001 }, (_, index) => index / 1000);
  const shifted = steps.map((step) => ({ seconds: 1.5 + step, value: 10e6 * step }));
  const [, lag = []] = drawnLines(
    plotDelivery([{ name: "x", points: shifted }], TITLE),
    FIRST_COLOUR,
  );
  // From where the limit begins it rises for a second, and then it stays there.
  const top = Math.min(...lag.map(([, y]) => y!));
  assertEquals(lag.length, 3);
  assert(lag.slice(1).every(([, y]) => y! - top < 0.5), `${lag}`);
});

Deno.test("plotDelivery() draws a stall as a level line with a step", () => {
  const stalled = points([1, 10e6], [3, 20e6]);
  const [upper = []] = drawnLines(
    plotDelivery([{ name: "x", points: stalled }], TITLE),
    FIRST_COLOUR,
  );
  const [, before, after, end] = upper;
  assertEquals(upper.length, 4);
  assertEquals([before![1], after![1]], [after![1], before![1]]);
  assertEquals(after![0], end![0]);
});

Deno.test("plotDelivery() thins a long record", () => {
  const many = Array.from({ length: 50_000 }, (_, index) => ({
    seconds: 1 + index / 20_000,
    value: 400 * (index + 1) + 100 * (index % 2),
  }));
  const svg = plotDelivery([{ name: "x", points: many }], TITLE);
  assert(svg.length < 20_000, `${svg.length} characters`);
});

Deno.test("plotDelivery() accepts any names, no curves, and empty curves", () => {
  const limit = points([0, 0], [1e-3, 10]);
  const svg = plotDelivery([
    { name: "<&>", points: points([2e-3, 10]) },
    { name: "nothing", points: [] },
  ], { title: "a < b", limit });
  assertWellFormed(svg);
  assertStringIncludes(svg, "&lt;&amp;&gt;");
  assert(!svg.includes("nothing"));
  assertWellFormed(plotDelivery([], { title: "none", limit }));
  assertWellFormed(plotDelivery([], { title: "none", limit: [] }));
});

Deno.test("plotDelivery() keeps the lines of a long legend apart and inside", () => {
  const curves = Array.from({ length: 9 }, (_, index) => ({
    name: `curve ${index}`,
    points: points([3, 20e6]),
  }));
  const svg = plotDelivery(curves, TITLE);
  const heights = [...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)">curve/g)].map(([, y]) =>
    Number(y)
  );
  const lower = heights.slice(curves.length);
  assertEquals(lower.length, curves.length);
  const gaps = lower.slice(1).map((y, index) => Math.round(y - lower[index]!));
  assertEquals(new Set(gaps), new Set([20]));
  assert(lower.at(-1)! < 724);
});
