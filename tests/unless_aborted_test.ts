import { assertEquals, assertRejects } from "@std/assert";
import { unlessAborted } from "../lib/unless_aborted.ts";

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
