import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../lib/errors.ts";
import { Hand, positions, PROBE, urlOf } from "../support/hand.ts";
import { ScriptedHand } from "../support/scripted_hand.ts";

Deno.test("Scheduler.start() probes every mirror at once", () => {
  assertEquals(new Hand(3).work, ["probe 0-4", "probe 0-4", "probe 0-4"]);
  assertEquals(new Hand(1, { start: 50, end: 52 }).work, ["probe 50-52"]);
  assertEquals(new Hand(1, { start: 50, end: 99 }).work, ["probe 50-54"]);
});

Deno.test("Scheduler: once the mirrors agree, one's first bytes are used and all get work", () => {
  const hand = new Hand(3).open(100);
  assertEquals(hand.work, ["range 4-10", "range 10-20", "range 20-30"]);
  assertEquals(hand.types().filter((type) => type !== "start"), ["accept", "open"]);
  assertEquals(hand.scheduler.ledger.front, PROBE);
  assertEquals(hand.events("open").map(({ size, mode }) => [size, mode]), [[100, "ranges"]]);
  assertEquals(hand.events("mirror").map(({ state }) => state), ["ready", "ready", "ready"]);
});

Deno.test("Scheduler: every block is asked for once, received once, and the download finishes", () => {
  const hand = new Hand(2).open(47);
  for (let turn = 0; hand.outcome === undefined; turn = 1 - turn) {
    if (hand.of(turn) !== undefined) hand.deliver(turn);
  }
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.events("send").map(({ block }) => block), [0, 1, 2, 3, 4]);
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1, 2, 3, 4]);
  assertEquals(hand.events("end").map(({ outcome }) => outcome), ["complete"]);
  assertEquals(hand.scheduler.wakeAt, Infinity);
  assertEquals(hand.scheduler.handle({ type: "timeout" }, 1e6), []);
});

Deno.test("Scheduler: a mirror's first bytes may be all there is, or all that is wanted", () => {
  for (const size of [1, 3, 4]) assertEquals(new Hand(2).open(size).outcome, "finish", `${size}`);
  assertEquals(new Hand(1, { start: 7, end: 9 }).open(100).outcome, "finish");
});

Deno.test("Scheduler: a range ends where the file does, and blocks count from its start", () => {
  const hand = new Hand(2, { start: 25, end: 400 }).open(48);
  assertEquals(hand.work, ["range 29-35", "range 35-45"]);
  hand.deliver(0);
  assertEquals(hand.asked(0), "range 45-48");
  hand.deliver(0);
  hand.deliver(1);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 2, 1]);
});

Deno.test("Scheduler: what a shorter 206 leaves out is asked for again", () => {
  const hand = new Hand(2, { delay: positions(0, 1) }).open(100);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.respond(1, { type: "partial", start: 20, end: 23 });
  assertEquals(hand.asked(1), "range 20-23");
  hand.deliver(0);
  hand.deliver(0);
  assertEquals(hand.asked(0), "range 23-30");
});

Deno.test("Scheduler: a 200 in answer to a range is not taken for the range", () => {
  const hand = new Hand(2).open(100);
  const { id } = hand.of(1)!;
  hand.handle({ type: "response", request: id, answer: { type: "whole", size: 100 } });
  // These are bytes 0 to 10 of the file, not 10 to 20.
  hand.handle({ type: "bytes", request: id, length: 10 });
  assertEquals(hand.scheduler.ledger.hasReceived(10, 20), false);
  hand.deliver(0);
  assertEquals(hand.asked(0), "range 10-20");
});

Deno.test("Scheduler: a mirror that always answers ranges with a 200 is given up", () => {
  const hand = new Hand(1).open(100);
  for (let round = 0; round < 20 && hand.outcome === undefined; round++) {
    hand.respond(0, { type: "whole", size: 100 });
    if (hand.outcome === undefined) hand.sleep();
  }
  assert(hand.outcome instanceof NoMirrorLeftError);
});

Deno.test("Scheduler: what one mirror failed to bring goes to another, the front first", () => {
  const hand = new Hand(2).open(100);
  hand.respond(0);
  hand.bytes(0, 2);
  hand.fail(0);
  assertEquals(hand.work, [undefined, "range 10-20"]);
  hand.deliver(1);
  assertEquals(hand.asked(1), "range 6-10");
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [250]);
  hand.sleep();
  assertEquals([hand.now, hand.asked(0)], [250, "range 20-30"]);
});

