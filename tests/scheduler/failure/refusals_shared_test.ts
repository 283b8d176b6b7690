import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import { Hand, PROBE } from "../../support/scheduler/hand.ts";
import { schedulerOptions, type TestOptions } from "../../support/scheduler/scheduler_options.ts";

const SIZE = 1_000_000;

const BUSY = { reason: "status", phase: "headers", status: 503, retryable: true } as const;

/** Downloads of the same host, each from its only mirror, and how often each was told to look again. */
function downloads(count: number, options: TestOptions = {}): { hands: Hand[]; turns: number[] } {
  const hosts = new HostLimits();
  const turns = Array<number>(count).fill(0);
  const hands = turns.map((_, index) =>
    new Hand(1, {
      delay: "adaptive",
      splitSize: 100_000,
      windowSize: 200_000,
      hosts,
      onTurn: () => void turns[index]!++,
      ...options,
    })
  );
  return { hands, turns };
}

/** A stream is answered, and its first bytes arrive. */
function answer(hand: Hand): void {
  const { id, start } = hand.of(0)!;
  hand.respond(0, { type: "partial", start, end: SIZE, size: SIZE });
  hand.handle({ type: "sampled", request: id, length: PROBE, digest: "same" });
}

/** All arrives that the window has room for. */
function fill(hand: Hand): void {
  for (let request = hand.of(0)!; !request.isExhausted; request = hand.of(0)!) {
    hand.bytes(0, request.end - request.position);
  }
}

function at(hands: readonly Hand[], now: number): void {
  for (const hand of hands) hand.now = now;
}

Deno.test("a first request that is refused while another download is served waits for its turn", () => {
  const { hands: [one, other], turns } = downloads(2);
  answer(one!);
  other!.fail(0, BUSY);
  const mirror = other!.scheduler.mirrors[0]!;
  assertEquals([mirror.state.type, mirror.failures, other!.outcome], ["waiting", 0, undefined]);
  assertEquals(other!.events("failure").map(({ retryInMs }) => retryInMs), [100]);
  at([one!, other!], 500);
  other!.handle({ type: "timeout" });
  assertEquals(other!.of(0), undefined);
  // The other one has ended.
  one!.scheduler.stop(600);
  assertEquals(turns[1]! > 0, true);
  at([other!], 600);
  other!.handle({ type: "timeout" });
  assertEquals(other!.asked(0)?.split(" ")[0], "probe");
});

Deno.test("a login that is refused is no limit for a file that has not been served", () => {
  for (const status of [401, 407]) {
    const { hands: [one, other] } = downloads(2);
    answer(one!);
    other!.fail(0, { ...BUSY, status, retryable: false, hadCredentials: true });
    assertEquals(other!.scheduler.mirrors[0]!.state.type, "dropped", String(status));
    assert(other!.outcome instanceof NoMirrorLeftError);
  }
});

Deno.test("a download that begins while its host is known to be full waits without a request", () => {
  const hosts = new HostLimits();
  const { hands: [one, other] } = downloads(2, { hosts });
  answer(one!);
  other!.fail(0, BUSY);
  const { hands: [third] } = downloads(1, { hosts });
  assertEquals([third!.of(0), third!.scheduler.mirrors[0]!.state.type], [undefined, "waiting"]);
  one!.scheduler.stop(500);
  at([other!, third!], 500);
  other!.handle({ type: "timeout" });
  third!.handle({ type: "timeout" });
  // The one that has waited longer is first.
  assertEquals([other!.of(0)?.kind, third!.of(0)], ["probe", undefined]);
});

Deno.test("a stream that is not read gives its place away while another download waits", () => {
  const { hands: [one, other] } = downloads(2);
  answer(one!);
  other!.fail(0, BUSY);
  fill(one!);
  at([one!], 200);
  one!.handle({ type: "timeout" });
  assertEquals([one!.of(0)?.isExhausted, one!.scheduler.wakeAt], [true, 2000]);
  at([one!, other!], 1999);
  one!.handle({ type: "timeout" });
  assertEquals(one!.of(0)?.isExhausted, true);
  at([one!, other!], 2000);
  one!.handle({ type: "timeout" });
  assertEquals(one!.of(0), undefined);
  assertEquals(one!.events("cancel").length, 0, "nothing was owned");
  other!.handle({ type: "timeout" });
  assertEquals(other!.asked(0)?.split(" ")[0], "probe");
  const { failures, state } = one!.scheduler.mirrors[0]!;
  assertEquals([failures, state.type], [0, "ready"]);
  // Its consumer goes on: now this one waits for its turn.
  one!.handle({ type: "consumed", bytes: one!.scheduler.heldBytes });
  assertEquals([one!.of(0), one!.outcome], [undefined, undefined]);
  assert(one!.scheduler.wakeAt < Infinity);
  other!.scheduler.stop(3000);
  at([one!], 3000);
  one!.handle({ type: "timeout" });
  assertEquals(one!.of(0)?.start, one!.scheduler.ledger.front);
});

