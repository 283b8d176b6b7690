import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../lib/errors.ts";
import { Hand, PROBE } from "../support/scheduler/hand.ts";

Deno.test("Scheduler: where no mirror serves ranges, one whole body is read on, the others are not", () => {
  const hand = new Hand(2);
  hand.probed(0, { type: "whole", size: 30 });
  const other = hand.of(1)!.id;
  // It is held back, and must not be blamed for that.
  assertEquals(hand.types(), ["start", "start"]);
  hand.probed(1, { type: "whole", size: 30 });
  assertEquals(hand.types().slice(2), ["open", "accept", "cancel"]);
  assert(hand.commands.some((command) => command.type === "cancel" && command.request === other));
  assertEquals(hand.work.map((work) => work?.slice(0, 7)), ["whole 0", undefined]);
  hand.bytes(0, 20);
  assertEquals(hand.outcome, undefined);
  hand.bytes(0, 6);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1, 2]);
});

Deno.test("Scheduler: a whole body owns all the bytes that it will deliver", () => {
  const hand = new Hand(1);
  hand.probed(0, { type: "whole", size: 30 });
  assertEquals(hand.scheduler.ledger.receivedBytes, PROBE);
  assertEquals([hand.scheduler.ledger.askedBytes, hand.scheduler.ledger.hasFree], [26, false]);
});

Deno.test("Scheduler: a file of unknown size ends where its body does", () => {
  for (const size of [0, 3, 4, 17, 20]) {
    const hand = new Hand(1);
    const { id } = hand.of(0)!;
    hand.respond(0, { type: "whole" });
    const first = Math.min(PROBE, size);
    hand.handle({ type: "sampled", request: id, length: first, digest: undefined });
    if (size > first) hand.bytes(0, size - first);
    assertEquals(hand.outcome, undefined, `${size}`);
    hand.end(0);
    assertEquals([hand.outcome, hand.scheduler.ledger.end], ["finish", size]);
    assertEquals(hand.events("receive").length, Math.ceil(size / 10));
  }
});

Deno.test("Scheduler: an empty file is finished as soon as the mirrors agree", () => {
  for (const answer of [{ type: "unsatisfiable", size: 0 }, { type: "whole", size: 0 }] as const) {
    const hand = new Hand(1);
    hand.probed(0, answer);
    assertEquals(hand.outcome, "finish", answer.type);
  }
});

Deno.test("Scheduler: of a whole body only the range that is wanted counts", () => {
  const hand = new Hand(1, { start: 10, end: 25 });
  hand.probed(0, { type: "whole", size: 40 });
  hand.bytes(0, 6);
  assertEquals([hand.scheduler.ledger.receivedBytes, hand.scheduler.heldBytes], [0, 0]);
  hand.bytes(0, 10);
  assertEquals(hand.events("receive").map(({ block }) => block), [0]);
  hand.bytes(0, 7);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1]);
});

Deno.test("Scheduler: a range after a body of unknown size is an error with the file's size", () => {
  const hand = new Hand(1, { start: 10 });
  hand.probed(0, { type: "whole" });
  hand.bytes(0, 4);
  hand.end(0);
  assertEquals((hand.outcome as Error).message.includes("the file has 8 bytes"), true);
});

Deno.test("Scheduler: when all mirrors with ranges have died, one without serves the rest", () => {
  const hand = new Hand(2);
  hand.probed(0, { type: "partial", start: 0, end: PROBE, size: 30 });
  hand.probed(1, { type: "whole", size: 30 });
  assertEquals(hand.work, ["range 4-10", undefined]);
  hand.deliver(0);
  hand.fail(0, { retryable: false });
  assertEquals(hand.work, [undefined, "whole 0-30"]);
  hand.respond(1, { type: "whole", size: 30 });
  hand.bytes(1, 30);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1, 2]);
  assertEquals(hand.scheduler.mirrors[1]!.wastedBytes, PROBE + 10);
});

Deno.test("Scheduler: a mirror whose whole body always breaks at the same byte is dropped", () => {
  const hand = new Hand(1);
  hand.probed(0, { type: "whole", size: 30 });
  hand.bytes(0, 4);
  hand.fail(0);
  // Bytes that had come before are no progress.
  for (let round = 0; round < 20 && hand.outcome === undefined; round++) {
    hand.sleep();
    hand.respond(0, { type: "whole", size: 30 });
    hand.bytes(0, 8);
    hand.fail(0);
  }
  assert(hand.outcome instanceof NoMirrorLeftError, "it would go on for ever");
});

Deno.test("Scheduler: a whole body that ends before the file's known size is no end", () => {
  const hand = new Hand(1);
  hand.probed(0, { type: "whole", size: 30 });
  hand.fail(0);
  hand.sleep();
  // This time the mirror does not say how much will come.
  hand.respond(0, { type: "whole" });
  hand.bytes(0, 20);
  hand.end(0);
  assert(hand.outcome !== "finish", "20 of 30 bytes were taken for the file");
});

Deno.test("Scheduler: a late mirror with ranges is not asked for what a whole body delivers", () => {
  const hand = new Hand(2);
  hand.probed(0, { type: "whole", size: 30 });
  hand.sleep();
  assertEquals(hand.work, ["whole 0-30", "probe 0-4"]);
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size: 30 });
  assertEquals(hand.work, ["whole 0-30", undefined]);
  hand.bytes(0, 16);
  hand.fail(0);
  assertEquals(hand.asked(1), "range 20-30");
  hand.deliver(1);
  assertEquals(hand.outcome, "finish");
});
