import { assertEquals, assertRejects } from "@std/assert";
import { afterRunning, startedWithin } from "../lib/after_running.ts";
import { unlessAborted } from "../lib/unless_aborted.ts";

Deno.test("afterRunning() calls once, unless it is prevented", async () => {
  const called: string[] = [];
  const stop = afterRunning(1, () => called.push("prevented"));
  stop();
  await new Promise<void>((resolve) =>
    afterRunning(4, () => {
      called.push("end");
      // The others would come by then.
      setTimeout(resolve, 20);
    }, () => called.push("quarter"))
  );
  assertEquals(called, [...Array(4).fill("quarter"), "end"]);
});

/** Ends when the signal aborts. */
const untilAborted = (signal: AbortSignal) => unlessAborted(new Promise<void>(() => {}), signal);

Deno.test("startedWithin() aborts what takes too long, or is no longer wanted", async () => {
  const { signal } = new AbortController();
  await assertRejects(() => startedWithin(1, signal, untilAborted), DOMException);
  const abort = new AbortController();
  const waiting = startedWithin(60_000, abort.signal, untilAborted);
  abort.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
});

Deno.test("startedWithin() lets what has come last longer", async () => {
  const { signal } = new AbortController();
  const passed = await startedWithin(1, signal, (inner) => Promise.resolve({ inner }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(passed.inner.aborted, false);
});

Deno.test("startedWithin() counts no more than a quarter of the time while the process stands still", async () => {
  const { signal } = new AbortController();
  const answer = (signal: AbortSignal) =>
    unlessAborted(new Promise<string>((resolve) => setTimeout(resolve, 1, "come")), signal);
  const quarters: number[] = [];
  const waiting = startedWithin(400, signal, answer, () => quarters.push(1));
  const until = performance.now() + 500;
  while (performance.now() < until) { /* the process stands still */ }
  assertEquals([await waiting, quarters.length <= 1], ["come", true]);
});
