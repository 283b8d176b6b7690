import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RoundTripTimer } from "./round_trip_timer.ts";

Deno.test("RoundTripTimer: a steady round trip has a timeout 200 ms above it", () => {
  const timer = new RoundTripTimer();
  assertEquals(timer.timeoutMs, 1000);
  for (let sample = 0; sample < 50; sample++) timer.sample(30);
  assertAlmostEquals(timer.smoothedMs, 30, 1e-9);
  assertAlmostEquals(timer.timeoutMs, 230, 1e-6);
});

Deno.test("RoundTripTimer: a round trip that varies has a longer timeout", () => {
  const timer = new RoundTripTimer();
  for (let sample = 0; sample < 100; sample++) timer.sample(sample % 2 === 0 ? 100 : 400);
  assert(timer.timeoutMs > 700, `${timer.timeoutMs}`);
});

Deno.test("RoundTripTimer: each timeout doubles the next one, until a round trip is measured", () => {
  const timer = new RoundTripTimer();
  for (let sample = 0; sample < 50; sample++) timer.sample(50);
  timer.timedOut();
  timer.timedOut();
  assertAlmostEquals(timer.timeoutMs, 1000, 1e-6);
  timer.sample(50);
  assertAlmostEquals(timer.timeoutMs, 250, 1e-6);
  for (let timeout = 0; timeout < 20; timeout++) timer.timedOut();
  assertEquals(timer.timeoutMs, 120_000);
});