Deno.test("Scheduler: failures in a row double the wait, bytes between them forgive", () => {
  const hand = new Hand(2, { stallTimeoutMs: 10_000 }).open(100);
  const waits = () => hand.events("failure").map(({ retryInMs }) => retryInMs);
  for (let failures = 0; failures < 3; failures++) {
    hand.fail(1);
    hand.sleep();
  }
  hand.respond(1);
  hand.bytes(1, 1);
  hand.fail(1);
  assertEquals(waits(), [250, 500, 1000, 250]);
});

Deno.test("Scheduler: a mirror is given up after its attempts, and at once where that is final", () => {
  const hand = new Hand(3, { stallTimeoutMs: 10_000 }).open(100);
  while (hand.scheduler.mirrors[1]!.alive) {
    hand.fail(1);
    if (hand.scheduler.mirrors[1]!.alive) hand.sleep();
  }
  assertEquals(hand.scheduler.mirrors[1]!.totalFailures, 5);
  hand.fail(2, { retryable: false });
  const dropped = hand.events("mirror").filter(({ state }) => state === "dropped");
  assertEquals(dropped.map(({ mirror }) => mirror), [urlOf(1), urlOf(2)]);
  assertEquals(hand.outcome, undefined);
});

Deno.test("Scheduler: Retry-After is waited for, unless it asks for too much", () => {
  const hand = new Hand(3).open(100);
  hand.fail(1, { retryAfterMs: 7000 });
  hand.fail(2, { retryAfterMs: 120_001 });
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [7000, undefined]);
  assertEquals(hand.scheduler.mirrors[2]!.state.type, "dropped");
});

Deno.test("Scheduler: when no mirror is left, the error lists each one's last failure", () => {
  const hand = new Hand(2);
  hand.fail(1, { retryable: false, reason: "status" });
  hand.fail(0, { reason: "timeout" });
  hand.sleep();
  assertEquals(hand.work, ["probe 0-4", undefined]);
  hand.fail(0, { retryable: false, reason: "encoding" });
  const error = hand.outcome as NoMirrorLeftError;
  assert(error instanceof NoMirrorLeftError);
  const causes = error.cause.map(({ mirror, reason }) => [mirror, reason]);
  assertEquals(causes, [[urlOf(0), "encoding"], [urlOf(1), "status"]]);
  assert(error.message.includes(urlOf(0)) && error.message.includes(urlOf(1)), error.message);
  assertEquals(hand.events("end").map(({ outcome }) => outcome), ["failed"]);
});

Deno.test("Scheduler: mirrors that were sent home come back when the others have died", () => {
  const hand = new Hand(2, { delay: positions(0, Infinity) }).open(100);
  assertEquals(hand.scheduler.mirrors[1]!.state.type, "retired");
  hand.deliver(0);
  assertEquals(hand.work, ["range 10-20", undefined]);
  hand.fail(0);
  assertEquals(hand.work, [undefined, "range 10-20"]);
  hand.sleep();
  hand.fail(0, { retryable: false });
  for (let turn = 0; hand.outcome === undefined && turn < 20; turn++) hand.deliver(1);
  assertEquals(hand.outcome, "finish");
});

Deno.test("Scheduler: the first copy of a block to be complete wins, the other is cancelled", () => {
  let again = false;
  const hand = new Hand(2, { duplicate: () => again }).open(100);
  hand.now = 100;
  for (const mirror of [0, 1]) hand.respond(mirror);
  hand.bytes(0, 2);
  again = true;
  hand.deliver(1);
  assertEquals(hand.work, ["range 4-10", "range 6-10"]);
  again = false;
  const late = hand.of(0)!.id;
  hand.now = 200;
  hand.deliver(1);
  assert(hand.commands.some((command) => command.type === "cancel" && command.request === late));
  assertEquals(hand.events("send").filter(({ duplicate }) => duplicate).length, 1);
  assertEquals(hand.events("receive").map(({ block }) => block), [1, 0]);
  assertEquals(hand.scheduler.mirrors.map(({ duplicates }) => duplicates), [0, 1]);
  assertEquals(hand.scheduler.mirrors[0]!.idle, false);
  // What was on its way still is heard, and changes nothing.
  hand.handle({ type: "bytes", request: late, length: 4 });
  assertEquals(hand.scheduler.ledger.receivedBytes, 20);
});

Deno.test("Scheduler: closeBadConnections gives the late mirror up", () => {
  let again = false;
  const options = { duplicate: () => again, closeBadConnections: true };
  const hand = new Hand(2, options).open(40);
  again = true;
  hand.deliver(1);
  again = false;
  assertEquals(hand.work, [undefined, "range 4-10"]);
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "closed");
  hand.deliver(1);
  assertEquals(hand.work, [undefined, "range 20-30"]);
  // Better a bad one than none.
  hand.fail(1, { retryable: false });
  assertEquals(hand.work, ["range 20-30", undefined]);
});

