import { assert, assertEquals, assertThrows } from "@std/assert";
import { chaosLine, parseChaosArguments } from "./chaos.ts";
import { LOOK_MS, problemOf, runSchedules, Watchdog, WATCHDOG_MS } from "./run.ts";
import { scheduleOf } from "./schedule.ts";

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);

/** More would keep one another from their time. */
const AT_ONCE = 8;

// What the sanitizers of the test would find: a timer, a socket or a listener that is left.
Deno.test("thirty random schedules: the right bytes or a declared error, and nothing is left open", async () => {
  const results = await runSchedules(SEEDS.map(scheduleOf), AT_ONCE);
  assertEquals(results.flatMap((result) => problemOf(result) ?? []), []);
  const ends = results.flatMap(({ reads }) => reads.map(({ end }) => end));
  assert(ends.includes("complete") && ends.includes("left"), chaosLine(results));
});

Deno.test("scheduleOf() is the same for the same seed, and another for another", () => {
  assertEquals(scheduleOf(7), scheduleOf(7));
  assertEquals(new Set(SEEDS.map((seed) => JSON.stringify(scheduleOf(seed)))).size, SEEDS.length);
});

Deno.test("scheduleOf(): everything happens to some seed", () => {
  const schedules = Array.from({ length: 300 }, (_, index) => scheduleOf(index + 1));
  const events = schedules.flatMap(({ events }) => events.map(({ action }) => action));
  assertEquals(new Set(events.map(({ type }) => type)).size, 8);
  const faults = events.flatMap((action) => action.type === "fault" ? [action.fault.kind] : []);
  assertEquals(new Set(faults).size, 6);
  for (const { mirrors, size } of schedules) {
    assert(mirrors.length >= 2 && mirrors.length <= 4 && size >= 300_000 && size < 2_000_000);
    const liars = mirrors.filter(({ liesFrom }) => liesFrom < Infinity);
    assert(liars.length <= (mirrors.length > 2 ? 1 : 0));
    assert(!mirrors[0]!.isClosed);
  }
  const all = schedules.flatMap(({ mirrors }) => mirrors);
  assert(all.some(({ liesFrom }) => liesFrom === 0) && all.some(({ isClosed }) => isClosed));
  assert(all.some(({ liesFrom }) => liesFrom > 0 && liesFrom < Infinity));
  assert(schedules.some(({ tls }) => tls) && schedules.some(({ shared }) => shared));
  assert(schedules.some(({ mirrors }) => mirrors.some(({ redirects }) => redirects)));
});

Deno.test("problemOf() names the seed and what is wrong with its run", () => {
  const result = { schedule: scheduleOf(5), openConnections: 0, ms: 9 };
  const read = { bytes: 10, ms: 7, error: "" };
  assertEquals(problemOf({ ...result, reads: [{ ...read, end: "failed" }] }), undefined);
  assertEquals(
    problemOf({ ...result, reads: [{ ...read, end: "wrong" }], openConnections: 2 }),
    "seed 5: wrong after 10 bytes and 7 ms; 2 connections are left",
  );
});

Deno.test("Watchdog: a read hangs to which nothing comes for as long as requests may be silent and begin anew", () => {
  const watchdog = new Watchdog();
  const looks = WATCHDOG_MS / LOOK_MS;
  const barksIn = (count: number) => Array.from({ length: count }, () => watchdog.look());
  assertEquals(new Set(barksIn(looks - 1)), new Set([false]));
  watchdog.calm();
  assertEquals(new Set(barksIn(looks - 1)), new Set([false]));
  assertEquals(watchdog.look(), true);
});

Deno.test("parseChaosArguments() takes a seed and a number of runs", () => {
  assertEquals(parseChaosArguments([]), { seed: 1, runs: 300 });
  assertEquals(parseChaosArguments(["--runs", "1", "--seed=9"]), { seed: 9, runs: 1 });
  for (const args of [["--run", "6"], ["--runs"], ["--seed", "0"], ["6"]]) {
    assertThrows(() => parseChaosArguments(args), RangeError);
  }
});
