/** What is requested before the mirrors have agreed, and what follows. */

import { assert, assertEquals } from "@std/assert";
import { NO_LANDMARKS } from "../../lib/scheduler/identity/pieces.ts";
import { Hand, PROBE, urlOf } from "../support/scheduler/hand.ts";
import { schedulerOptions } from "../support/scheduler/scheduler_options.ts";

/** A mirror answers its probe with a part of a file of 100 bytes. */
function answer(hand: Hand, mirror: number, digest: string): void {
  hand.probed(mirror, { type: "partial", start: 0, end: PROBE, size: 100 }, digest);
}

Deno.test("Scheduler: the first answer is enough to request more, but not to deliver it", () => {
  const hand = new Hand(3);
  answer(hand, 1, "right");
  assertEquals(hand.work, ["probe 0-4", "range 4-10", "probe 0-4"]);
  assertEquals(hand.types(), ["start", "start", "start", "accept", "start"]);
  hand.deliver(1);
  assertEquals([hand.asked(1), hand.scheduler.heldBytes], ["range 10-20", 10]);
  // One that says something else is not asked, as long as it may be wrong.
  answer(hand, 0, "wrong");
  assertEquals(hand.work, [undefined, "range 10-20", "probe 0-4"]);
  answer(hand, 2, "right");
  assertEquals(hand.types().filter((type) => type === "open" || type === "accept"), [
    "accept",
    "open",
  ]);
  assertEquals(hand.work, [undefined, "range 10-20", "range 20-30"]);
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped");
});

Deno.test("Scheduler: before the mirrors have agreed, no more than the window is requested", () => {
  const hand = new Hand(3, { windowSize: 40 });
  answer(hand, 0, "right");
  while (hand.of(0) !== undefined) hand.deliver(0);
  assertEquals(hand.scheduler.heldBytes, 40);
  assertEquals(hand.types().includes("open"), false);
  answer(hand, 1, "right");
  assertEquals(hand.types().includes("open"), true);
});

Deno.test("Scheduler: a file received before the mirrors agree is complete when they do", () => {
  const small = { type: "partial", start: 0, end: PROBE, size: 20 } as const;
  const hand = new Hand(3);
  hand.probed(0, small);
  while (hand.of(0) !== undefined) hand.deliver(0);
  assertEquals([hand.scheduler.ledger.complete, hand.outcome], [true, undefined]);
  hand.probed(1, small);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.types().slice(-3), ["open", "cancel", "finish"]);
});

Deno.test("Scheduler: bytes received before the mirrors agree on another file are discarded", () => {
  const hand = new Hand(3);
  answer(hand, 0, "wrong");
  hand.deliver(0);
  hand.respond(0);
  hand.bytes(0, 5);
  const { id } = hand.of(0)!;
  assertEquals([hand.asked(0), hand.scheduler.ledger.front], ["range 10-20", 15]);
  answer(hand, 1, "right");
  answer(hand, 2, "right");
  assertEquals(hand.scheduler.mirrors.map(({ state }) => state.type), [
    "dropped",
    "ready",
    "ready",
  ]);
  const types = hand.types().filter((type) => type !== "start");
  assertEquals(types, ["accept", "cancel", "discard", "open", "accept"]);
  assert(hand.commands.some((command) => command.type === "cancel" && command.request === id));
  // Bytes from the start of the right file, and no others.
  const { ledger, heldBytes, mirrors } = hand.scheduler;
  assertEquals([ledger.front, ledger.receivedBytes, heldBytes], [4, 4, 4]);
  assertEquals(mirrors.map(({ bytes, wastedBytes }) => [bytes, wastedBytes]), [
    [15, 15],
    [4, 0],
    [4, 4],
  ]);
  assertEquals(hand.work, [undefined, "range 4-10", "range 10-20"]);
  // What was on its way still is not heard any more.
  hand.handle({ type: "bytes", request: id, length: 5 });
  assertEquals(hand.scheduler.ledger.receivedBytes, 4);
  for (let turn = 1; hand.outcome === undefined; turn = 3 - turn) {
    if (hand.of(turn) !== undefined) hand.deliver(turn);
  }
  assertEquals(hand.outcome, "finish");
});

Deno.test("Scheduler: a file of another size is discarded, too, however much of it has arrived", () => {
  const hand = new Hand(3);
  const other = { type: "partial", start: 0, end: PROBE, size: 7 } as const;
  hand.probed(0, other);
  hand.deliver(0);
  assertEquals([hand.scheduler.ledger.complete, hand.outcome], [true, undefined]);
  answer(hand, 1, "same");
  answer(hand, 2, "same");
  assertEquals(hand.outcome, undefined);
  assertEquals([hand.scheduler.ledger.end, hand.scheduler.ledger.front], [100, 4]);
  assertEquals(hand.work, [undefined, "range 4-10", "range 10-20"]);
});

Deno.test("Scheduler: the first mirror may fail before the others have answered", () => {
  const hand = new Hand(3);
  answer(hand, 0, "right");
  hand.fail(0);
  assertEquals(hand.work, [undefined, "probe 0-4", "probe 0-4"]);
  answer(hand, 1, "right");
  assertEquals(hand.work, [undefined, "range 4-10", "probe 0-4"]);
  assertEquals(hand.types().includes("open"), true);
});

Deno.test("Scheduler: a mirror that was dropped before the mirrors agree is not rejected or admitted", () => {
  for (const others of ["right", "wrong"]) {
    const hand = new Hand(3);
    answer(hand, 0, "right");
    hand.fail(0, { reason: "changed", phase: "headers", retryable: false });
    answer(hand, 1, others);
    answer(hand, 2, others);
    const { state, url } = hand.scheduler.mirrors[0]!;
    assertEquals(state.type === "dropped" && state.failure.reason, "changed");
    const first = hand.events("mirror").filter(({ mirror }) => mirror === url);
    assertEquals(first.map(({ state }) => state), ["dropped"]);
    assertEquals(hand.events("open").length, 1);
  }
});

