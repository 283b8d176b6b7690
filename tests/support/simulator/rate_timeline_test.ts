import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { mulberry32 } from "../random.ts";
import { RateTimeline, wanderingRates } from "./rate_timeline.ts";

Deno.test("RateTimeline without changes has one rate", () => {
  const rates = new RateTimeline(2000);
  assertEquals(rates.finishAt(500, 1000), 1000);
  assertEquals(rates.bytesBetween(250, 1000), 1500);
  assertEquals([rates.at(0), rates.flowsFrom(7)], [2000, 7]);
});

Deno.test("RateTimeline: bytes in flight continue at the new rate, and wait in a blackout", () => {
  const rates = new RateTimeline(1000, [[1, 500], [2, 0], [5, 2000]]);
  assertEquals([999, 1000, 2000, 4999, 5000].map((ms) => rates.at(ms)), [1000, 500, 0, 0, 2000]);
  for (
    const [fromMs, bytes, finishAt] of [
      [0, 0, 0],
      [2500, 0, 2500],
      [0, 1000, 1000],
      [0, 1250, 1500],
      [0, 1500, 2000],
      [0, 1501, 5000.5],
      [3000, 2000, 6000],
      [900, 100 + 500 + 400, 5200],
    ] as const
  ) {
    assertAlmostEquals(rates.finishAt(fromMs, bytes), finishAt, 1e-9, `${bytes} from ${fromMs}`);
  }
  assertEquals([1500, 2000, 3000, 6000].map((ms) => rates.flowsFrom(ms)), [1500, 5000, 5000, 6000]);
});

Deno.test("RateTimeline: nothing passes a blackout without an end", () => {
  const rates = new RateTimeline(1000, [[1, 0]]);
  assertEquals([rates.finishAt(0, 1000), rates.finishAt(0, 1001)], [1000, Infinity]);
  assertEquals([rates.flowsFrom(1000), rates.bytesBetween(500, 1e9)], [Infinity, 500]);
});

Deno.test("RateTimeline: finishAt() and bytesBetween() agree for any order of lookups", () => {
  const random = mulberry32(1);
  const changes = Array.from(
    { length: 50 },
    (_, index) => [index + random(), Math.floor(random() * 4) * 700] as const,
  );
  const rates = new RateTimeline(1000, changes);
  for (let round = 0; round < 500; round++) {
    const fromMs = random() * 40_000;
    const bytes = random() * 5000;
    const until = rates.finishAt(fromMs, bytes);
    if (until < Infinity) assertAlmostEquals(rates.bytesBetween(fromMs, until), bytes, 1e-6);
  }
});

Deno.test("wanderingRates() has the configured mean, deviation and correlation", () => {
  const changes = wanderingRates(1e6, { seconds: 20_000, random: mulberry32(3) });
  assertEquals(changes.at(-1), [20_000, 1e6]);
  const shares = changes.slice(0, -1).map(([, rate]) => rate / 1e6 - 1);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = mean(shares.map((share) => share ** 2));
  const together = mean(shares.slice(10).map((share, index) => share * shares[index]!));
  assertAlmostEquals(mean(shares), 0, 0.02);
  assertAlmostEquals(Math.sqrt(variance), 0.4, 0.02);
  assertAlmostEquals(together / variance, Math.exp(-1), 0.03);
  assert(shares.every((share) => share >= -0.95));
});
