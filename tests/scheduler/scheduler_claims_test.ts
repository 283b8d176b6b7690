/** Several requests to a mirror, and claims that are stolen, revoked or duplicated. */

import { assertEquals } from "@std/assert";
import { ScriptedHand, urlOf } from "../support/scheduler/hand.ts";

Deno.test("Scheduler: a range is reported as the blocks that begin in it, but at least as one", () => {
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
  hand.arrive(second!, 30);
  hand.handle({ type: "ended", request: second!.id });
  hand.arrive(first!, 26);
  hand.handle({ type: "ended", request: first!.id });
  assertEquals(hand.scheduler.ledger.front, 60);
  assertEquals(hand.events("receive").map(({ block }) => block), [3, 4, 5, 0, 1, 2]);
});

Deno.test("Scheduler: a stolen range belongs to the new request, and the old one goes on up to there", () => {
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
  // When the new request fails, the range is free; what the old one delivers of it still counts.
  hand.fail(1);
  assertEquals(hand.free, [[40, 100]]);
  hand.arrive(late, 40);
  assertEquals([hand.scheduler.ledger.front, hand.free], [44, [[44, 100]]]);
  assertEquals(hand.scheduler.mirrors[0]!.wastedBytes, 0);
});

/**
 * Of a request for 4 to `end` everything from `cut` on is stolen, and what is before that comes in
 * 50 ms, as long as the first answer took. Returns whether that cancels the request.
 */
function givenUp(cut: number, end: number): boolean {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, end);
  hand.plan({ type: "steal", mirror: 1, range: { start: cut, end }, late: late.id });
  hand.arrive(late, 6);
  hand.now += 50;
  hand.arrive(late, cut - 10);
  // The new request keeps what it owns.
  assertEquals([hand.asked(1), hand.free], [`range ${cut}-${end}`, [[end, 100]]]);
  return hand.cancelled(late);
}

Deno.test("Scheduler: a request at the end of what it owns is cancelled, unless ending costs less", () => {
  assertEquals([30, 50].map((end) => givenUp(18, end)), [false, true]);
});

Deno.test(
  "Scheduler: a request is cancelled, too, when its last owned bytes complete a block",
  () => {
    assertEquals([30, 60].map((end) => givenUp(20, end)), [false, true]);
  },
);

Deno.test("Scheduler: a duplicated range is still owned by the first request", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "duplicate", mirror: 1, range: { start: 4, end: 10 }, late: late.id });
  assertEquals([late.claimEnd, hand.work], [60, ["range 4-60", "range 4-10"]]);
  hand.fail(1);
  assertEquals(hand.free, [[60, 100]]);
});

Deno.test("Scheduler: a revoked range is free again, and counts if it arrives after all", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.arrive(late, 6);
  hand.plan({ type: "revoke", request: late.id });
  assertEquals([late.claimEnd, hand.free, hand.cancelled(late)], [10, [[10, 100]], false]);
  assertEquals(hand.scheduler.ledger.wasReturned(hand.scheduler.ledger.front), true);
  hand.arrive(late, 10);
  assertEquals([hand.scheduler.ledger.front, hand.free], [20, [[20, 100]]]);
  assertEquals(hand.events("receive").map(({ block }) => block), [0, 1]);
  // What it would deliver next is requested from others.
  hand.ask(1, 20, 40);
  hand.fail(0);
  assertEquals([hand.free, hand.events("failure").length], [[[40, 100]], 1]);
});

Deno.test("Scheduler: a request that lost the head of its range delivers the rest, and the head if it comes first", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "revoke", request: late.id, to: 20 });
  assertEquals([late.claimStart, late.claimEnd, hand.free], [20, 60, [[4, 20], [60, 100]]]);
  const other = hand.ask(1, 4, 20);
  hand.arrive(other, 10);
  hand.arrive(late, 30);
  assertEquals([hand.scheduler.ledger.front, hand.scheduler.mirrors[0]!.wastedBytes], [34, 10]);
  hand.fail(0);
  assertEquals(hand.free, [[34, 100]]);
});

