import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  LinkEstimate,
  LinkRate,
  RateEstimator,
} from "../../../lib/scheduler/mirror/link_estimate.ts";
import { mulberry32 } from "../../support/random.ts";

/** A request is sent, and answered after `answerMs`; its connection is kept or not. */
function ask(link: LinkEstimate, now: number, answerMs: number, kept = true): boolean {
  const { cold } = link.sent(now);
  link.answered({ startedAt: now, cold }, now + answerMs);
  if (kept) link.keepConnection();
  return cold;
}

/** Brings `bytesPerMs` from `from` to `to` in chunks every `everyMs`. */
function feed(rate: LinkRate, bytesPerMs: number, from: number, to: number, everyMs = 10): void {
  for (let now = from + everyMs; now <= to; now += everyMs) rate.add(bytesPerMs * everyMs, now);
}

/** Bytes per millisecond, in whole numbers. */
function at(rate: LinkRate, now: number): number | undefined {
  const bytesPerSecond = rate.at(now);
  return bytesPerSecond && Math.round(bytesPerSecond / 1000);
}

Deno.test("LinkEstimate: before anything is known, a window's worth arrives in a round trip", () => {
  const link = new LinkEstimate();
  assertEquals([link.latencyMs, link.nextLatencyMs, link.deviationMs], [100, 200, 12.5]);
  assertEquals(link.bytesPerSecond(0), 655_360);
  assertEquals(link.ramping(0), true);
  assertEquals(link.summary(0), undefined);
});

Deno.test("LinkEstimate: an estimate begins with what an earlier download measured", () => {
  const known = { bytesPerSecond: 1e6, latencyMs: 30 };
  const link = new LinkEstimate(known);
  assertEquals([link.latencyMs, link.nextLatencyMs], [30, 60]);
  assertEquals(link.bytesPerSecond(0), 1e6);
  assertEquals(link.summary(0), known);
  // It counts less and less.
  link.rate.resume(0);
  const rates = [0, 20, 40, 1000, 5000].map((now) => {
    link.received(200 * now, now);
    return link.bytesPerSecond(now);
  });
  assertEquals(rates.toSorted((one, other) => other - one), rates);
});

Deno.test("LinkEstimate: a first response on a new connection takes twice the latency", () => {
  const link = new LinkEstimate();
  assertEquals(ask(link, 0, 80, false), true);
  assertEquals([link.latencyMs, link.nextLatencyMs], [40, 80]);
  // On one that is open, less.
  link.keepConnection();
  assertEquals([link.latencyMs, link.nextLatencyMs], [40, 40]);
  // New connections are averaged.
  link.loseConnections();
  ask(link, 100, 120, false);
  assertEquals([link.latencyMs, link.nextLatencyMs], [45, 90]);
});

Deno.test("LinkEstimate.leastLatencyMs: the shortest time on an open connection; the latency before one is known", () => {
  const link = new LinkEstimate();
  ask(link, 0, 80, false);
  assertEquals(link.leastLatencyMs, 40);
  link.keepConnection();
  for (const ms of [60, 50, 150, 150]) ask(link, 1000, ms);
  assertEquals(link.leastLatencyMs, 50);
  assert(link.latencyMs > 60);
});

Deno.test("LinkEstimate.product: of the first answer's round trip, where later ones wait in a queue", () => {
  const link = new LinkEstimate();
  assertEquals(link.product, 0);
  ask(link, 0, 80);
  link.rate.resume(100);
  for (let now = 120; now <= 400; now += 20) link.received(5000, now);
  assertEquals([link.roundTripMs, link.product], [40, 10_000]);
  // On open connections and on new ones.
  assertEquals([ask(link, 400, 400, false), ask(link, 400, 900, false)], [false, true]);
  assertEquals([link.leastLatencyMs, link.roundTripMs, link.product], [400, 40, 10_000]);
  // A shorter one counts once it was on an open connection.
  assertEquals([ask(link, 2000, 30), ask(link, 3000, 25)], [true, false]);
  assertEquals([link.leastLatencyMs, link.roundTripMs], [25, 25]);
});

Deno.test("LinkEstimate.roundTripMs: what an earlier download measured holds, not a new connection", () => {
  const link = new LinkEstimate({ bytesPerSecond: 1e6, latencyMs: 50 });
  ask(link, 0, 60);
  ask(link, 1000, 400);
  assertEquals([link.leastLatencyMs, link.roundTripMs], [400, 50]);
});

Deno.test("LinkEstimate.sent() uses up open connections, and returns when headers are due", () => {
  const link = new LinkEstimate();
  ask(link, 0, 80);
  ask(link, 100, 30);
  assertEquals(link.sent(200), { cold: false, dueAt: 230 });
  assertEquals(link.sent(200), { cold: true, dueAt: 280 });
});

