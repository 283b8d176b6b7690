import { assert, assertEquals, assertRejects } from "@std/assert";
import { concurrently } from "../../../lib/cli/process/concurrently.ts";

Deno.test("concurrently() works on at most `limit` items at a time, in order", async () => {
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  await concurrently(2, [1, 2, 3, 4, 5], async (item) => {
    begun.push(item);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve));
    running--;
  });
  assertEquals(begun, [1, 2, 3, 4, 5]);
  assertEquals([most, running], [2, 0]);
  await concurrently(2, [], () => Promise.reject(new Error("no item")));
});

Deno.test("concurrently() throws the first error after the items in progress have ended", async () => {
  const slow = Promise.withResolvers<void>();
  let ended = false;
  const begun: number[] = [];
  const failure = new TypeError("two");
  const all = concurrently(2, [1, 2, 3], async (item) => {
    begun.push(item);
    if (item === 2) {
      queueMicrotask(() => slow.resolve());
      throw failure;
    }
    await slow.promise;
    ended = true;
  });
  const error = await assertRejects(() => all, TypeError);
  assert(error === failure && ended);
  assertEquals(begun, [1, 2]);
});