Deno.test("Scheduler: a request that lost its range by a silence fails if it stays silent", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "revoke", request: late.id });
  const other = hand.ask(1, 4, 60);
  hand.now += 900;
  hand.arrive(other, 40);
  // It stays, though others have delivered its bytes: otherwise it would only get a new request.
  assertEquals(hand.cancelled(late), false);
  hand.sleep();
  assertEquals([hand.now, hand.cancelled(late)], [50 + 1000, true]);
  assertEquals(hand.scheduler.mirrors.map(({ failures }) => failures), [1, 0]);
  assertEquals(hand.free, [[60, 100]]);
});

Deno.test("Scheduler: a shorter 206 leaves a range alone that was stolen from its request", () => {
  const hand = new ScriptedHand(2);
  hand.plan({ type: "ask", mirror: 0, range: { start: 4, end: 60 }, reason: "front" });
  const { id } = hand.of(0)!;
  hand.plan({ type: "steal", mirror: 1, range: { start: 30, end: 60 }, late: id });
  hand.handle({ type: "response", request: id, answer: { type: "partial", start: 4, end: 20 } });
  assertEquals([hand.asked(0), hand.free], ["range 4-20", [[20, 30], [60, 100]]]);
});

Deno.test("Scheduler: a mirror that goes silent has failed once, however many requests it had", () => {
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
  hand.arrive(other!, 5);
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
    assertEquals([maxConnections, state.type, failures, totalFailures], [1, "ready", 0, 0]);
    assertEquals([hand.live(0), hand.free], [[first], [[20, 100]]]);
    // With nothing else under way, it may have come too soon.
    hand.now += 1000;
    hand.failRequest(first, failure);
    assertEquals(hand.scheduler.mirrors[0]!.state.type, "waiting");
    assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [100, 500]);
    // Long after it has delivered anything, it means the mirror.
    hand.sleep();
    const last = hand.ask(0, 40, 60);
    hand.now += 80_000;
    hand.failRequest(last, failure);
    assertEquals(hand.scheduler.mirrors[0]!.failures, 1);
  });
}

Deno.test("Scheduler: Retry-After of a second request does not hold up the first one, or what follows it", () => {
  const hand = new ScriptedHand(2);
  const first = hand.ask(0, 4, 20);
  hand.failRequest(hand.ask(0, 20, 40), { status: 503, retryAfterMs: 3000 });
  const mirror = hand.scheduler.mirrors[0]!;
  assertEquals([mirror.state.type, mirror.maxConnections, hand.live(0)], ["ready", 1, [first]]);
  hand.arrive(first, 16);
  hand.handle({ type: "ended", request: first.id });
  // The host gets a moment to notice.
  assertEquals([hand.scheduler.ledger.front, mirror.idle, hand.scheduler.wakeAt], [20, false, 150]);
  hand.sleep();
  assertEquals([mirror.state.type, mirror.failures, mirror.idle], ["ready", 0, true]);
  // Refused with nothing else under way, it is waited for.
  hand.failRequest(hand.ask(0, 20, 40), { status: 503, retryAfterMs: 3000 });
  assertEquals([mirror.state.type, hand.scheduler.wakeAt], ["waiting", 3150]);
});

Deno.test("Scheduler: a login or a way that a second request is refused is a limit, until nothing delivers", () => {
  const refused = { phase: "headers", retryable: false } as const;
  const all = [
    // Without a login it would be the answer to the form of the request.
    { ...refused, reason: "status", status: 401, hadCredentials: true },
    // It was sent in circles.
    { ...refused, reason: "redirect" },
  ] as const;
  for (const denied of all) {
    const hand = new ScriptedHand(2);
    const [first, second] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
    hand.failRequest(second!, denied);
    const [mirror] = hand.scheduler.mirrors;
    assertEquals([mirror!.state.type, hand.live(0)], ["ready", [first]]);
    assertEquals([mirror!.failures, hand.cancelled(first!)], [0, false]);
    hand.now += 10_000;
    hand.failRequest(first!, denied);
    assertEquals([mirror!.state.type, hand.live(0)], ["dropped", []]);
  }
});

Deno.test("Scheduler: a second request that is refused for good drops the mirror", () => {
  const hand = new ScriptedHand(2);
  const [first, second] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  hand.failRequest(second!, { reason: "mismatch", retryable: false });
  assertEquals([hand.scheduler.mirrors[0]!.state.type, hand.live(0)], ["dropped", []]);
  assertEquals([hand.cancelled(first!), hand.free], [true, [[4, 100]]]);
});