Deno.test("LinkEstimate: a shorter latency counts for more than a longer one", () => {
  const link = new LinkEstimate();
  ask(link, 0, 200);
  ask(link, 1000, 40);
  assertEquals([link.latencyMs, link.deviationMs], [40, 3.75]);
  ask(link, 2000, 120);
  assertEquals([link.latencyMs, link.deviationMs], [50, 3.75 + (80 - 3.75) / 4]);
  ask(link, 3000, 10);
  assertEquals(link.latencyMs, 30);
  // What new connections take is kept apart.
  assertEquals(ask(link, 4000, 30), false);
  link.loseConnections();
  assertEquals(link.nextLatencyMs, 200);
});

Deno.test("LinkEstimate.ramping(): until eight round trips' worth has arrived", () => {
  const link = new LinkEstimate({ bytesPerSecond: 1e6, latencyMs: 10 });
  assertEquals(link.ramping(0), true);
  link.received(79_999, 0);
  assertEquals(link.ramping(0), true);
  link.received(1, 0);
  assertEquals(link.ramping(0), false);
});

Deno.test("LinkEstimate.reset() forgets everything but the latency", () => {
  const link = new LinkEstimate();
  ask(link, 0, 80);
  ask(link, 100, 30);
  link.rate.resume(100);
  link.received(3e6, 400);
  assertEquals([link.bytesPerSecond(400), link.ramping(400)], [1e7, false]);
  link.reset();
  assertEquals([link.latencyMs, link.nextLatencyMs], [30, 80]);
  assertAlmostEquals(link.bytesPerSecond(400), 65_536 / 0.03);
  assertEquals(link.ramping(400), true);
});

Deno.test("LinkEstimate.summary(): the first answers may have come while the process stood still", () => {
  const link = new LinkEstimate();
  const { cold } = link.sent(0);
  link.answered({ startedAt: 0, cold, wasInterrupted: true }, 500);
  link.keepConnection();
  link.rate.resume(500);
  feed(link.rate, 1000, 500, 600);
  assertEquals(link.summary(600), undefined);
  assertEquals(ask(link, 600, 20), false);
  assertEquals(link.summary(620)!.latencyMs, 20);
});

Deno.test("LinkEstimate.summary(): what was measured, once there is a rate and a latency", () => {
  const link = new LinkEstimate();
  link.rate.resume(0);
  link.received(50_000, 50);
  assertEquals(link.summary(50), undefined);
  ask(link, 60, 40);
  assertEquals(link.summary(100), { bytesPerSecond: 1e6, latencyMs: 20 });
});

Deno.test("LinkRate: nothing is known before 20 ms of bytes", () => {
  const rate = new LinkRate();
  assertEquals(rate.at(0), undefined);
  rate.resume(0);
  rate.add(500, 10);
  assertEquals(rate.at(10), undefined);
  rate.add(1500, 20);
  assertEquals(rate.at(20), 100_000);
});

Deno.test("LinkRate: how bytes are cut into chunks does not matter", () => {
  const random = mulberry32(4);
  for (const everyMs of [1, 7, 20, 45]) {
    const rate = new LinkRate();
    rate.resume(0);
    let last = 0;
    for (let now = 0; now < 2000; last = now) {
      now += everyMs * (0.5 + random());
      rate.add(1000 * (now - last), now);
    }
    assertAlmostEquals(rate.at(last)!, 1_000_000, 1, `every ${everyMs} ms`);
  }
});

Deno.test("LinkRate follows a fall soon, and a rise slowly", () => {
  const falling = new LinkRate();
  falling.resume(0);
  feed(falling, 1000, 0, 3000);
  assertEquals(at(falling, 3000), 1000);
  feed(falling, 100, 3000, 3300);
  // Two of the quick time constants: 1/e² of the difference is left, and a quarter on top of it.
  assertAlmostEquals(falling.at(3300)! / 1000, 1.25 * (100 + 900 / Math.E ** 2), 3);
  const rising = new LinkRate();
  rising.resume(0);
  feed(rising, 100, 0, 3000);
  feed(rising, 1000, 3000, 3300);
  // Half of the slow one: still more than half way to go.
  assertAlmostEquals(rising.at(3300)! / 1000, 1000 - 900 / Math.E ** 0.5, 3);
  feed(rising, 1000, 3300, 7000);
  assertAlmostEquals(rising.at(7000)! / 1000, 1000, 5);
});

Deno.test("LinkRate: while it is young, only the newest sample counts", () => {
  const rate = new LinkRate();
  rate.resume(0);
  rate.add(20, 20, 60);
  rate.add(40, 40, 60);
  assertEquals(rate.at(40), 2000);
  // From the 60th millisecond on it is averaged.
  rate.add(80, 60, 60);
  assert(rate.at(60)! > 2000 && rate.at(60)! < 2500, `${rate.at(60)}`);
});

