import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type DeliveryPoint,
  figuresOf,
  initialBufferingSeconds,
  latenessSeconds,
  MeanOverTime,
  missedBounds,
} from "./measures.ts";

Deno.test("latenessSeconds() counts the first of bytes that arrive together", () => {
  const points: DeliveryPoint[] = [[1, 10], [4, 80], [5, 100]];
  // Byte 10 is wanted after a tenth of the limit and comes after 4 s.
  assertAlmostEquals(latenessSeconds(points, 5), 3.5);
  assertAlmostEquals(latenessSeconds(points, 10), 3);
  assertAlmostEquals(latenessSeconds(points, 100), 1);
});

Deno.test("latenessSeconds() is 0 for bytes that arrive early", () => {
  assertEquals(latenessSeconds([[0, 100]], 5), 0);
  assertEquals(latenessSeconds([], 5), 0);
});

Deno.test("initialBufferingSeconds() is relative to the end of the download", () => {
  assertAlmostEquals(initialBufferingSeconds([[1, 10], [4, 80], [5, 100]]), 3.5);
  // A steady stream that begins at once comes in time but for its first piece.
  const steady: DeliveryPoint[] = Array.from({ length: 100 }, (_, i) => [(i + 1) / 100, i + 1]);
  assertAlmostEquals(initialBufferingSeconds(steady), 0.01);
  assertEquals(initialBufferingSeconds([]), 0);
});

Deno.test("MeanOverTime weights values by their duration", () => {
  const mean = new MeanOverTime();
  assertEquals(mean.mean, 0);
  mean.set(10, 2);
  mean.set(40, 4);
  mean.set(0, 5);
  assertEquals(mean.mean, (0 * 2 + 10 * 2 + 40 * 1) / 5);
});

Deno.test("figuresOf() of an example, and missedBounds() names the figures that miss their bounds", () => {
  const figures = figuresOf({
    points: [[1, 10], [4, 80], [5, 100]],
    seconds: 5,
    firstByteSeconds: 1,
    longestStallSeconds: 3,
    lagBytes: 7,
    peakHeldBytes: 50,
    bytesByMirror: [80, 25],
  }, { capacity: 25, oracleSeconds: 4.5 });
  assertEquals(figures, {
    ofCapacityPercent: 80,
    ofOraclePercent: 90,
    firstByteSeconds: 1,
    initialBufferingSeconds: 3.5,
    lagBytes: 7,
    peakBytes: 50,
    longestStallSeconds: 3,
    wastedPercent: 5,
  });
  assertEquals(missedBounds(figures, figures), []);
  assertEquals(missedBounds(figures, {}), []);
  const bounds = { ofCapacityPercent: 81, ofOraclePercent: 89, lagBytes: 6.9, peakBytes: 51 };
  assertEquals(missedBounds(figures, bounds), ["ofCapacityPercent", "lagBytes"]);
});
