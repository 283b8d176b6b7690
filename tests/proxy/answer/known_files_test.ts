import { assertEquals, assertRejects } from "@std/assert";
import { SharedWork } from "../../../lib/proxy/answer/known_files.ts";

/** Work that ends by hand. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let given: AbortSignal | undefined;
  const shared = new SharedWork((signal) => {
    given = signal;
    return promise;
  });
  return { shared, resolve, reject, isAborted: () => given?.aborted };
}

Deno.test("SharedWork gives its result to all who wait", async () => {
  const { shared, resolve } = work();
  const { signal } = new AbortController();
  const waiting = [shared.wait(signal), shared.wait(signal)];
  resolve("done");
  assertEquals(await Promise.all(waiting), ["done", "done"]);
});

Deno.test("SharedWork is given up when the last one leaves, and not before", async () => {
  const { shared, isAborted } = work();
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [shared.wait(one.signal), shared.wait(other.signal)];
  one.abort(new Error("one left"));
  await assertRejects(() => waiting[0]!, Error, "one left");
  assertEquals([isAborted(), shared.isGivenUp], [false, false]);
  other.abort(new Error("other left"));
  await assertRejects(() => waiting[1]!, Error, "other left");
  assertEquals([isAborted(), shared.isGivenUp], [true, true]);
});

Deno.test("SharedWork that fails fails for all, and lets nobody wait who has left", async () => {
  const { shared, reject } = work();
  const { signal } = new AbortController();
  await assertRejects(() => shared.wait(AbortSignal.abort(new Error("left"))), Error, "left");
  const waiting = [shared.wait(signal), shared.wait(signal)];
  reject(new TypeError("broken"));
  for (const one of waiting) await assertRejects(() => one, TypeError, "broken");
});
