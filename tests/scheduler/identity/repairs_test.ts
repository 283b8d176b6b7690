/** What follows when digests of pieces show that bytes are wrong: pieces of 20 bytes, in a file of 60. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NoMirrorLeftError, PieceMismatchError } from "../../../lib/errors.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import { ScriptedHand } from "../../support/scheduler/hand.ts";
import type { TestOptions } from "../../support/scheduler/scheduler_options.ts";

const SIZE = 60;

/** A failure for good. */
const GONE = { reason: "changed", retryable: false } as const;

/** A download of which the mirrors have sent the ranges: 4 bytes of the first mirror were there before. */
function received(
  mirrors: number,
  ranges: readonly (readonly [mirror: number, start: number, end: number])[],
  options: TestOptions = {},
): ScriptedHand {
  const hand = new ScriptedHand(mirrors, { pieces: { length: 20, count: 5 }, ...options });
  for (const [mirror, start, end] of ranges) {
    const request = hand.ask(mirror, start, end);
    hand.arrive(request, end - start);
    hand.handle({ type: "ended", request: request.id });
  }
  return hand;
}

function prove(hand: ScriptedHand, start: number, liars: readonly number[] = []): void {
  hand.handle({ type: "proved", start, end: start + 20, liars });
}

/** A piece is bad; the mirrors have sent equal shares of it, one after the other. */
function disprove(hand: ScriptedHand, start: number, ...mirrors: number[]): void {
  const share = 20 / mirrors.length;
  const senders = mirrors.map((mirror, index) => ({
    mirror,
    ranges: [{ start: start + index * share, end: start + (index + 1) * share }],
  }));
  hand.handle({ type: "disproved", start, end: start + 20, senders });
}

/** A piece is still bad, though all or some of it was sent again. */
function disproveAgain(hand: ScriptedHand, start: number, mirror?: number): void {
  const senders = mirror === undefined ? [] : [{ mirror, ranges: [] }];
  hand.handle({ type: "disproved", start, end: start + 20, senders });
}

/** The mirror delivers the piece that is requested once more. */
function repair(hand: ScriptedHand, mirror: number): void {
  const request = hand.live(mirror).find(({ kind }) => kind === "repair")!;
  const { id, start, end } = request;
  hand.handle({ type: "response", request: id, answer: { type: "partial", start, end } });
  hand.arrive(request, end - start);
  hand.handle({ type: "ended", request: id });
}

function states(hand: ScriptedHand): string[] {
  return hand.scheduler.mirrors.map(({ state }) => state.type);
}

Deno.test("Repairs: a download ends when every piece is proved, not before", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  for (const start of [20, 0, 80, 40]) prove(hand, start);
  assertEquals(hand.outcome, undefined);
  prove(hand, 60);
  assertEquals(hand.outcome, "finish");
});

Deno.test("Repairs: who has sent a bad piece alone is dropped at once, and another one is asked for it", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  assertEquals(states(hand), ["dropped", "ready"]);
  assertEquals(hand.asked(1), "repair 20-40");
  // The front does not move back.
  assertEquals(hand.scheduler.ledger.front, 100);
  for (const start of [0, 40, 60, 80]) prove(hand, start);
  repair(hand, 1);
  assertEquals(hand.outcome, undefined);
  prove(hand, 20);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.scheduler.mirrors.map(({ trackRecord }) => trackRecord.badPieces), [1, 0]);
  // The piece counts for the mirror whose bytes are used.
  assertEquals(hand.scheduler.mirrors.map(({ usedBytes }) => usedBytes), [30, 70]);
});

Deno.test("Repairs: where several have sent a bad piece, the right bytes show whose were wrong", () => {
  const hand = received(3, [[0, 4, 30], [1, 30, 100]]);
  disprove(hand, 20, 0, 1);
  assertEquals(states(hand), ["ready", "ready", "ready"]);
  // One that has sent nothing of it is asked first.
  assertEquals(hand.work, [undefined, undefined, "repair 20-40"]);
  repair(hand, 2);
  prove(hand, 20, [1]);
  assertEquals(states(hand), ["ready", "dropped", "ready"]);
  assertEquals(hand.scheduler.mirrors.map(({ trackRecord }) => trackRecord.badPieces), [0, 1, 0]);
});

