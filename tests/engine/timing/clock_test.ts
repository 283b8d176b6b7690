import { assertEquals } from "@std/assert";
import { Clock } from "../../../lib/engine/timing/clock.ts";

/** A clock of a machine whose time and date pass as a test says. */
function machine() {
  let [time, date] = [1000, 1.7e12];
  const clock = new Clock({ time: () => time, date: () => date });
  return {
    /** Returns by how much the clock moves on meanwhile. */
    pass(timeMs: number, dateMs: number): number {
      const before = clock.now();
      time += timeMs;
      date += dateMs;
      return clock.now() - before;
    },
  };
}

Deno.test("Clock.now() counts the time asleep, which the date shows", () => {
  const { pass } = machine();
  assertEquals(pass(100, 100), 100);
  assertEquals(pass(20, 300_020), 300_020);
  assertEquals([pass(0, 0), pass(7, 7)], [0, 7]);
  // Where the time has passed as well, nothing is counted twice.
  assertEquals(pass(300_000, 300_000), 300_000);
});

Deno.test("Clock.now(): a date that is corrected a little, or set back, moves nothing", () => {
  const { pass } = machine();
  assertEquals([pass(100, 4000), pass(100, 100), pass(100, -3_600_000)], [100, 100, 100]);
  // Only jumps count, not what has added up.
  for (let step = 0; step < 10; step++) assertEquals(pass(1000, 3000), 1000);
});
