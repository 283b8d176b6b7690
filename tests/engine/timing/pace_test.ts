import { assert, assertEquals } from "@std/assert";
import { Pace } from "../../../lib/engine/timing/pace.ts";
import { RateLimit } from "../../../lib/scheduler/bytes/rate_limit.ts";
import { limitOf, UNLIMITED } from "../../support/scheduler/views.ts";

const never = () => new AbortController().signal;

Deno.test("Pace.allowance(): without a limit, and while it is open, there is no wait", () => {
  assertEquals(new Pace(UNLIMITED).allowance(never()), Infinity);
  const limit = limitOf(50, performance.now() - 1);
  assertEquals(new Pace(limit).allowance(never()), 5000);
});

Deno.test("Pace.allowance() waits until something may come", async () => {
  const openAt = performance.now() + 20;
  assertEquals(await new Pace(limitOf(50, openAt)).allowance(never()), 5000);
  assert(performance.now() >= openAt);
});

Deno.test("Pace.allowance() is over when the signal aborts, and leaves no timer", async () => {
  const controller = new AbortController();
  const allowed = new Pace(limitOf(1, Infinity)).allowance(controller.signal);
  controller.abort();
  await allowed;
});

Deno.test("Pace.wake(): those that wait read the limit again", async () => {
  const limit = new RateLimit(1000);
  limit.take(1e9, 0);
  const pace = new Pace(limit);
  const allowed = pace.allowance(never());
  pace.wake();
  limit.giveBack(1e9);
  limit.set(70_000, performance.now());
  assertEquals(await allowed, 7000);
});