Deno.test("Scheduler: mirrors are admitted though the download ends with the first bytes", () => {
  const empty = new Hand(2);
  for (const mirror of [0, 1]) empty.probed(mirror, { type: "unsatisfiable", size: 0 });
  const small = new Hand(2).open(3);
  const known = new Hand(1, { knownFile: { size: 0, digest: undefined, mirrors: [urlOf(0)] } });
  for (const hand of [empty, small, known]) {
    assertEquals(hand.outcome, "finish");
    for (const mirror of hand.scheduler.mirrors) assertEquals(mirror.service, "ranges");
    assertEquals(hand.events("mirror").length, hand.scheduler.mirrors.length);
  }
});

for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0]]) {
  Deno.test(`Scheduler: a whole file without a size frees no other request's bytes (answers ${order})`, () => {
    const hand = new Hand(3, { delay: "adaptive", windowSize: 1_000_000, splitSize: 1000 });
    const size = 5_000_000;
    for (const mirror of order) {
      hand.now += 5;
      if (mirror === 0) hand.probed(0, { type: "whole" });
      else hand.probed(mirror, { type: "partial", start: 0, end: PROBE, size });
    }
    for (let turn = 0; hand.outcome === undefined && turn < 1000; turn++) {
      hand.now += 10;
      for (const mirror of [1, 2]) if (hand.of(mirror) !== undefined) hand.deliver(mirror);
      hand.handle({ type: "consumed", bytes: hand.scheduler.heldBytes });
    }
    assertEquals(hand.outcome, "finish");
    for (const command of hand.commands) {
      if (command.type !== "start" || command.kind !== "range") continue;
      const { start, end } = command;
      assertEquals([start >= 0, end! > start, end! <= size], [true, true, true], `${start}-${end}`);
    }
  });
}

Deno.test("Scheduler: a mirror that is being questioned is measured all the same", () => {
  const hand = new Hand(2);
  const says = (size: number) => ({ type: "partial", start: 0, end: PROBE, size }) as const;
  hand.probed(0, says(101), "same");
  const { id, start, end } = hand.of(0)!;
  const answer = { type: "partial", start, end, size: 101 } as const;
  hand.handle({ type: "response", request: id, answer, proof: "pieces", doubt: "other" });
  hand.probed(1, says(100), "same");
  assertEquals(hand.work, ["probe 0-4", "probe 0-4"]);
  const starts = hand.commands.filter((command) => command.type === "start");
  assertEquals(starts.slice(-2).map(({ measures }) => measures), [true, true]);
  hand.probed(1, says(100), "same");
  assertEquals(hand.outcome, undefined);
  hand.probed(0, says(100), "same");
  assertEquals(hand.types().filter((type) => type === "open"), ["open"]);
});

Deno.test("Scheduler: a mirror that is dropped while it is measured is not waited for", () => {
  const hand = new Hand(2);
  const says = (size: number) => ({ type: "partial", start: 0, end: PROBE, size }) as const;
  hand.probed(0, says(101), "same");
  hand.probed(1, says(100), "same");
  hand.fail(0, { retryable: false });
  hand.probed(1, says(100), "same");
  assert(hand.outcome !== undefined);
});

/** A mirror answers its probe with a web page. */
function answerPage(hand: Hand, mirror: number): void {
  const { id } = hand.of(mirror)!;
  hand.respond(mirror, { type: "whole", size: 50 });
  const page = { kind: "html", title: undefined, promised: "film.mkv" } as const;
  hand.handle({ type: "sampled", request: id, length: PROBE, digest: "page", page });
}

/** Advances the time by wake-ups until the download has ended; returns when, in milliseconds. */
function sleepUntilEnd(hand: Hand): number {
  for (let wakeUps = 0; hand.outcome === undefined; wakeUps++) {
    assert(wakeUps < 50 && hand.scheduler.wakeAt < Infinity, "the download never ends");
    hand.sleep();
  }
  return hand.now;
}

Deno.test("Scheduler: a web page waits for the others only as long as they may answer", () => {
  const hand = new Hand(2, { retry: { ...schedulerOptions([]).retry, attempts: 1 } });
  hand.now = 20;
  answerPage(hand, 0);
  assertEquals(sleepUntilEnd(hand), 10_000);
});

Deno.test("Scheduler: a mirror that is dropped before it could be compared is not waited for", () => {
  const landmarks = { ...NO_LANDMARKS, given: [{ start: 40, end: 50 }] };
  const lowestRate = { bytesPerSecond: 1000, periodMs: 2000 };
  const hand = new Hand(2, { landmarks, lowestRate, stallTimeoutMs: 10_000 });
  hand.now = 20;
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size: 100 });
  answerPage(hand, 0);
  assertEquals(hand.work, ["probe 0-50", "check 40-50"]);
  assert(sleepUntilEnd(hand) < 5000);
});

Deno.test("Scheduler: a mirror that waits is not asked for its size before its time", () => {
  const hand = new Hand(2);
  hand.now = 20;
  answer(hand, 0, "same");
  hand.fail(0, { phase: "headers", reason: "status", status: 500, retryAfterMs: 5000 });
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size: 101 });
  assertEquals(hand.work, [undefined, "probe 0-4"]);
  hand.sleep();
  assertEquals([hand.now >= 5020, hand.asked(0)], [true, "probe 0-4"]);
});
