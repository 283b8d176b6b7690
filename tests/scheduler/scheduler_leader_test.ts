/** Of several mirrors, one is asked for everything, or for much: a leader. */

import { assert, assertEquals } from "@std/assert";
import type { LiveRequest } from "../../lib/scheduler/requests/live_request.ts";
import { simulate } from "../support/simulator/simulator.ts";
import { Hand, PROBE } from "../support/scheduler/hand.ts";
import type { TestOptions } from "../support/scheduler/scheduler_options.ts";
import { commands, consume, refuse, SIZE } from "../support/scheduler/streams.ts";

/** URLs of links; those in `plain` have no query. */
function links(count: number, plain: readonly number[] = []): string[] {
  return Array.from(
    { length: count },
    (_, index) => `http://${index}.test/file${plain.includes(index) ? "" : "?token=1"}`,
  );
}

Deno.test("Scheduler: beside other mirrors, the first whose link may be good for one request is asked for everything", () => {
  const asked = (hand: Hand) =>
    commands(hand, "start").map(({ kind, end, form }) => [kind, end, form]);
  const sample = ["probe", PROBE, "bounded"];
  const all = ["probe", undefined, "open"];
  const three = { delay: "adaptive", maxConnectionsPerMirror: 3 } as const;
  assertEquals(asked(new Hand(3, { ...three, urls: links(3) })), [all, sample, sample]);
  assertEquals(asked(new Hand(3, { ...three, urls: links(3, [0]) })), [sample, all, sample]);
  assertEquals(asked(new Hand(5, { ...three, urls: links(5, [0, 1, 2]) }))[3], all);
  const tokens = [
    "http://0.test/file",
    "http://1.test/d/q7Zk2WfPx0RbN4tE/file",
    "http://2.test/file",
  ];
  assertEquals(asked(new Hand(3, { ...three, urls: tokens })), [sample, all, sample]);
  // The one that answered soonest in an earlier download is expected first.
  const known = [50, 10].map((latencyMs) => ({ latencyMs, bytesPerSecond: 1e6 }));
  assertEquals(asked(new Hand(2, { ...three, urls: links(2), known })), [sample, all]);
  // Two connections are for ranges, what is not read counts for a limit, and classic algorithms read no
  // streams.
  const two = { delay: "adaptive", maxConnectionsPerMirror: 2 } as const;
  for (const options of [{}, two, { ...three, maxRate: 1e6 }]) {
    assertEquals(asked(new Hand(3, { ...options, urls: links(3) })), [sample, sample, sample]);
  }
});

Deno.test("Scheduler: of up to four mirrors whose links are good for many requests, one is asked for the first mebibyte", () => {
  const asked = (count: number, options: TestOptions = {}) =>
    commands(
      new Hand(count, { delay: "adaptive", maxConnectionsPerMirror: 3, ...options }),
      "start",
    )
      .map(({ kind, start, end, form }) => [kind, start, end, form]);
  const sample = ["probe", 0, PROBE, "bounded"];
  const long = ["probe", 0, 1100 * 1024, "bounded"];
  assertEquals(asked(2), [long, sample]);
  assertEquals(asked(4), [long, sample, sample, sample]);
  assertEquals(asked(5), Array(5).fill(sample));
  const known = [50, 10].map((latencyMs) => ({ latencyMs, bytesPerSecond: 1e6 }));
  assertEquals(asked(2, { known }), [sample, long]);
  // What is wanted may be shorter.
  const part = { start: 7, end: 1000 };
  const short = [["probe", 7, 1000, "bounded"], ["probe", 7, 7 + PROBE, "bounded"]];
  assertEquals(asked(2, part), short);
  for (const options of [{ maxConnectionsPerMirror: 2 }, { maxRate: 1e6 }]) {
    assertEquals(asked(2, options), [sample, sample]);
  }
});

Deno.test("Scheduler: that mirror is asked for its first bytes only if it has failed, and the file is open by then", () => {
  const hand = new Hand(2, { delay: "adaptive", maxConnectionsPerMirror: 3 });
  hand.fail(0, { phase: "connect", reason: "network", retryAfterMs: 500 });
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size: 20_000_000 });
  while (hand.of(0) === undefined && hand.now < 2000) {
    hand.now += 50;
    hand.handle({ type: "timeout" });
  }
  const { kind, start, bodyEnd, form } = hand.of(0)!;
  assertEquals([kind, start, bodyEnd, form], ["probe", 0, PROBE, "bounded"]);
});

