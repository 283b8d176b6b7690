import { assert, assertEquals } from "@std/assert";
import { UNLIMITED } from "../../lib/policy/limit.ts";
import { Pace } from "../../lib/engine/pace.ts";

const never = () => new AbortController().signal;

Deno.test("Pace.allowance(): without a limit, and when it is open, nobody waits", () => {
  assertEquals(new Pace(UNLIMITED).allowance(never()), Infinity);
  const limit = { rate: 50, openAt: performance.now() - 1 };
  assertEquals(new Pace(limit).allowance(never()), 5000);
});

Deno.test("Pace.allowance() waits until something may come", async () => {
  const openAt = performance.now() + 20;
  assertEquals(await new Pace({ rate: 50, openAt }).allowance(never()), 5000);
  assert(performance.now() >= openAt);
});

Deno.test("Pace.allowance() is over when the signal aborts, and leaves no timer", async () => {
  const controller = new AbortController();
  const allowed = new Pace({ rate: 1, openAt: Infinity }).allowance(controller.signal);
  controller.abort();
  await allowed;
});

Deno.test("Pace.wake(): whoever waits looks at the limit again", async () => {
  const limit = { rate: 1, openAt: Infinity };
  const pace = new Pace(limit);
  const allowed = pace.allowance(never());
  pace.wake();
  limit.openAt = 0;
  limit.rate = 70;
  assertEquals(await allowed, 7000);
});