Deno.test("Repairs: one of two mirrors that have sent a bad piece shows by itself who has it", () => {
  const hand = received(2, [[0, 4, 30], [1, 30, 100]]);
  disprove(hand, 20, 0, 1);
  const asked = hand.work.findIndex((work) => work !== undefined);
  repair(hand, asked);
  disproveAgain(hand, 20, asked);
  assertEquals(states(hand)[asked], "dropped");
  // What it had sent of the piece is all that may be wrong.
  const from = asked === 0 ? 20 : 30;
  assertEquals(hand.asked(1 - asked), `repair ${from}-${from + 10}`);
  repair(hand, 1 - asked);
  prove(hand, 20, [asked]);
  assertEquals(hand.scheduler.mirrors[asked]!.trackRecord.badPieces, 1);
});

Deno.test("Repairs: of a bad piece, only what a known liar has sent is requested again", () => {
  const hand = received(3, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  disprove(hand, 40, 0, 1);
  assertEquals(hand.work.toSorted(), ["repair 20-40", "repair 40-50", undefined]);
  const mirror = hand.work.indexOf("repair 40-50");
  repair(hand, mirror);
  prove(hand, 40, [0]);
  // What the other one had sent of it is used. The first 4 bytes of the file had come from each mirror.
  const wasted = hand.scheduler.mirrors.map(({ wastedBytes }) => wastedBytes);
  assertEquals(wasted, [30, 4, 4]);
});

Deno.test("Repairs: a piece that is still bad without what the liar has sent is requested as a whole", () => {
  const hand = received(3, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  disprove(hand, 40, 0, 1);
  repair(hand, hand.work.indexOf("repair 40-50"));
  disproveAgain(hand, 40);
  assertEquals(states(hand), ["dropped", "ready", "ready"]);
  assert(hand.work.includes("repair 40-60"), `${hand.work}`);
});

Deno.test("Repairs: until a liar is known, one piece is requested again, from a mirror with little of it", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  for (const [start, middle] of [[20, 25], [60, 64]] as const) {
    const ranges = [{ start, end: middle }, { start: middle, end: start + 20 }];
    const senders = ranges.map((range, mirror) => ({ mirror, ranges: [range] }));
    hand.handle({ type: "disproved", start, end: start + 20, senders });
  }
  assertEquals(hand.work, ["repair 20-40", undefined]);
});

Deno.test("Repairs: a piece that no mirror has right is an error", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  repair(hand, 1);
  disproveAgain(hand, 20, 1);
  const { outcome } = hand;
  assert(outcome instanceof PieceMismatchError);
  const { piece, start, end, cause } = outcome as PieceMismatchError;
  assertEquals([piece, start, end], [1, 20, 40]);
  assertEquals(
    cause.map(({ mirror }) => mirror),
    hand.scheduler.mirrors.map(({ url }) => url),
  );
});

Deno.test("Repairs: a liar is not dropped while it is the last mirror, unless it lied about that piece", () => {
  const hand = received(2, [[0, 4, 30], [1, 30, 100]]);
  disprove(hand, 20, 0, 1);
  const asked = hand.work.findIndex((work) => work !== undefined);
  repair(hand, asked);
  const other = 1 - asked;
  const request = hand.ask(asked, 0, 4);
  hand.failRequest(request, GONE);
  assertEquals(states(hand)[asked], "dropped");
  prove(hand, 20, [other]);
  assertEquals(states(hand)[other], "ready");
  disprove(hand, 60, other);
  assertInstanceOf(hand.outcome, PieceMismatchError);
});

Deno.test("Repairs: a liar is used again for a piece that no other mirror has right", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  assertEquals(states(hand), ["dropped", "ready"]);
  repair(hand, 1);
  prove(hand, 20);
  disprove(hand, 60, 1);
  assertEquals(states(hand), ["ready", "ready"]);
  assertEquals(hand.asked(0), "repair 60-80");
  repair(hand, 0);
  for (const start of [0, 40, 60, 80]) prove(hand, start);
  assertEquals(hand.outcome, "finish");
});

