import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { schedulerOptions, type TestOptions } from "../../support/scheduler/scheduler_options.ts";
import { Hand } from "../../support/scheduler/hand.ts";
import { TESTBED } from "../../support/simulator/mirror.ts";
import { simulate } from "../../support/simulator/simulator.ts";

const MB = 1_000_000;

/** A mirror with a request for a block of a megabyte, and others that help. */
function asked(mirrors: number, options: TestOptions = {}, answeredAt = 0): Hand {
  const sizes = { splitSize: MB, windowSize: 32 * MB };
  const hand = new Hand(mirrors, { ...sizes, stallTimeoutMs: 10_000, ...options });
  hand.now = answeredAt;
  hand.open(50 * MB).respond(0);
  return hand;
}

function waits(hand: Hand): (number | undefined)[] {
  return hand.events("failure").map(({ retryInMs }) => retryInMs);
}

Deno.test("penalize(): a mirror that breaks off after 64 KiB is retried immediately, however often", () => {
  const hand = asked(2);
  for (let round = 0; round < 10; round++) {
    hand.bytes(0, 64 * 1024);
    hand.fail(0);
    assertEquals(hand.of(0)?.answeredAt, undefined, "it has a new request");
    hand.respond(0);
  }
  assertEquals(waits(hand), Array(10).fill(0));
  const { failures, totalFailures, state } = hand.scheduler.mirrors[0]!;
  assertEquals([failures, totalFailures, state.type], [0, 10, "ready"]);
});

Deno.test("penalize(): less than that is the first failure, which is followed by a wait", () => {
  const hand = asked(2);
  for (let round = 0; round < 3; round++) {
    hand.bytes(0, 64 * 1024 - 1);
    hand.fail(0, { reason: "truncated" });
    hand.sleep();
    hand.respond(0);
  }
  assertEquals(waits(hand), [250, 250, 250]);
});

Deno.test("penalize(): a timeout or a lasting error leads to a wait after any amount", () => {
  for (const facts of [{ reason: "timeout" }, { reason: "status", status: 500 }] as const) {
    const hand = asked(2);
    hand.bytes(0, 500_000);
    hand.fail(0, facts);
    assertEquals(waits(hand), [250]);
  }
  const hand = asked(2);
  hand.bytes(0, 500_000);
  hand.fail(0, { retryable: false });
  assertEquals([waits(hand), hand.scheduler.mirrors[0]!.state.type], [[undefined], "dropped"]);
});

Deno.test("penalize(): bytes that others had delivered already are no progress", () => {
  const hand = asked(1);
  hand.fail(0);
  const waited = waits(hand);
  // The whole file breaks off at the same byte each time.
  const whole = new Hand(1, { splitSize: MB, windowSize: 32 * MB });
  whole.probed(0, { type: "whole", size: 10 * MB });
  whole.bytes(0, 500_000);
  whole.fail(0);
  for (let round = 0; round < 9 && whole.outcome === undefined; round++) {
    if (whole.of(0) === undefined) whole.sleep();
    whole.respond(0, { type: "whole", size: 10 * MB });
    whole.bytes(0, 500_000);
    whole.fail(0);
  }
  assertEquals([waited, waits(whole)], [[250], [0, 250, 500, 1000, 2000, undefined].slice(0, 6)]);
});

Deno.test("penalize(): requests that fail together wait as long as the one that has to wait longest", () => {
  const hand = asked(2, { delay: "adaptive" }, 20);
  const { live } = hand.scheduler.mirrors[0]!;
  assertEquals(live.length, 2);
  const [first, second] = live.map(({ id }) => id);
  hand.fail(0, { retryAfterMs: 5000 });
  assert(first !== undefined && hand.of(0)?.id === second);
  hand.fail(0);
  assertEquals(hand.scheduler.mirrors[0]!.state, {
    ...hand.scheduler.mirrors[0]!.state,
    ...{ type: "waiting", until: 5020 },
  });
});

Deno.test("a mirror that resets each response after 400 kB costs new connections, but no waits", () => {
  const [link] = TESTBED;
  const options = { size: 100e6, slowStart: true, delay: "adaptive" } as const;
  const sound = simulate({ ...options, links: [link!] });
  const shaky = simulate({ ...options, links: [{ ...link!, resetAfterBytes: 400_000 }] });
  assertEquals([sound.error, shaky.error], [undefined, undefined]);
  // Each connection takes some round trips to speed up; with a wait of 250 ms it would be 30 s more.
  assert(shaky.seconds < 3.5 * sound.seconds, `${shaky.seconds} s, else ${sound.seconds} s`);
});

Deno.test("retry.maxTimeMs: once the download has run that long, a failure is final", () => {
  const { retry } = schedulerOptions([]);
  const hand = new Hand(2, { retry: { ...retry, maxTimeMs: 1000 } }).open(100);
  hand.fail(0);
  assertEquals(waits(hand), [250]);
  hand.sleep();
  // In 500 ms it would be too late.
  hand.now = 501;
  hand.fail(0);
  assertEquals(waits(hand), [250, undefined]);
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped");
  // Who does not fail goes on.
  hand.deliver(1);
  assertEquals(hand.outcome, undefined);
  hand.now = 1001;
  hand.fail(1);
  assert(hand.outcome instanceof NoMirrorLeftError);
});
