/** Of several mirrors, one whose link may be good for one request is asked for everything. */

import { assertEquals } from "@std/assert";
import type { LiveRequest } from "../../lib/scheduler/requests.ts";
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
  assertEquals(asked(new Hand(2, { ...three, urls: links(2, [0, 1]) })), [sample, sample]);
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