Deno.test("a stream that nobody waits for is kept, however long it is not read", () => {
  const { hands: [one] } = downloads(1);
  answer(one!);
  fill(one!);
  assertEquals([one!.of(0)!.isExhausted, one!.scheduler.wakeAt], [true, Infinity]);
});

Deno.test("a mirror waits as long as its host delivers to others, unless that is limited", () => {
  for (const maxTurnMs of [Infinity, 30_000]) {
    const retry = { ...schedulerOptions([]).retry, jitter: 0, maxTurnMs };
    const { hands: [one, other] } = downloads(2, { retry, windowSize: 1e9 });
    answer(one!);
    other!.fail(0, BUSY);
    let refused = 1;
    for (let now = 100; now < 300_000 && other!.outcome === undefined; now += 100) {
      at([one!, other!], now);
      one!.bytes(0, 1);
      if (now < other!.scheduler.wakeAt) continue;
      other!.handle({ type: "timeout" });
      if (other!.of(0) === undefined) continue;
      other!.fail(0, BUSY);
      refused++;
    }
    assert(refused < 15, `${refused} requests`);
    if (maxTurnMs === Infinity) assertEquals(other!.outcome, undefined);
    else {
      const error = other!.outcome as NoMirrorLeftError;
      assert(error instanceof NoMirrorLeftError);
      assert(/serves no more than one request at once/.test(error.message), error.message);
    }
  }
});

Deno.test("a mirror does not wait for ever for those that hold its host, but receive nothing", () => {
  const retry = { ...schedulerOptions([]).retry, jitter: 0 };
  const { hands: [one, other] } = downloads(2, { retry, idleTimeoutMs: 1e9 });
  answer(one!);
  other!.fail(0, BUSY);
  let rounds = 0;
  while (other!.outcome === undefined && rounds++ < 50) {
    if (other!.of(0) === undefined) other!.sleep();
    else other!.fail(0, BUSY);
  }
  assert(other!.outcome instanceof NoMirrorLeftError);
  assert(other!.now >= 60_000 && other!.now < 130_000, `${other!.now} ms`);
});

Deno.test("a file that is missing on a host that serves more at once is not waited for", () => {
  const { hands: [one, other, late] } = downloads(3);
  answer(one!);
  answer(other!);
  const missing = { ...BUSY, status: 404, retryable: false };
  late!.fail(0, missing);
  // It was one more than the host is known to accept: that may be the reason, for a while.
  const mirror = late!.scheduler.mirrors[0]!;
  assertEquals([mirror.state.type, late!.outcome], ["waiting", undefined]);
  other!.scheduler.stop(1000);
  at([late!], 1000);
  late!.handle({ type: "timeout" });
  for (let round = 0; round < 8 && late!.outcome === undefined; round++) {
    if (late!.of(0) === undefined) late!.sleep();
    else late!.fail(0, missing);
  }
  assert(late!.now < 3000);
  assert(late!.outcome instanceof NoMirrorLeftError);
});

for (const isAddress of [false, true]) {
  const name = isAddress ? "an address of it" : "another URL of it";
  Deno.test(
    `connections refused while the host delivers are ${
      isAddress ? "a failure" : "a limit"
    } at ${name}`,
    () => {
      const at = (index: number) => `http://one.test/${isAddress ? `f#192.0.2.${index}` : index}`;
      const urls = [at(0), at(1)];
      const hand = new Hand(2, { urls, splitSize: 100_000, windowSize: 1_000_000 });
      for (const mirror of [0, 1]) {
        hand.probed(mirror, { type: "partial", start: 0, end: PROBE, size: SIZE });
      }
      const [one, other] = hand.scheduler.mirrors;
      assertEquals([one!.seat.host, other!.seat.host], ["http://one.test", "http://one.test"]);
      hand.respond(0);
      hand.bytes(0, 1000);
      hand.fail(1, { phase: "connect", fault: "refused" });
      assertEquals(other!.totalFailures, isAddress ? 1 : 0);
      assertEquals(one!.seat.limit(hand.now) === Infinity, isAddress);
    },
  );
}
