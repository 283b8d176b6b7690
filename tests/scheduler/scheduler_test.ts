import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../lib/errors.ts";
import { Hand, positions, PROBE, urlOf } from "../support/scheduler/hand.ts";

Deno.test("Scheduler.start() probes every mirror at once", () => {
  assertEquals(new Hand(3).work, ["probe 0-4", "probe 0-4", "probe 0-4"]);
  assertEquals(new Hand(1, { start: 50, end: 52 }).work, ["probe 50-52"]);
  assertEquals(new Hand(1, { start: 50, end: 99 }).work, ["probe 50-54"]);
});

Deno.test("Scheduler: once the mirrors agree, the first bytes of one are used and all get work", () => {
  const hand = new Hand(3).open(100);
  assertEquals(hand.work, ["range 4-10", "range 10-20", "range 20-30"]);
  assertEquals(hand.types().filter((type) => type !== "start"), ["accept", "open"]);
  assertEquals(hand.scheduler.ledger.front, PROBE);
  assertEquals(hand.events("open").map(({ size, mode }) => [size, mode]), [[100, "ranges"]]);
  assertEquals(hand.events("mirror").map(({ state }) => state), ["ready", "ready", "ready"]);
});

Deno.test("Scheduler: every block is requested once, received once, and the download finishes", () => {
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

Deno.test("Scheduler: what a shorter 206 leaves out is requested again", () => {
  const hand = new Hand(2, { delay: positions(0, 1) }).open(100);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.respond(1, { type: "partial", start: 20, end: 23 });
  assertEquals(hand.asked(1), "range 20-23");
  hand.deliver(0);
  hand.deliver(0);
  assertEquals(hand.asked(0), "range 23-30");
});

Deno.test("Scheduler: a 200 in response to a range request is not used as the range", () => {
  const hand = new Hand(2).open(100);
  const { id } = hand.of(1)!;
  hand.handle({ type: "response", request: id, answer: { type: "whole", size: 100 } });
  // These are bytes 0 to 10 of the file, not 10 to 20.
  hand.handle({ type: "bytes", request: id, length: 10 });
  assertEquals(hand.scheduler.ledger.hasReceived(10, 20), false);
  hand.deliver(0);
  assertEquals(hand.asked(0), "range 10-20");
});

Deno.test("Scheduler: a mirror that always responds to ranges with a 200 serves the whole file", () => {
  const hand = new Hand(1).open(100);
  const asked = [];
  while (hand.of(0)?.kind !== "whole" && asked.length < 20) {
    if (hand.of(0) === undefined) hand.sleep();
    else {
      asked.push(hand.of(0)!.form);
      hand.respond(0, { type: "whole", size: 100 });
    }
  }
  assertEquals([asked, hand.asked(0)], [["bounded", "bounded", "open"], "whole 0-100"]);
  hand.respond(0, { type: "whole", size: 100 });
  hand.bytes(0, 100);
  assertEquals(hand.outcome, "finish");
});

Deno.test("Scheduler: what one mirror failed to deliver goes to another, the front first", () => {
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

Deno.test("Scheduler: failures in a row double the wait, bytes between them reset it", () => {
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

Deno.test("Scheduler: a mirror is dropped after its attempts, and at once if the failure is final", () => {
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

Deno.test("Scheduler: Retry-After is waited for, unless it is too long", () => {
  const hand = new Hand(3).open(100);
  hand.fail(1, { retryAfterMs: 7000 });
  hand.fail(2, { retryAfterMs: 120_001 });
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [7000, undefined]);
  assertEquals(hand.scheduler.mirrors[2]!.state.type, "dropped");
});

Deno.test("Scheduler: when no mirror is left, the error lists each one's last failure", () => {
  const hand = new Hand(2);
  hand.fail(1, { retryable: false, reason: "status", status: 401, hadCredentials: true });
  hand.fail(0, { reason: "timeout" });
  hand.sleep();
  assertEquals(hand.work, ["probe 0-4", undefined]);
  hand.fail(0, { retryable: false, reason: "redirect" });
  const error = hand.outcome as NoMirrorLeftError;
  assert(error instanceof NoMirrorLeftError);
  const causes = error.cause.map(({ mirror, reason }) => [mirror, reason]);
  assertEquals(causes, [[urlOf(0), "redirect"], [urlOf(1), "status"]]);
  assert(error.message.includes(urlOf(0)) && error.message.includes(urlOf(1)), error.message);
  assertEquals(hand.events("end").map(({ outcome }) => outcome), ["failed"]);
});

Deno.test("Scheduler: retired mirrors come back when the others have died", () => {
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

Deno.test("Scheduler: closeBadConnections closes the late mirror", () => {
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

Deno.test("Scheduler: blocks that arrive while the front waits are counted from the first on", () => {
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

Deno.test("Scheduler: a mirror that is silent too long is cancelled, and retried later", () => {
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

Deno.test("Scheduler: a mirror that holds up the front in silence loses it to another", () => {
  const hand = new Hand(2).open(100);
  hand.respond(0);
  hand.deliver(1);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.sleep();
  assertEquals([hand.now, hand.asked(0)], [1000, undefined]);
  hand.deliver(1);
  assertEquals(hand.asked(1), "range 4-10");
});

Deno.test("Scheduler: while the process stands still, no silence counts", () => {
  const hand = new Hand(2).open(100);
  for (const mirror of [0, 1]) hand.respond(mirror);
  hand.standStill(4000);
  hand.handle({ type: "timeout" });
  assertEquals(hand.work, ["range 4-10", "range 10-20"]);
  assertEquals(hand.events("failure"), []);
  // From then on they are to be heard of as ever.
  assert(hand.scheduler.wakeAt < hand.now + 10_001);
  hand.sleep();
  assertEquals(hand.events("failure").length, 1);
});

Deno.test("Scheduler: no more is requested than the window has room for", () => {
  const hand = new Hand(2, { windowSize: 40, delay: positions(0, 1) }).open(200);
  assertEquals(hand.work, ["range 4-10", "range 20-30"]);
  hand.deliver(1);
  // 4 and 10 bytes are held, 6 requested; a block's room is kept for the front.
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

Deno.test("Scheduler: a mirror counts at the host that answers, also where it is its own one again", () => {
  const hand = new Hand(1);
  hand.open(100);
  const { seat } = hand.scheduler.mirrors[0]!;
  const respond = (location: string | undefined) => {
    const { id, start, end } = hand.of(0)!;
    const answer = { type: "partial", start, end, size: 100 } as const;
    hand.handle({ type: "response", request: id, answer, details: { location } });
    hand.deliver(0);
    return seat.host;
  };
  assertEquals(respond("http://cdn.test/file"), "http://cdn.test");
  assertEquals(respond("http://cdn.test/file"), "http://cdn.test");
  assertEquals(respond(undefined), "http://0.test");
});
