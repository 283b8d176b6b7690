import { assertEquals } from "@std/assert";
import { Excuses, Waiting } from "../../../lib/scheduler/host/excuses.ts";

/** What is excused of standstills. */
function excused(standstills: readonly number[]): boolean[] {
  const excuses = new Excuses();
  return standstills.map((ms) => excuses.take(ms));
}

Deno.test("Excuses: the first standstills are excused, and a sleep that is longer than all of them", () => {
  assertEquals(new Set(excused(Array(32).fill(300))), new Set([true]));
  const many = [...Array(32).fill(300), 300, 9600, 9601, 300, 19_201, 19_202];
  assertEquals(excused(many).slice(32), [false, false, true, false, false, true]);
});

Deno.test("Excuses: the next silence has its own", () => {
  const excuses = new Excuses();
  for (let count = 0; count < 50; count++) excuses.take(300);
  assertEquals(excuses.take(300), false);
  excuses.reset();
  assertEquals(excuses.take(300), true);
});

Deno.test("Waiting: begins once, moves on by what is excused, and never beyond the present", () => {
  const waiting = new Waiting();
  waiting.excuse(100, 100);
  assertEquals(waiting.since, Infinity);
  waiting.begin(1000);
  waiting.begin(2000);
  waiting.excuse(300, 2300);
  assertEquals(waiting.since, 1300);
  waiting.excuse(5000, 3000);
  assertEquals(waiting.since, 3000);
  waiting.end();
  assertEquals(waiting.since, Infinity);
});

Deno.test("Waiting: a process that stands still all the time has waited", () => {
  const waiting = new Waiting();
  waiting.begin(0);
  for (let now = 300; now <= 60_000; now += 300) waiting.excuse(300, now);
  assertEquals(waiting.since, 32 * 300);
});
