import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RateEstimator } from "../../lib/scheduler/link_estimate.ts";
import { mulberry32 } from "../support/random.ts";

/** Brings `bytesPerSecond` from `from` to `to` in chunks every `everyMs`. */
function feed(
  estimator: RateEstimator,
  bytesPerSecond: number,
  from: number,
  to: number,
  everyMs = 10,
): void {
  for (let now = from + everyMs; now <= to; now += everyMs) {
    estimator.add(bytesPerSecond * everyMs / 1000, now);
  }
}

Deno.test("RateEstimator: nothing is known before the first sample", () => {
  const estimator = new RateEstimator();
  assertEquals(estimator.rate(0), 0);
  estimator.resume(0);
  assertEquals(estimator.rate(10), 0);
});

Deno.test("RateEstimator: the first sample counts as it is", () => {
  const estimator = new RateEstimator();
  estimator.resume(1000);
  estimator.add(5000, 1100);
  assertEquals(estimator.rate(1100), 50_000);
});

Deno.test("RateEstimator: chunks are gathered over 50 ms before they count", () => {
  const estimator = new RateEstimator();
  estimator.resume(0);
  estimator.add(10, 10);
  assertEquals(estimator.rate(10), 0);
  estimator.add(90, 50);
  assertEquals(estimator.rate(50), 2000);
});

Deno.test("RateEstimator converges to a new rate within a few time constants", () => {
  const estimator = new RateEstimator();
  estimator.resume(0);
  feed(estimator, 1_000_000, 0, 5000);
  assertAlmostEquals(estimator.rate(5000), 1_000_000, 1);
  feed(estimator, 100_000, 5000, 6000);
  // After one time constant, 1/e of the old rate is left.
  assertAlmostEquals(estimator.rate(6000), 100_000 + 900_000 / Math.E, 20_000);
  feed(estimator, 100_000, 6000, 12_000);
  assertAlmostEquals(estimator.rate(12_000), 100_000, 3000);
});

Deno.test("RateEstimator: the time constant is its caller's choice", () => {
  const estimator = new RateEstimator(100);
  estimator.resume(0);
  feed(estimator, 1_000_000, 0, 1000);
  feed(estimator, 0, 1000, 1500);
  assert(estimator.rate(1500) < 10_000);
});

Deno.test("RateEstimator: how bytes are cut into chunks does not matter", () => {
  const random = mulberry32(9);
  for (const everyMs of [1, 7, 60, 190]) {
    const estimator = new RateEstimator();
    estimator.resume(0);
    let last = 0;
    for (let now = 0; now < 6000;) {
      now += everyMs * (0.5 + random());
      estimator.add(1000 * (now - last), now);
      last = now;
    }
    assertAlmostEquals(estimator.rate(last), 1_000_000, 1, `every ${everyMs} ms`);
  }
});

Deno.test("RateEstimator: idle time does not count", () => {
  const estimator = new RateEstimator();
  let now = 0;
  for (let request = 0; request < 20; request++) {
    estimator.resume(now);
    feed(estimator, 400_000, now, now + 200);
    now += 200;
    estimator.pause(now);
    now += 10_000;
  }
  assertAlmostEquals(estimator.rate(now), 400_000, 1);
  assertAlmostEquals(estimator.rate(now + 60_000), 400_000, 1);
});

Deno.test("RateEstimator: a request shorter than a sample counts when it ends", () => {
  const estimator = new RateEstimator();
  estimator.resume(0);
  estimator.add(1000, 5);
  estimator.pause(10);
  assertEquals(estimator.rate(10), 100_000);
});

Deno.test("RateEstimator: resume() while counting does not lose what came", () => {
  const estimator = new RateEstimator();
  estimator.resume(0);
  estimator.add(1000, 40);
  estimator.resume(45);
  estimator.add(1000, 100);
  assertEquals(estimator.rate(100), 20_000);
});

Deno.test("RateEstimator decays in silence, but not between two chunks", () => {
  const estimator = new RateEstimator();
  estimator.resume(0);
  feed(estimator, 1_000_000, 0, 3000);
  assertAlmostEquals(estimator.rate(3100), 1_000_000, 1);
  const rates = [3300, 4000, 6000, 12_000].map((now) => estimator.rate(now));
  for (const [index, rate] of rates.entries()) {
    assert(rate < (rates[index - 1] ?? 1_000_000), `${rates}`);
  }
  assertAlmostEquals(rates[1]!, 1_000_000 / Math.E, 1000);
  assert(rates[3]! < 200);
});
