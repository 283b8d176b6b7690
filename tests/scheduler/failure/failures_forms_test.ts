import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { MirrorHabits } from "../../../lib/http/mirror_habits.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import { Hand } from "../../support/scheduler/hand.ts";

const MISSING = { reason: "status", status: 404, retryable: false, phase: "headers" } as const;
const SENSELESS = { reason: "range", status: 206, retryable: false, phase: "headers" } as const;

function commands(hand: Hand): string[] {
  return hand.commands.flatMap((command) =>
    command.type === "start"
      ? [`${command.mirror} ${command.kind} ${command.start} ${command.form}`]
      : []
  );
}

Deno.test("penalize(): a mirror is asked once in each form, at once, before it is dropped", () => {
  for (const facts of [MISSING, SENSELESS]) {
    const hand = new Hand(1);
    for (let round = 0; round < 3; round++) hand.fail(0, facts);
    assertEquals(commands(hand), ["0 probe 0 bounded", "0 probe 0 open", "0 probe 0 plain"]);
    assert(hand.outcome instanceof NoMirrorLeftError);
    assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [0, 0, undefined]);
  }
});

Deno.test("penalize(): a mirror that answers another form is asked in that one from then on", () => {
  const hand = new Hand(1);
  hand.fail(0, MISSING);
  hand.open(100);
  hand.deliver(0);
  assertEquals(commands(hand), [
    "0 probe 0 bounded",
    "0 probe 0 open",
    "0 range 4 open",
    "0 range 10 open",
  ]);
});

Deno.test("penalize(): a mirror that only answers without Range serves the whole file, alone", () => {
  const hand = new Hand(1);
  hand.fail(0, SENSELESS);
  hand.fail(0, SENSELESS);
  hand.probed(0, { type: "whole", size: 100 });
  hand.bytes(0, 96);
  assertEquals([hand.outcome, commands(hand).length], ["finish", 3]);
});

Deno.test("penalize(): … and is a spare beside one that serves ranges", () => {
  const hand = new Hand(2);
  for (let round = 0; round < 2; round++) hand.fail(0, SENSELESS);
  hand.probed(1, { type: "partial", start: 0, end: 4, size: 100 });
  hand.probed(0, { type: "whole", size: 100 });
  assertEquals(hand.work, [undefined, "range 4-10"]);
  const mirror = hand.scheduler.mirrors[0]!;
  assertEquals([mirror.service, mirror.state.type, mirror.failures], ["whole", "ready", 0]);
});

Deno.test("penalize(): in the middle of a file, the whole one is asked for where no other mirror is left", () => {
  const hand = new Hand(2, { stallTimeoutMs: 60_000, idleTimeoutMs: 60_000 }).open(100);
  hand.deliver(0);
  // Long after it has delivered something, so that it is no limit.
  hand.now = 3000;
  for (let round = 0; round < 2; round++) hand.fail(0, MISSING);
  // The other one goes on with ranges.
  assertEquals([hand.asked(0), hand.of(1)?.kind], [undefined, "range"]);
  hand.fail(1, { retryable: false });
  assertEquals(hand.asked(0), "whole 0-100");
  hand.fail(0, MISSING);
  assert(hand.outcome instanceof NoMirrorLeftError);
});

Deno.test("penalize(): a login for the proxy, and a demand to come back later, are no matter of form", () => {
  for (
    const facts of [{ ...MISSING, status: 407 }, {
      ...MISSING,
      status: 503,
      retryable: true,
      retryAfterMs: 1e9,
    }]
  ) {
    const hand = new Hand(1);
    hand.fail(0, facts);
    assertEquals(commands(hand), ["0 probe 0 bounded"]);
    assert(hand.outcome instanceof NoMirrorLeftError);
  }
});

Deno.test("penalize(): errors that may pass are retried first, then the forms are tried", () => {
  const hand = new Hand(1, { random: () => 0 });
  while (hand.outcome === undefined) {
    hand.fail(0, { ...MISSING, status: 500, retryable: true });
    if (hand.outcome === undefined && hand.of(0) === undefined) hand.sleep();
  }
  const waits = hand.events("failure").map(({ retryInMs }) => retryInMs);
  assertEquals(waits, [250, 500, 1000, 2000, 0, 0, undefined]);
  assertEquals(commands(hand).slice(-3).map((text) => text.split(" ")[3]), [
    ...["bounded", "open", "plain"],
  ]);
});

