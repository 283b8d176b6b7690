import { assertEquals, assertRejects } from "@std/assert";
import { SharedWork, SharedWorks } from "../../../../lib/proxy/answer/file/shared_work.ts";
import { until } from "../../../support/lab/client.ts";

/** Work that the test settles. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let given: AbortSignal | undefined;
  const shared = new SharedWork((signal) => {
    given = signal;
    return promise;
  });
  return { shared, resolve, reject, isAborted: () => given?.aborted };
}

Deno.test("SharedWork gives its result to all callers", async () => {
  const { shared, resolve } = work();
  const { signal } = new AbortController();
  const waiting = [shared.wait(signal), shared.wait(signal)];
  resolve("done");
  assertEquals(await Promise.all(waiting), ["done", "done"]);
});

Deno.test("SharedWork is aborted when the last caller leaves, who waits for its end, not before", async () => {
  const { shared, resolve, isAborted } = work();
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [shared.wait(one.signal), shared.wait(other.signal)];
  one.abort(new Error("one left"));
  await assertRejects(() => waiting[0]!, Error, "one left");
  assertEquals([isAborted(), shared.isAbandoned], [false, false]);
  other.abort(new Error("other left"));
  let hasLeft = false;
  const left = waiting[1]!.catch((error) => error).finally(() => hasLeft = true);
  await until(() => shared.isAbandoned || undefined);
  assertEquals([isAborted(), hasLeft], [true, false]);
  resolve("late");
  assertEquals((await left).message, "other left");
});

Deno.test("SharedWork rejects for all callers, and for an aborted signal at once", async () => {
  const { shared, reject } = work();
  const { signal } = new AbortController();
  await assertRejects(() => shared.wait(AbortSignal.abort(new Error("left"))), Error, "left");
  const waiting = [shared.wait(signal), shared.wait(signal)];
  reject(new TypeError("broken"));
  for (const one of waiting) await assertRejects(() => one, TypeError, "broken");
});

Deno.test("SharedWorks: a key has its work while it runs and someone waits for it", async () => {
  const works = new SharedWorks<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const { signal } = new AbortController();
  const waiting = works.start("one", () => promise).wait(signal);
  const joined = works.get("one")?.wait(signal);
  assertEquals([works.size, works.get("other")], [1, undefined]);
  resolve("done");
  assertEquals([await waiting, await joined], ["done", "done"]);
  assertEquals([works.size, works.get("one")], [0, undefined]);
});

Deno.test("SharedWorks: work that was given up is replaced, and its end changes nothing", async () => {
  const works = new SharedWorks<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const left = new AbortController();
  const waiting = works.start("one", () => promise).wait(left.signal);
  left.abort(new Error("left"));
  await until(() => works.get("one") === undefined || undefined);
  assertEquals(works.size, 1);
  const { signal } = new AbortController();
  const again = Promise.withResolvers<string>();
  const next = works.start("one", () => again.promise);
  const joined = next.wait(signal);
  resolve("too late");
  await assertRejects(() => waiting, Error, "left");
  assertEquals(works.get("one"), next);
  again.resolve("done");
  assertEquals(await joined, "done");
});