Deno.test("Repairs: a request for a piece that fails, is silent, or is answered otherwise is sent to the next mirror", () => {
  const hand = received(4, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  const first = hand.work.findIndex((work) => work !== undefined);
  hand.failRequest(hand.of(first)!, { status: 500 });
  const second = hand.work.findIndex((work) => work !== undefined);
  assert(second > 0 && second !== first, `${second}`);
  const { id } = hand.of(second)!;
  hand.handle({ type: "response", request: id, answer: { type: "whole", size: 100 } });
  assert(!hand.live(second).some((request) => request.id === id));
  hand.sleep();
  hand.sleep();
  assert(hand.work.some((work) => work === "repair 20-40"));
});

Deno.test("Repairs: a piece is not lost with the last mirror", () => {
  const hand = received(2, [[0, 4, 50], [1, 50, 100]]);
  disprove(hand, 20, 0);
  hand.failRequest(hand.of(1)!, GONE);
  assertInstanceOf(hand.outcome, PieceMismatchError);
  const clean = received(1, [[0, 4, 50]]);
  clean.failRequest(clean.ask(0, 50, 60), GONE);
  assertInstanceOf(clean.outcome, NoMirrorLeftError);
});

Deno.test("Repairs: no more than two pieces are requested again at once", () => {
  const hand = received(3, [[0, 4, 100]]);
  for (const start of [80, 60, 40, 20]) disprove(hand, start, 0);
  const repairs = [...hand.scheduler.requests].filter(({ kind }) => kind === "repair");
  assertEquals(repairs.map(({ start }) => start), [80, 60]);
  const mirror = hand.scheduler.mirrors.indexOf(repairs[0]!.mirror);
  repair(hand, mirror);
  // Until its digest is known, it counts.
  assertEquals([...hand.scheduler.requests].filter(({ kind }) => kind === "repair").length, 1);
  prove(hand, repairs[0]!.start);
  const next = [...hand.scheduler.requests].filter(({ kind }) => kind === "repair");
  assertEquals(next.map(({ start }) => start), [60, 20]);
});

Deno.test("Repairs: a stream that is not read gives way to a request for a bad piece", () => {
  const options = { maxConnectionsPerMirror: 1, windowSize: 60 };
  const hand = received(2, [[0, 4, SIZE]], options);
  hand.plan({
    type: "ask",
    mirror: 1,
    range: { start: 60, end: 64 },
    bodyEnd: 100,
    reason: "front",
  });
  const stream = hand.of(1)!;
  hand.handle({
    type: "response",
    request: stream.id,
    answer: { type: "partial", start: 60, end: 100 },
  });
  hand.arrive(stream, 4);
  assert(stream.isExhausted);
  disprove(hand, 0, 0);
  assertEquals(hand.asked(1), "repair 0-20");
});

Deno.test("Repairs: where no mirror serves ranges, the file is read again from the next one", () => {
  const hand = new ScriptedHand(0 + 2, { pieces: { length: 20, count: 5 } });
  // Both serve ranges so far; the first one is a liar, the second one refuses ranges from now on.
  const request = hand.ask(0, 4, 60);
  hand.arrive(request, 56);
  for (const mirror of hand.scheduler.mirrors) mirror.serve("ranges");
  hand.scheduler.mirrors[1]!.serve("whole");
  disprove(hand, 20, 0);
  assertEquals(hand.asked(1), "whole 0-100");
  assertEquals(hand.scheduler.ledger.front, 20);
  assert(hand.commands.some((command) => command.type === "forget" && command.from === 20));
  const whole = hand.of(1)!;
  hand.handle({ type: "response", request: whole.id, answer: { type: "whole", size: 100 } });
  hand.arrive(whole, 100);
  for (const start of [0, 20, 40, 60, 80]) prove(hand, start);
  hand.handle({ type: "ended", request: whole.id });
  assertEquals(hand.outcome, "finish");
});

Deno.test("Repairs: bytes of incomplete pieces are not ready to be taken, so that the front may be requested", () => {
  const hand = received(1, [[0, 4, 30]], { windowSize: 40 });
  hand.handle({ type: "consumed", bytes: 100 });
  assertEquals(hand.scheduler.heldBytes, 10);
});

Deno.test("Repairs: a window that shrinks gives back whole pieces", () => {
  const hand = received(2, [[0, 4, 90]], { windowSize: 100 });
  prove(hand, 60);
  hand.scheduler.windowSize = 50;
  hand.handle({ type: "consumed", bytes: 0 });
  const forgotten = hand.commands.find((command) => command.type === "forget");
  assertEquals(forgotten, { type: "forget", from: 60 });
  assertEquals(hand.scheduler.ledger.front, 60);
});

Deno.test("Repairs: where another download holds the host's only place, a bad piece has its turn when that is free", () => {
  const hosts = new HostLimits();
  let turns = 0;
  const options = { hosts, onTurn: () => turns++ };
  const hand = received(2, [[0, 4, 50], [1, 50, 100]], options);
  const { url } = hand.scheduler.mirrors[1]!;
  const other = hosts.join(url, () => {});
  const place = other.send(hand.now);
  other.refuse({ sentAt: hand.now, retryAfterMs: 0, jitter: 1 }, hand.now);
  for (const start of [0, 40, 60, 80]) prove(hand, start);
  hand.now += 200;
  disprove(hand, 20, 0);
  assertEquals(hand.asked(1), undefined);
  turns = 0;
  place.release(hand.now, false);
  assertEquals(turns, 1);
  hand.handle({ type: "timeout" });
  assertEquals(hand.asked(1), "repair 20-40");
});
