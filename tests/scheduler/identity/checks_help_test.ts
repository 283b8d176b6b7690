/** What a mirror owns whose body is held back for a doubt, while nothing is known that it could be compared with. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { Hand, PROBE } from "../../support/scheduler/hand.ts";

const SIZE = 40;

/** The first mirror contradicts itself in its first range, which begins at the front. */
function doubtful(hand: Hand): Hand {
  const { id, start, end } = hand.of(0)!;
  hand.handle({
    type: "response",
    request: id,
    answer: { type: "partial", start, end, size: SIZE },
    doubt: "its ETag has changed",
  });
  return hand;
}

/** The mirror delivers all that is requested from it, and the consumer takes it. */
function finish(hand: Hand, mirror: number): void {
  for (let turn = 0; turn < 20 && hand.outcome === undefined; turn++) {
    assert(hand.of(mirror) !== undefined, "nothing will ever happen");
    hand.deliver(mirror);
    hand.handle({ type: "consumed", bytes: SIZE });
  }
  assertEquals(hand.outcome, "finish");
}

Deno.test("Checks: another mirror gets what a mirror in doubt owns, however small the window", () => {
  for (const windowSize of [20, 1000]) {
    const hand = doubtful(new Hand(2, { windowSize }).open(SIZE));
    finish(hand, 1);
    assertEquals(hand.events("cancel").map(({ reason }) => reason), ["questioned"]);
  }
});

Deno.test("Checks: what a mirror in doubt owns is kept while another request is under way", () => {
  const hand = doubtful(new Hand(2).open(SIZE));
  assertEquals(hand.work, ["range 4-10", "range 10-20"]);
  hand.deliver(1);
  // Nothing of it could be compared: it goes on with the other mirror.
  assertEquals(hand.asked(0), undefined);
  finish(hand, 1);
});

Deno.test("Checks: a mirror in doubt is dropped if none is left with which it could be compared", () => {
  const hand = new Hand(2).open(SIZE);
  hand.fail(1, { retryable: false });
  doubtful(hand);
  assert(hand.outcome instanceof NoMirrorLeftError);
  assertMatch(String(hand.outcome), /no bytes of it are known to compare/);
});

Deno.test("Checks: a mirror that serves the whole file replaces one in doubt that nothing can be compared with", () => {
  const hand = new Hand(2);
  hand.probed(0, { type: "partial", start: 0, end: PROBE, size: SIZE });
  hand.probed(1, { type: "whole", size: SIZE });
  doubtful(hand);
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped");
  assertEquals(hand.asked(1), `whole 0-${SIZE}`);
});