Deno.test("Scheduler: blocks that come while the front waits are counted from the first on", () => {
  const seen: number[] = [];
  const hand = new Hand(2, {
    duplicate: ({ receivedSinceFront }) => seen.push(receivedSinceFront) === 0,
  }).open(100);
  seen.length = 0;
  hand.deliver(1);
  hand.deliver(1);
  hand.deliver(1);
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("Scheduler: who is silent too long is cancelled, and asked again later", () => {
  const hand = new Hand(1, { connectTimeoutMs: 3000, idleTimeoutMs: 2000 });
  assertEquals(hand.scheduler.wakeAt, 3000);
  const { id } = hand.of(0)!;
  hand.sleep();
  assert(hand.commands.some((command) => command.type === "cancel" && command.request === id));
  assertEquals(hand.scheduler.wakeAt, 3250);
  hand.sleep();
  hand.open(100);
  hand.now += 500;
  hand.respond(0);
  assertEquals(hand.scheduler.wakeAt, hand.now + 2000);
  hand.now += 1500;
  hand.bytes(0, 1);
  assertEquals(hand.scheduler.wakeAt, hand.now + 2000);
});

Deno.test("Scheduler: whoever holds up the front in silence loses it to another", () => {
  const hand = new Hand(2).open(100);
  hand.respond(0);
  hand.deliver(1);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.sleep();
  assertEquals([hand.now, hand.asked(0)], [1000, undefined]);
  hand.deliver(1);
  assertEquals(hand.asked(1), "range 4-10");
});

Deno.test("Scheduler: a wake-up that is far too late blames nobody", () => {
  const hand = new Hand(2).open(100);
  for (const mirror of [0, 1]) hand.respond(mirror);
  hand.now = hand.scheduler.wakeAt + 3_600_000;
  hand.handle({ type: "timeout" });
  assertEquals(hand.work, ["range 4-10", "range 10-20"]);
  assertEquals(hand.events("failure"), []);
  // From then on they are to be heard of as ever.
  assert(hand.scheduler.wakeAt < hand.now + 10_001);
  hand.sleep();
  assertEquals(hand.events("failure").length, 1);
});

Deno.test("Scheduler: nobody is asked for more than the window has room for", () => {
  const hand = new Hand(2, { windowSize: 40, delay: positions(0, 1) }).open(200);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.deliver(1);
  // 4 and 10 bytes are held, 6 asked for; a block's room is kept for the front.
  assertEquals(hand.work, ["range 4-10", "range 30-40"]);
  hand.deliver(1);
  assertEquals(hand.work, ["range 4-10", undefined]);
  hand.deliver(0);
  assertEquals(hand.work, ["range 10-20", undefined]);
  hand.handle({ type: "consumed", bytes: 10 });
  assertEquals(hand.work, ["range 10-20", undefined]);
  hand.deliver(0);
  hand.handle({ type: "consumed", bytes: 30 });
  assertEquals(hand.work, ["range 40-50", "range 60-70"]);
});

Deno.test("Scheduler: a range is told of by the blocks that begin in it, but at least by one", () => {
  const hand = new ScriptedHand(2);
  const sent = () => hand.events("send").map(({ block }) => block);
  hand.ask(0, 4, 10);
  hand.ask(0, 10, 35);
  hand.ask(1, 35, 40);
  hand.ask(1, 45, 61);
  assertEquals(sent(), [0, 1, 2, 3, 3, 5, 6]);
});

Deno.test("Scheduler: a mirror may have several requests under way", () => {
  const hand = new ScriptedHand(1);
  const [first, second] = [hand.ask(0, 4, 30), hand.ask(0, 30, 60)];
  hand.bring(second!, 30);
  hand.handle({ type: "ended", request: second!.id });
  hand.bring(first!, 26);
  hand.handle({ type: "ended", request: first!.id });
  assertEquals(hand.scheduler.ledger.front, 60);
  assertEquals(hand.events("receive").map(({ block }) => block), [3, 4, 5, 0, 1, 2]);
});

Deno.test("Scheduler: a stolen range belongs to the thief, and its owner goes on up to there", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "steal", mirror: 1, range: { start: 40, end: 60 }, late: late.id });
  assertEquals(hand.work, ["range 4-60", "range 40-60"]);
  assertEquals([late.claimEnd, late.end, hand.free], [40, 60, [[60, 100]]]);
  assertEquals(hand.events("send").map(({ block, duplicate }) => [block, duplicate]), [
    ...[1, 2, 3, 4, 5].map((block) => [block, false]),
    ...[4, 5].map((block) => [block, true]),
  ]);
  assertEquals(hand.scheduler.mirrors.map(({ duplicates }) => duplicates), [0, 1]);
  assertEquals(hand.cancelled(late), false);
  // When the thief fails, nobody owns it; what the owner brings of it counts all the same.
  hand.fail(1);
  assertEquals(hand.free, [[40, 100]]);
  hand.bring(late, 40);
  assertEquals([hand.scheduler.ledger.front, hand.free], [44, [[44, 100]]]);
  assertEquals(hand.scheduler.mirrors[0]!.wastedBytes, 0);
});