Deno.test("LinkRate: time in which no bytes are expected does not count", () => {
  const rate = new LinkRate();
  for (let now = 0; now < 20_000; now += 1000) {
    rate.resume(now);
    feed(rate, 400, now, now + 100);
    rate.pause(now + 100);
  }
  assertEquals([at(rate, 19_100), at(rate, 90_000)], [400, 400]);
});

Deno.test("LinkRate: short stretches are added up until they are long enough", () => {
  const rate = new LinkRate();
  for (const now of [0, 1000, 2000]) {
    rate.resume(now);
    rate.add(400, now + 8);
    rate.pause(now + 8);
  }
  // The third one completes 24 ms; what came by then counts.
  assertEquals(rate.at(2008), 50_000);
  rate.pause(3000);
  rate.resume(4000);
  rate.resume(4015);
  rate.add(2000, 4020);
  assertAlmostEquals(rate.at(4020)!, 50_000 + 50_000 * (1 - Math.exp(-20 / 600)), 1);
});

Deno.test("LinkRate: a link that was slow and has rested may be as fast as it ever was", () => {
  const rate = new LinkRate();
  rate.resume(0);
  feed(rate, 1000, 0, 2000);
  feed(rate, 1, 2000, 8000);
  assert(rate.at(8000)! < 2000, `${rate.at(8000)}`);
  rate.pause(8000);
  const before = rate.at(8000)!;
  assertEquals(rate.at(8500), before);
  const rates = [9000, 9500, 10_500].map((now) => rate.at(now)!);
  assertEquals(rates, [0.5, 1, 2].map((seconds) => before * 8 ** seconds));
  // But not faster.
  assertAlmostEquals(rate.at(60_000)!, 1_000_000, 1);
  // What is measured then counts soon more than what was believed.
  rate.resume(60_000);
  feed(rate, 1, 60_000, 60_600);
  assert(rate.at(60_600)! < 100_000, `${rate.at(60_600)}`);
});

Deno.test("LinkRate decays in silence, but not between two chunks, and never to nothing", () => {
  const rate = new LinkRate();
  rate.resume(0);
  feed(rate, 1000, 0, 1000);
  assertEquals(at(rate, 1079), 1000);
  const rates = [1200, 1400, 1800, 3000].map((now) => rate.at(now)!);
  for (const [index, value] of rates.entries()) {
    assert(value < (rates[index - 1] ?? 1_000_000), `${rates}`);
  }
  assert(rates[3]! < 1000, `${rates}`);
  assertEquals(rate.at(1e9), 1);
  rate.reset();
  assertEquals(rate.at(1e9), undefined);
});

/** Brings `bytesPerSecond` from `from` to `to` in chunks every `everyMs`. */
function feedEstimator(
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
  feedEstimator(estimator, 1_000_000, 0, 5000);
  assertAlmostEquals(estimator.rate(5000), 1_000_000, 1);
  feedEstimator(estimator, 100_000, 5000, 6000);
  // After one time constant, 1/e of the old rate is left.
  assertAlmostEquals(estimator.rate(6000), 100_000 + 900_000 / Math.E, 20_000);
  feedEstimator(estimator, 100_000, 6000, 12_000);
  assertAlmostEquals(estimator.rate(12_000), 100_000, 3000);
});

Deno.test("RateEstimator: the caller chooses the time constant", () => {
  const estimator = new RateEstimator(100);
  estimator.resume(0);
  feedEstimator(estimator, 1_000_000, 0, 1000);
  feedEstimator(estimator, 0, 1000, 1500);
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
    feedEstimator(estimator, 400_000, now, now + 200);
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

Deno.test("RateEstimator: resume() while counting loses no bytes", () => {
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
  feedEstimator(estimator, 1_000_000, 0, 3000);
  assertAlmostEquals(estimator.rate(3100), 1_000_000, 1);
  const rates = [3300, 4000, 6000, 12_000].map((now) => estimator.rate(now));
  for (const [index, rate] of rates.entries()) {
    assert(rate < (rates[index - 1] ?? 1_000_000), `${rates}`);
  }
  assertAlmostEquals(rates[1]!, 1_000_000 / Math.E, 1000);
  assert(rates[3]! < 200);
});

Deno.test("LinkEstimate: an answer at the same tick of a coarse clock leaves a rate to reckon with", () => {
  const link = new LinkEstimate();
  const { cold } = link.sent(5);
  link.answered({ startedAt: 5, cold }, 5);
  assert(Number.isFinite(link.bytesPerSecond(5)), `${link.bytesPerSecond(5)}`);
});
