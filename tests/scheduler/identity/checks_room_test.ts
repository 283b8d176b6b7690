/** Room for checks at a host that takes few requests, while the response that they decide on is held back. */

import { assert, assertEquals } from "@std/assert";
import { NO_LANDMARKS } from "../../../lib/scheduler/identity/pieces.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests/live_request.ts";
import { Hand, PROBE } from "../../support/scheduler/hand.ts";
import { consume, refuse, SIZE } from "../../support/scheduler/streams.ts";

/** Two pieces of the file are known. */
const LANDMARKS = {
  ...NO_LANDMARKS,
  given: [{ start: 0, end: 100 }, { start: 5000, end: 5100 }],
  has: () => true,
};

/** The only mirror has answered a request for everything; its host takes `most` requests at once. */
function scene(most: number, status: number) {
  const hand = new Hand(1, {
    delay: "adaptive",
    splitSize: 100_000,
    windowSize: 500_000,
    maxConnectionsPerMirror: 3,
    landmarks: LANDMARKS,
  });
  hand.now = 20;
  const { id } = hand.of(0)!;
  hand.respond(0, { type: "partial", start: 0, end: SIZE, size: SIZE });
  hand.handle({ type: "sampled", request: id, length: PROBE, digest: "same" });
  const answer = (request: LiveRequest) => {
    const served = [...hand.scheduler.requests].filter(({ answeredAt }) =>
      answeredAt !== undefined
    );
    if (served.length >= most) return refuse(hand, request, status);
    const { id, kind, start, bodyEnd } = request;
    const end = Math.min(bodyEnd, SIZE);
    const partial = { type: "partial", start, end, size: SIZE } as const;
    hand.handle({ type: "response", request: id, answer: partial });
    if (kind !== "check") return;
    hand.handle({
      type: "compared",
      request: id,
      length: end - start,
      differsAt: undefined,
      fresh: false,
    });
  };
  return { hand, answer };
}

/** Lets every request be answered after 20 ms, until the file is open; returns the requests sent by then. */
function run(most: number, status: number): string[] {
  const { hand, answer } = scene(most, status);
  const starts = () =>
    hand.commands.flatMap((command) => command.type === "start" ? [command] : []);
  for (let turn = 0; turn < 100 && !hand.types().includes("open"); turn++) {
    const waiting = [...hand.scheduler.requests].filter(({ answeredAt }) =>
      answeredAt === undefined
    );
    if (waiting.length === 0) hand.sleep();
    else hand.now += 20;
    for (const request of waiting) answer(request);
  }
  consume(hand);
  assertEquals(hand.outcome, undefined);
  return starts().map(({ kind, start }) => `${kind} ${start}`);
}

Deno.test("Checks: the response that is held back gives up its connection where the host takes no other", () => {
  for (const status of [410, 503]) {
    const sent = run(1, status);
    const checks = sent.filter((request) => request.startsWith("check"));
    // Two were refused, and one of them may be so again while the host takes the response for a live one.
    assert(checks.length >= 4 && checks.length <= 6, `${status}: ${sent}`);
  }
});

Deno.test("Checks: where the host takes more, it goes on when they have passed", () => {
  const { hand, answer } = scene(3, 503);
  const [probe] = [...hand.scheduler.requests];
  for (const request of [...hand.scheduler.requests].slice(1)) answer(request);
  assert(hand.types().includes("open"));
  assertEquals([...hand.scheduler.requests].includes(probe!), true);
  assertEquals(probe!.held, false);
});