/**
 * Of a request for 4 to `end` everything from `cut` on is stolen, and what is before that comes in
 * 50 ms, as long as the first answer took. Returns whether the request is given up by that.
 */
function givenUp(cut: number, end: number): boolean {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, end);
  hand.plan({ type: "steal", mirror: 1, range: { start: cut, end }, late: late.id });
  hand.bring(late, 6);
  hand.now += 50;
  hand.bring(late, cut - 10);
  // What the thief owns stays with it.
  assertEquals([hand.asked(1), hand.free], [`range ${cut}-${end}`, [[end, 100]]]);
  return hand.cancelled(late);
}

Deno.test("Scheduler: an owner at the end of its claim is given up, unless ending costs less", () => {
  assertEquals([30, 50].map((end) => givenUp(18, end)), [false, true]);
});

// Fails: as long as each chunk completes a block, nobody looks at what follows the claim.
Deno.test(
  "Scheduler: an owner is given up, too, when its last bytes complete a block",
  () => {
    assertEquals([30, 60].map((end) => givenUp(20, end)), [false, true]);
  },
);

Deno.test("Scheduler: a duplicated range is still its owner's", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "duplicate", mirror: 1, range: { start: 4, end: 10 }, late: late.id });
  assertEquals([late.claimEnd, hand.work], [60, ["range 4-60", "range 4-10"]]);
  hand.fail(1);
  assertEquals(hand.free, [[60, 100]]);
});

Deno.test("Scheduler: what is revoked is free again, and counts if it comes after all", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.bring(late, 6);
  hand.plan({ type: "revoke", request: late.id });
  assertEquals([late.claimEnd, hand.free, hand.cancelled(late)], [10, [[10, 100]], false]);
  assertEquals(hand.scheduler.ledger.frontWasReturned, true);
  hand.bring(late, 10);
  assertEquals([hand.scheduler.ledger.front, hand.free], [20, [[20, 100]]]);
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1]);
  // Others are asked for what it would bring next.
  hand.ask(1, 20, 40);
  hand.fail(0);
  assertEquals([hand.free, hand.events("failure").length], [[[40, 100]], 1]);
});

Deno.test("Scheduler: whoever lost its range by a silence has failed when it stays silent", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "revoke", request: late.id });
  const other = hand.ask(1, 4, 60);
  hand.now += 900;
  hand.bring(other, 40);
  // Not because others have brought its bytes: it would only be asked again.
  assertEquals(hand.cancelled(late), false);
  hand.sleep();
  assertEquals([hand.now, hand.cancelled(late)], [50 + 1000, true]);
  assertEquals(hand.scheduler.mirrors.map(({ failures }) => failures), [1, 0]);
  assertEquals(hand.free, [[60, 100]]);
});

Deno.test("Scheduler: a shorter 206 to a request that was stolen from leaves the thief's range alone", () => {
  const hand = new ScriptedHand(2);
  hand.plan({ type: "ask", mirror: 0, range: { start: 4, end: 60 }, reason: "front" });
  const { id } = hand.of(0)!;
  hand.plan({ type: "steal", mirror: 1, range: { start: 30, end: 60 }, late: id });
  hand.handle({ type: "response", request: id, answer: { type: "partial", start: 4, end: 20 } });
  assertEquals([hand.asked(0), hand.free], ["range 4-20", [[20, 30], [60, 100]]]);
});

Deno.test("Scheduler: a mirror that goes silent has failed once, however much was asked of it", () => {
  const hand = new ScriptedHand(3);
  const requests = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  const other = hand.ask(1, 40, 60);
  hand.sleep();
  assertEquals(hand.now, 1050);
  assertEquals(requests.map((request) => hand.cancelled(request)), [true, true]);
  const { failures, totalFailures, state } = hand.scheduler.mirrors[0]!;
  assertEquals([failures, totalFailures, state.type], [1, 1, "waiting"]);
  assertEquals(hand.events("failure").map(({ mirror }) => mirror), [urlOf(0)]);
  assertEquals([hand.cancelled(other), hand.free], [false, [[4, 40], [60, 100]]]);
});

