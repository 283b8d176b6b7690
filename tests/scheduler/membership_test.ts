import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../lib/errors.ts";
import { type Landmarks, NO_LANDMARKS } from "../../lib/scheduler/identity/pieces.ts";
import { Hand, urlOf } from "../support/scheduler/hand.ts";
import { megabits } from "../support/simulator/mirror.ts";
import { simulate } from "../support/simulator/simulator.ts";

const FIRST = { start: 0, end: 4, source: 0 };
/** The first bytes are known. */
const LANDMARKS: Landmarks = {
  ...NO_LANDMARKS,
  learned: [FIRST],
  latest: FIRST,
  has: ({ start }) => start === 0,
  senderOf: () => 0,
};

const SIZE = 100;
const PART = { type: "partial", start: 0, end: 4, size: SIZE } as const;

function add(hand: Hand, mirror: number): void {
  hand.handle({ type: "mirror-added", url: urlOf(mirror) });
}

function drop(hand: Hand, mirror: number): void {
  hand.handle({ type: "mirror-dropped", mirror });
}

/** Answers the check of a mirror. */
function compare(hand: Hand, mirror: number, differsAt?: number): void {
  const { id, start, end, kind } = hand.of(mirror)!;
  assertEquals(kind, "check");
  hand.respond(mirror, { type: "partial", start, end, size: SIZE });
  hand.handle({ type: "compared", request: id, length: end - start, differsAt, fresh: false });
}

Deno.test("Scheduler: a mirror that is added while others deliver shows bytes that are known, and then gets work", () => {
  const hand = new Hand(2, { landmarks: LANDMARKS }).open(SIZE);
  add(hand, 2);
  assertEquals(hand.asked(2), "probe 0-4");
  hand.probed(2, PART);
  // The same first bytes are not enough.
  assertEquals(hand.asked(2), "check 0-4");
  compare(hand, 2);
  assertEquals(hand.asked(2), "range 20-30");
  const states = hand.events("mirror").filter(({ mirror }) => mirror === urlOf(2));
  assertEquals(states.map(({ state }) => state), ["added", "ready"]);
});

Deno.test("Scheduler: a mirror that is added before the mirrors have agreed has a say in that", () => {
  const hand = new Hand(1);
  const other = { ...PART, size: 50 };
  hand.respond(0, other);
  add(hand, 1);
  add(hand, 2);
  assertEquals(hand.work, ["probe 0-4", "probe 0-4", "probe 0-4"]);
  hand.handle({ type: "sampled", request: hand.of(0)!.id, length: 4, digest: "other" });
  hand.probed(1, PART);
  hand.probed(2, PART);
  assertEquals(hand.events("open").map(({ size }) => size), [SIZE]);
  assertEquals(hand.scheduler.mirrors.map(({ state }) => state.type), [
    "dropped",
    "ready",
    "ready",
  ]);
});

Deno.test("Scheduler: one that is added and has another file is dropped, and the download goes on", () => {
  const wrong: [string, (hand: Hand) => void, RegExp][] = [
    ["size", (hand) => hand.probed(1, { ...PART, size: 99 }), /99 bytes, while the other mirrors/],
    ["first bytes", (hand) => hand.probed(1, PART, "other"), /but different content/],
    ["later bytes", (hand) => {
      hand.probed(1, PART);
      compare(hand, 1, 3);
    }, /its bytes differ/],
  ];
  for (const [what, answer, message] of wrong) {
    const hand = new Hand(1, { landmarks: LANDMARKS }).open(SIZE);
    add(hand, 1);
    answer(hand);
    assertEquals(hand.outcome, undefined, what);
    const { state } = hand.scheduler.mirrors[1]!;
    if (state.type !== "dropped") throw new Error(`${what}: ${state.type}`);
    assert(message.test(state.failure.message), state.failure.message);
    while (hand.outcome === undefined) hand.deliver(0);
    assertEquals(hand.outcome, "finish", what);
  }
});

Deno.test("Scheduler: adding a mirror that is in use changes nothing", () => {
  const hand = new Hand(2).open(SIZE);
  const before = hand.work;
  add(hand, 1);
  assertEquals([hand.work, hand.scheduler.mirrors.length], [before, 2]);
});

Deno.test("Scheduler: what a dropped mirror owned is for others, and what it has delivered stays", () => {
  const hand = new Hand(2).open(SIZE);
  assertEquals(hand.work, ["range 4-10", "range 10-20"]);
  hand.respond(0);
  hand.bytes(0, 2);
  const { id } = hand.of(0)!;
  drop(hand, 0);
  assert(hand.commands.some((one) => one.type === "cancel" && one.request === id));
  assertEquals(hand.scheduler.ledger.front, 6);
  // Dropping it again, or one that there is not, changes nothing.
  for (const mirror of [0, 7]) drop(hand, mirror);
  while (hand.outcome === undefined) hand.deliver(1);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.scheduler.mirrors.map(({ usedBytes }) => usedBytes), [2 + 4, SIZE - 6]);
});

Deno.test("Scheduler: a mirror that was dropped has to show again that it has the file", () => {
  const hand = new Hand(2, { landmarks: LANDMARKS }).open(SIZE);
  drop(hand, 1);
  add(hand, 1);
  assertEquals([hand.asked(1), hand.scheduler.mirrors.length], ["probe 0-4", 2]);
  hand.probed(1, PART);
  compare(hand, 1);
  assertEquals(hand.of(1)?.kind, "range");
});

Deno.test("Scheduler: a download whose last mirror is dropped fails, and says so", () => {
  for (const open of [true, false]) {
    const hand = new Hand(2);
    if (open) hand.open(SIZE);
    drop(hand, 0);
    assertEquals(hand.outcome, undefined);
    drop(hand, 1);
    const { outcome } = hand;
    const failures = outcome instanceof NoMirrorLeftError ? outcome.cause : [];
    assertEquals(failures.map(({ reason }) => reason), ["dropped", "dropped"]);
  }
});

Deno.test("Scheduler: the answer of a mirror that is dropped before the decision does not count", () => {
  const hand = new Hand(2);
  hand.probed(0, { type: "whole", size: SIZE }, "other");
  drop(hand, 0);
  hand.probed(1, PART);
  assertEquals([hand.outcome, hand.of(1)?.kind], [undefined, "range"]);
});

Deno.test("Scheduler: a mirror that is added takes its share, and one that is dropped leaves it", () => {
  const size = 20e6;
  const [slow, fast] = megabits([[10, 20], [80, 20]]);
  const join = (changes: object) =>
    simulate({
      delay: "adaptive",
      links: [slow!, { ...fast!, ...changes }],
      size,
      maxConnectionsPerMirror: 8,
    });
  // 16 s alone; two seconds of 10 Mbit/s, then 90 Mbit/s.
  const joined = join({ joinsAtMs: 2000 });
  assertEquals(joined.error, undefined);
  assertAlmostEquals(joined.seconds, 2 + (size - 2.5e6) / 11.25e6, 0.4);
  // One second of 90 Mbit/s, then 10 Mbit/s.
  const dropped = join({ dropsAtMs: 1000 });
  assertEquals(dropped.error, undefined);
  assertAlmostEquals(dropped.seconds, 1 + (size - 11e6) / 1.25e6, 1);
  // A wrong one is found out.
  const wrong = join({ joinsAtMs: 2000, version: "other", versionFrom: 20_000 });
  assertEquals([wrong.error, wrong.versions], [undefined, new Set(["first"])]);
});