Deno.test("Scheduler: that mirror owns all of its first response, however late the others answer", () => {
  const size = 20_000_000;
  const length = 1100 * 1024;
  const hand = new Hand(2, {
    delay: "adaptive",
    splitSize: 1_000_000,
    windowSize: 8_000_000,
    maxConnectionsPerMirror: 3,
  });
  hand.now = 50;
  const stream = hand.of(0)!;
  hand.respond(0, { type: "partial", start: 0, end: length, size });
  hand.handle({ type: "sampled", request: stream.id, length: PROBE, digest: "same" });
  const facts = [stream.kind, stream.claimEnd, stream.end, stream.bodyEnd];
  assertEquals(facts, ["range", length, length, length]);
  hand.probed(1, { type: "partial", start: 0, end: PROBE, size });
  assertEquals([stream.claimEnd, stream.end], [length, length]);
  // What follows is for everybody, and the response ends by itself.
  const others = requestsOf(hand, 1);
  assert(others.length > 0 && others.every(({ start }) => start >= length));
  hand.handle({ type: "bytes", request: stream.id, length: length - PROBE });
  hand.handle({ type: "ended", request: stream.id });
  assertEquals(commands(hand, "cancel"), []);
  assertEquals(hand.scheduler.ledger.front, length);
});

Deno.test("Scheduler: of a leader with another file than two others, nothing is used, and its long response comes at most once", () => {
  const wrong = { bytesPerSecond: 50e6, roundTripMs: 75, size: 19e6 };
  const right = { bytesPerSecond: 10e6, roundTripMs: 100 };
  const { error, usedBytesByMirror, bytesByMirror } = simulate({
    links: [wrong, right, right],
    size: 20e6,
    delay: "adaptive",
    maxConnectionsPerMirror: 8,
  });
  assertEquals([error, usedBytesByMirror[0]], [undefined, 0]);
  assert(bytesByMirror[0]! <= 1100 * 1024, `${bytesByMirror[0]}`);
});

/** The first mirror has sent its sample, and the last one's response goes on. */
function two(options: TestOptions = {}): Hand {
  const hand = new Hand(2, {
    delay: "adaptive",
    splitSize: 100_000,
    windowSize: 2_000_000,
    maxConnectionsPerMirror: 3,
    urls: links(2, [0]),
    ...options,
  });
  hand.now = 50;
  hand.probed(0, { type: "partial", start: 0, end: PROBE, size: SIZE });
  const { id } = hand.of(1)!;
  hand.respond(1, { type: "partial", start: 0, end: SIZE, size: SIZE });
  hand.handle({ type: "sampled", request: id, length: PROBE, digest: "same" });
  return hand;
}

function requestsOf(hand: Hand, mirror: number): LiveRequest[] {
  const { mirrors, requests } = hand.scheduler;
  return [...requests].filter((request) => request.mirror === mirrors[mirror]);
}

Deno.test("Scheduler: where every other request is refused, the first response of a link with a query brings the rest", () => {
  for (const maxConnectionsPerMirror of [3, 5] as const) {
    const hand = two({ maxConnectionsPerMirror });
    const [stream] = requestsOf(hand, 1);
    for (let turn = 0; turn < 1000 && hand.outcome === undefined; turn++) {
      const refused = [...hand.scheduler.requests].filter((request) => request !== stream);
      for (const request of refused) {
        if (request.answeredAt === undefined) refuse(hand, request, 403);
      }
      const { id, position, end } = stream!;
      if (position < end) {
        hand.now += 10;
        const length = Math.min(10_000, end - position);
        hand.handle({ type: "bytes", request: id, length });
      } else if (hand.outcome === undefined) hand.sleep();
      consume(hand);
    }
    assertEquals([hand.outcome, hand.scheduler.mirrors[1]!.bytes], ["finish", SIZE]);
  }
});

Deno.test("Scheduler: that response is given up once a mirror has answered again and again, and is no failure", () => {
  const hand = two();
  const [stream] = requestsOf(hand, 1);
  assertEquals(stream!.isKept, true);
  let answers = 1;
  while ([...hand.scheduler.requests].includes(stream!) && answers < 10) {
    const request = requestsOf(hand, 0).find(({ answeredAt }) => answeredAt === undefined)!;
    const { id, start, end } = request;
    hand.now += 10;
    hand.handle({
      type: "response",
      request: id,
      answer: { type: "partial", start, end, size: SIZE },
    });
    hand.handle({ type: "bytes", request: id, length: end - start });
    hand.handle({ type: "ended", request: id });
    consume(hand);
    answers++;
  }
  // Its first answer, and another one.
  assertEquals(answers, 2);
  assertEquals(hand.scheduler.mirrors[1]!.totalFailures, 0);
});