Deno.test("Scheduler: a mirror with one silent request goes on with the other", () => {
  const hand = new ScriptedHand(2);
  const [silent, other] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  hand.now += 900;
  hand.bring(other!, 5);
  hand.sleep();
  assertEquals([hand.now, hand.cancelled(silent!), hand.cancelled(other!)], [1050, true, false]);
  assertEquals(hand.free, [[4, 20], [40, 100]]);
});

for (const status of [429, 503]) {
  Deno.test(`Scheduler: a ${status} to a second request leaves the first one alone`, () => {
    const hand = new ScriptedHand(2);
    const first = hand.ask(0, 4, 20);
    assertEquals(hand.scheduler.mirrors[0]!.maxConnections, 2);
    const failure = { status, phase: "headers", reason: "status" } as const;
    hand.failRequest(hand.ask(0, 20, 40), failure);
    const { maxConnections, state, failures, totalFailures } = hand.scheduler.mirrors[0]!;
    assertEquals([maxConnections, state.type, failures, totalFailures], [1, "ready", 0, 1]);
    assertEquals([hand.live(0), hand.free], [[first], [[20, 100]]]);
    // With nothing else under way, it means the mirror.
    hand.failRequest(first, failure);
    assertEquals(hand.scheduler.mirrors[0]!.state.type, "waiting");
    assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [0, 250]);
  });
}

Deno.test("Scheduler: Retry-After of a second request is kept, while the first one goes on", () => {
  const hand = new ScriptedHand(2);
  const first = hand.ask(0, 4, 20);
  hand.failRequest(hand.ask(0, 20, 40), { status: 503, retryAfterMs: 3000 });
  const mirror = hand.scheduler.mirrors[0]!;
  assertEquals([mirror.state.type, mirror.available, hand.live(0)], ["waiting", false, [first]]);
  hand.bring(first, 16);
  hand.handle({ type: "ended", request: first.id });
  assertEquals([hand.scheduler.ledger.front, hand.scheduler.wakeAt], [20, 3050]);
  hand.sleep();
  assertEquals([mirror.state.type, mirror.failures, mirror.maxConnections], ["ready", 0, 1]);
});

Deno.test("Scheduler: a second request that is refused for good ends the mirror", () => {
  const hand = new ScriptedHand(2);
  const [first, second] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  hand.failRequest(second!, { status: 404, reason: "status", retryable: false });
  assertEquals([hand.scheduler.mirrors[0]!.state.type, hand.live(0)], ["dropped", []]);
  assertEquals([hand.cancelled(first!), hand.free], [true, [[4, 100]]]);
});

/** A mirror answers its probe with a part of a file of 100 bytes. */
function answer(hand: Hand, mirror: number, digest: string): void {
  hand.probed(mirror, { type: "partial", start: 0, end: PROBE, size: 100 }, digest);
}

Deno.test("Scheduler: the first answer is enough to ask for more, but not to hand it over", () => {
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

Deno.test("Scheduler: before the mirrors have agreed, no more than the window is asked for", () => {
  const hand = new Hand(3, { windowSize: 40 });
  answer(hand, 0, "right");
  while (hand.of(0) !== undefined) hand.deliver(0);
  assertEquals(hand.scheduler.heldBytes, 40);
  assertEquals(hand.types().includes("open"), false);
  answer(hand, 1, "right");
  assertEquals(hand.types().includes("open"), true);
});

Deno.test("Scheduler: a file that is there before the mirrors have agreed is complete when they have", () => {
  const small = { type: "partial", start: 0, end: PROBE, size: 20 } as const;
  const hand = new Hand(3);
  hand.probed(0, small);
  while (hand.of(0) !== undefined) hand.deliver(0);
  assertEquals([hand.scheduler.ledger.complete, hand.outcome], [true, undefined]);
  hand.probed(1, small);
  assertEquals(hand.outcome, "finish");
  assertEquals(hand.types().slice(-3), ["open", "cancel", "finish"]);
});

Deno.test("Scheduler: what came before the mirrors agreed on another file is of no use", () => {
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
  const told = hand.types().filter((type) => type !== "start");
  assertEquals(told, ["accept", "cancel", "discard", "open", "accept"]);
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

Deno.test("Scheduler: a file of another size is discarded, too, however much of it has come", () => {
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