Deno.test("penalize(): a mirror that closes the connection twice instead of answering is asked otherwise", () => {
  for (const fault of ["reset", "empty"] as const) {
    const hand = new Hand(1);
    const closed = { reason: "network", fault, phase: "connect" } as const;
    for (let round = 0; round < 2; round++) {
      hand.fail(0, closed);
      if (round === 0) hand.sleep();
    }
    hand.fail(0, closed);
    hand.probed(0, { type: "whole", size: 100 });
    hand.bytes(0, 96);
    assertEquals([hand.outcome, commands(hand).map((text) => text.split(" ")[3])], [
      "finish",
      ["bounded", "bounded", "open", "plain"],
    ]);
  }
});

Deno.test("penalize(): a lone mirror that refuses an open range is asked for a bounded one, and without", () => {
  const hand = new Hand(1, { delay: "adaptive" });
  for (const reason of ["encoding", "status", "range"] as const) {
    hand.fail(0, { ...MISSING, reason });
  }
  assertEquals(commands(hand).map((text) => text.split(" ")[3]), ["open", "bounded", "plain"]);
  assert(hand.outcome instanceof NoMirrorLeftError);
});

const DENIED = { reason: "status", status: 403, retryable: false, phase: "headers" } as const;

Deno.test("penalize(): a denial beside nothing that is under way is answered by another form at once", () => {
  const hand = new Hand(1).open(100);
  hand.deliver(0);
  hand.now += 3000;
  hand.fail(0, DENIED);
  hand.fail(0, DENIED);
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [0, 0]);
  assertEquals(hand.asked(0), "whole 0-100");
});

Deno.test("penalize(): what a host was thought to limit is forgotten once another form is tried", () => {
  const hosts = new HostLimits();
  const hand = new Hand(1, { hosts }).open(100);
  hand.deliver(0);
  const [mirror] = hand.scheduler.mirrors;
  // Just after it has delivered something, it may be the pace.
  hand.fail(0, DENIED);
  assert(mirror!.seat.leastBytes(hand.now) > 0);
  hand.now += 3000;
  hand.handle({ type: "timeout" });
  hand.fail(0, DENIED);
  const { seat } = mirror!;
  assertEquals([seat.leastBytes(hand.now), seat.room(hand.now)], [0, Infinity]);
  assertEquals(hand.of(0)?.form, "open");
});

Deno.test("penalize(): bodies of open ranges that are empty twice are the answer to that form", () => {
  const empty = { reason: "truncated", phase: "body", retryable: true } as const;
  const hand = new Hand(1, { delay: "adaptive", splitSize: 100_000, windowSize: 400_000 });
  for (let turn = 0; turn < 2; turn++) {
    assertEquals(hand.of(0)?.form, "open");
    hand.respond(0, { type: "partial", start: 0, end: 1_000_000, size: 1_000_000 });
    hand.fail(0, empty);
    if (turn === 0) hand.sleep();
  }
  assertEquals(commands(hand), ["0 probe 0 open", "0 probe 0 open", "0 probe 0 bounded"]);
  assertEquals(hand.scheduler.mirrors[0]!.mostBytes, Infinity);
});

Deno.test("penalize(): a 401 is the answer to a form, unless a login was refused", () => {
  const hand = new Hand(1);
  while (hand.outcome === undefined) hand.fail(0, { ...DENIED, status: 401 });
  assertEquals(commands(hand).map((one) => one.split(" ").at(-1)), ["bounded", "open", "plain"]);
  const other = new Hand(1);
  other.fail(0, { ...DENIED, status: 401, hadCredentials: true });
  assertEquals([other.outcome instanceof NoMirrorLeftError, commands(other).length], [true, 1]);
});

Deno.test("Scheduler: a form that two downloads were refused is no longer tried first", () => {
  const habits = new MirrorHabits();
  for (const tries of [3, 3, 1]) {
    const hand = new Hand(1, { habits });
    while (hand.of(0)!.form !== "plain") hand.fail(0, DENIED);
    hand.probed(0, { type: "whole", size: 100 });
    hand.bytes(0, 96);
    assertEquals([hand.outcome, commands(hand).length], ["finish", tries]);
  }
  // Of a file that is known to have been served in ranges, too.
  const knownFile = { size: 100, digest: "same", mirrors: ["http://0.test/file"], compared: [] };
  const known = new Hand(1, { habits, knownFile });
  assertEquals(commands(known), ["0 whole 0 plain"]);
  // If that is of no use, it is forgotten.
  known.fail(0, DENIED);
  assert(known.outcome instanceof NoMirrorLeftError);
  assertEquals(commands(new Hand(1, { habits })), ["0 probe 0 bounded"]);
});
