import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { holds } from "../fuzz/runs.ts";
import { Hand } from "../support/scheduler/hand.ts";
import { WildDriver } from "../support/scheduler/wild_driver.ts";
import type { Step } from "../support/scheduler/wild_events.ts";

const TYPES = [
  "response",
  "sampled",
  "bytes",
  "ended",
  "failed",
  "compared",
  "differs",
  "progress",
  "consumed",
  "stood",
  "timeout",
  "mirror-added",
  "mirror-dropped",
  "window",
  "rate",
] as const;

/** Any step; half of them are what an honest mirror would do, so that there is something to disturb. */
const STEP: fc.Arbitrary<Step> = fc.record({
  type: fc.oneof(fc.constant("honest" as const), fc.constantFrom(...TYPES)),
  which: fc.nat(63),
  amount: fc.nat(8000),
  flavour: fc.nat(999),
  after: fc.oneof(fc.constant(0), fc.nat(300), fc.constant("wake" as const)),
});

const SETTING = fc.record({
  mirrors: fc.integer({ min: 1, max: 4 }),
  isAdaptive: fc.boolean(),
  windowSize: fc.constantFrom(10_000, 40_000, 1_000_000),
  splitSize: fc.constantFrom(1000, 8000, 30_000),
  maxConnectionsPerMirror: fc.constantFrom(1, 2, 8),
  start: fc.oneof(fc.constant(0), fc.nat(49_999)),
});

Deno.test("Scheduler: any sequence of events keeps every byte owned, and what an honest driver does then ends the download", async () => {
  let [steps, strange] = [0, 0];
  await holds(
    [SETTING, fc.array(STEP, { maxLength: 80 }), fc.array(STEP, { maxLength: 5 })],
    ({ isAdaptive, ...setting }, before, after) => {
      const driver = new WildDriver({ ...setting, ...(isAdaptive && { delay: "adaptive" }) });
      for (const step of before) if (driver.outcome === undefined) driver.take(step);
      driver.end();
      // Nothing follows on the end.
      for (const step of after) driver.take(step);
      steps += before.length;
      strange += driver.strange;
    },
  );
  assert(strange > steps / 20, `${strange} of ${steps} events were strange`);
});

Deno.test("Scheduler: a body that ends early is a failure, even at its first byte, and its bytes are free again", () => {
  const hand = new Hand(2).open(100);
  for (const length of [0, 3]) {
    const { id, start, end } = hand.of(0)!;
    hand.respond(0);
    if (length > 0) hand.bytes(0, length);
    hand.end(0);
    assertEquals(hand.commands.filter(({ type }) => type === "fail"), []);
    assertEquals(hand.events("failure").at(-1)?.message.includes("the body ended after"), true);
    assertEquals(hand.scheduler.mirrors[0]!.state.type, "waiting");
    assert([...hand.scheduler.requests].every((one) => one.id !== id));
    assertEquals(hand.scheduler.ledger.hasReceived(start + length, end), false);
    while (hand.of(0) === undefined) hand.sleep();
  }
});
