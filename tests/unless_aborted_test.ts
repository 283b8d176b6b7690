import { assertEquals, assertRejects } from "@std/assert";
import { startedWithin, unlessAborted } from "../lib/unless_aborted.ts";

Deno.test("unlessAborted() settles as the promise does", async () => {
  const { signal } = new AbortController();
  assertEquals(await unlessAborted(Promise.resolve(7), signal), 7);
  assertEquals(await unlessAborted(Promise.resolve(7), undefined), 7);
  await assertRejects(() => unlessAborted(Promise.reject(new Error("broken")), signal), "broken");
});

Deno.test("unlessAborted() rejects with the signal's reason, before and while it waits", async () => {
  const never = new Promise<void>(() => {});
  const aborted = AbortSignal.abort(new Error("too late"));
  await assertRejects(() => unlessAborted(never, aborted), Error, "too late");
  await assertRejects(() => unlessAborted(Promise.resolve(7), aborted), Error, "too late");
  const abort = new AbortController();
  const waiting = unlessAborted(never, abort.signal);
  abort.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
});

Deno.test("unlessAborted() passes a late value on, and ignores a late rejection", async () => {
  const late: number[] = [];
  for (const fails of [false, true]) {
    const abort = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiting = unlessAborted(promise, abort.signal, (value) => late.push(value));
    abort.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    if (fails) reject(new Error("nobody's"));
    else resolve(7);
    await promise.catch(() => {});
  }
  assertEquals(late, [7]);
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
