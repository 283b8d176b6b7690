import { assertEquals } from "@std/assert";
import { Hand } from "../../support/scheduler/hand.ts";

/** Counts how often the policy of a download is asked what to do. */
function counted(restBytes: number | undefined): { hand: Hand; steps: () => number } {
  let steps = 0;
  const policy = () => ({
    restBytes,
    next: () => void steps++,
    wakeAt: () => Infinity,
  });
  const hand = new Hand(1, { windowSize: 1000, policy }).open(1000);
  return { hand, steps: () => steps };
}

Deno.test("Scheduler: a policy without rest is asked whenever the consumer has taken bytes", () => {
  const { hand, steps } = counted(undefined);
  const before = steps();
  for (let turn = 0; turn < 4; turn++) hand.handle({ type: "consumed", bytes: 1 });
  assertEquals(steps() - before, 4);
});

Deno.test("Scheduler: a policy with rest is asked when the consumer has taken enough, or has nothing left", () => {
  const { hand, steps } = counted(3);
  const take = (bytes: number) => {
    const before = steps();
    hand.handle({ type: "consumed", bytes });
    return steps() - before;
  };
  // The sample has four bytes, and nothing more is on its way.
  assertEquals([take(1), take(1), take(1), take(1)], [0, 0, 1, 1]);
  // The window may have changed.
  assertEquals(take(0), 1);
});
