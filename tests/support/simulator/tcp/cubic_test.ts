import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CubicWindow } from "./cubic.ts";

/** Acknowledges whole windows, one in each round trip; returns the window after each. */
function roundTrips(window: CubicWindow, count: number, startMs: number, tripMs = 100): number[] {
  const sizes: number[] = [];
  for (let trip = 0; trip < count; trip++) {
    // One acknowledgement for every two segments, spread over the round trip.
    const acks = Math.ceil(window.size / 2);
    for (let ack = 0; ack < acks; ack++) {
      window.grow(2, startMs + tripMs * (trip + ack / acks));
    }
    sizes.push(window.size);
  }
  return sizes;
}

Deno.test("CubicWindow: slow start doubles the window in each round trip, up to the threshold", () => {
  const window = new CubicWindow();
  assertEquals(roundTrips(window, 4, 0), [20, 40, 80, 160]);
  const limited = new CubicWindow();
  limited.threshold = 60;
  const sizes = roundTrips(limited, 4, 0);
  assertEquals(sizes.slice(0, 2), [20, 40]);
  assert(sizes[3]! >= 60 && sizes[3]! < 75, `${sizes}`);
});

Deno.test("CubicWindow: a loss leaves 0.7 of the window, which comes back after the cube root of the rest", () => {
  const window = new CubicWindow();
  window.size = 500;
  window.reduce();
  assertEquals(window.threshold, 350);
  window.size = 350;
  // (500 - 350) / 0.4 is 375, its cube root 7.2 s.
  const sizes = roundTrips(window, 120, 0);
  assert(sizes[35]! > 460 && sizes[35]! < 500, `after 3.6 s ${sizes[35]}`);
  assertAlmostEquals(sizes[71]!, 500, 8);
  const growth = (from: number, to: number) => sizes[to]! - sizes[from]!;
  assert(growth(62, 72) < growth(0, 10), "it is flat where it was before");
  assert(growth(100, 110) > growth(72, 82), "it grows faster beyond");
});

Deno.test("CubicWindow: a second loss below the first one gives way", () => {
  const window = new CubicWindow();
  window.size = 1000;
  window.reduce();
  window.size = 700;
  window.reduce();
  window.size = window.threshold;
  // It aims for less than 700: the mean of 700 and 490.
  const [after] = roundTrips(window, 60, 0).slice(-1);
  assert(after! > 560 && after! < 625, `${after}`);
});

Deno.test("CubicWindow: a small window grows as that of a Reno flow", () => {
  const window = new CubicWindow();
  window.size = 14;
  window.reduce();
  window.size = window.threshold;
  // With 10 ms a Reno flow is faster: about half a segment in each round trip.
  const [after] = roundTrips(window, 20, 0, 10).slice(-1);
  assert(after! >= 17 && after! <= 24, `${after}`);
});

Deno.test("CubicWindow: slow start ends when the round trip grows by an eighth, at least 4 ms", () => {
  const window = new CubicWindow();
  const measure = (now: number, roundTripMs: number) =>
    window.measured({ now, roundTripMs, unacknowledged: now, next: now + 1e6, pacingRate: 1000 });
  window.size = 100;
  for (let sample = 0; sample < 20; sample++) measure(10 * sample, 40);
  for (let sample = 0; sample < 20; sample++) measure(1000 + 10 * sample, 44.9);
  assertEquals(window.inSlowStart, true);
  for (let sample = 0; sample < 20; sample++) {
    const now = 2e6 + 10 * sample;
    window.measured({ now, roundTripMs: 46, unacknowledged: 2e6, next: 3e6, pacingRate: 1000 });
  }
  assertEquals([window.inSlowStart, window.threshold], [false, 100]);
});

Deno.test("CubicWindow: slow start ends when a train of acknowledgements takes half a round trip", () => {
  const trainOf = (lengthMs: number) => {
    const window = new CubicWindow();
    window.size = 50;
    for (let at = 0; at <= lengthMs; at++) {
      window.measured({ now: at, roundTripMs: 40, unacknowledged: 5, next: 90, pacingRate: 1e6 });
    }
    return window.inSlowStart;
  };
  assertEquals([trainOf(15), trainOf(25)], [true, false]);
});

Deno.test("CubicWindow: an idle window is halved once per timeout, down to ten segments", () => {
  const restarted = (idleMs: number) => {
    const window = new CubicWindow();
    window.size = 400;
    window.restart(idleMs, 250);
    return window.size;
  };
  assertEquals([250, 251, 499, 501, 1001, 10_000].map(restarted), [400, 200, 200, 100, 25, 10]);
  const window = new CubicWindow();
  window.size = 400;
  window.threshold = 200;
  window.restart(10_000, 250);
  assertEquals(window.threshold, 300);
});

Deno.test("CubicWindow: what was not used of a window is taken back by half", () => {
  const window = new CubicWindow();
  window.size = 400;
  window.limitTo(100);
  assertEquals(window.size, 250);
  window.limitTo(300);
  assertEquals(window.size, 250);
  window.size = 12;
  window.limitTo(1);
  assertEquals(window.size, 11);
});
