import { assert, assertEquals } from "@std/assert";
import type { CancelEvent, SendEvent } from "../../mod.ts";
import { Hand, positions, ScriptedHand, urlOf } from "../support/scheduler/hand.ts";
import { delayRequestOf } from "../support/simulator/algorithms.ts";
import {
  EIGHT_MIRRORS,
  type SimulatedMirror,
  simulatedUrl,
  TESTBED,
} from "../support/simulator/mirror.ts";
import type { Simulation } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";
import { type TcpMirror, tcpMirror } from "../support/simulator/tcp/mirror.ts";
import { simulateTcp } from "../support/simulator/tcp/simulation.ts";

/** Why ranges were asked for, each reason once. */
function reasons({ events }: Simulation): (string | undefined)[] {
  const sends = events.filter((event): event is SendEvent => event.type === "send");
  return [...new Set(sends.map(({ reason }) => reason))].toSorted();
}

function sent(hand: Hand): unknown[] {
  return hand.events("send").map(({ request, reason, duplicate }) => [request, reason, duplicate]);
}

/** What was given up, in short. */
function given(hand: Hand): unknown[] {
  return hand.events("cancel").map((
    { request, start, end, goesOn, reason },
  ) => [request, start, end, goesOn, reason]);
}

Deno.test("SendEvent.reason: a classic algorithm requests the front, what is ahead of it, and the end", () => {
  const hand = new Hand(3, { delay: positions(0, 2, 30) }).open(300);
  assertEquals(sent(hand).slice(0, 3), [[3, "front", false], [4, "ahead", false], [
    5,
    "end",
    false,
  ]]);
});

Deno.test("SendEvent.reason: what was given back is requested again", () => {
  const hand = new Hand(2).open(100);
  hand.fail(0);
  hand.deliver(1);
  assertEquals(sent(hand).at(-1), [4, "retry", false]);
});

Deno.test("SendEvent.reason: a duplicate and a theft are the only ones of another's bytes", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 60);
  hand.plan({ type: "duplicate", mirror: 1, range: { start: 4, end: 10 }, late: late.id });
  hand.plan({ type: "steal", mirror: 1, range: { start: 40, end: 50 }, late: late.id });
  const told = sent(hand).map((send) => (send as unknown[]).slice(1));
  assertEquals(told.slice(-2), [["duplicate", true], ["steal", true]]);
  assert(told.slice(0, -2).every(([reason]) => reason === "front"));
});

Deno.test("SendEvent.reason: adaptive on the testbed", () => {
  const options = { size: 60e6, slowStart: true, delay: "adaptive" } as const;
  assertEquals(reasons(simulate({ ...options, links: [TESTBED[0]!] })), ["front"]);
  const steady = TESTBED.slice(0, 2);
  assertEquals(reasons(simulate({ ...options, links: steady })), ["ahead", "end", "front"]);
  // The first one slows down at once, and the front with it.
  const slump = steady.map((link, index): SimulatedMirror =>
    index === 0 ? { ...link, ratesAt: [[1, 100_000]] } : link
  );
  const slowed = simulate({ ...options, links: slump });
  assert(reasons(slowed).includes("steal"), `${reasons(slowed)}`);
  assert(slowed.cancels.some(({ reason }) => reason === "stolen"));
  const silence = steady.map((link, index): SimulatedMirror =>
    index === 0 ? { ...link, silentFromMs: 1000 } : link
  );
  const silent = simulate({ ...options, links: silence });
  assert(reasons(silent).includes("retry"), `${reasons(silent)}`);
  assert(silent.cancels.some(({ reason, goesOn }) => reason === "silent" && goesOn));
});

Deno.test("CancelEvent: a request that is stolen from goes on up to there, or a little further", () => {
  const hand = new ScriptedHand(2);
  const late = hand.ask(0, 4, 50);
  hand.plan({ type: "steal", mirror: 1, range: { start: 18, end: 50 }, late: late.id });
  assertEquals(given(hand), [[late.id, 18, 50, true, "stolen"]]);
  hand.arrive(late, 6);
  hand.now += 50;
  hand.arrive(late, 8);
  assertEquals(given(hand).slice(1), [[late.id, 18, 50, false, "stolen"]]);
  assertEquals(hand.events("cancel").map(({ mirror }) => mirror), [urlOf(0), urlOf(0)]);
});

Deno.test("CancelEvent: a request that is silent loses its bytes, and later itself", () => {
  const hand = new ScriptedHand(2);
  const [first, second] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  hand.plan({ type: "revoke", request: second!.id });
  assertEquals(given(hand), [[second!.id, 20, 40, true, "silent"]]);
  hand.sleep();
  // The one that failed is told of as a failure; the others of its mirror go with it.
  const told = given(hand).slice(1);
  assertEquals([told.length, hand.events("failure").length], [1, 1]);
  const [id, , , goesOn, reason] = told[0] as unknown[];
  assert([first!.id, second!.id].includes(id as number));
  assertEquals([goesOn, reason], [false, "silent"]);
});

Deno.test("CancelEvent: lost against a duplicate, closed for being late, dropped with its mirror", () => {
  let again = false;
  const lost = new Hand(2, { duplicate: () => again }).open(100);
  lost.now = 100;
  for (const mirror of [0, 1]) lost.respond(mirror);
  lost.bytes(0, 2);
  again = true;
  lost.deliver(1);
  again = false;
  const late = lost.of(0)!.id;
  lost.now = 200;
  lost.deliver(1);
  assertEquals(given(lost), [[late, 6, 10, false, "lost"]]);
  const closing = new Hand(2, { duplicate: () => again, closeBadConnections: true }).open(40);
  again = true;
  closing.deliver(1);
  assertEquals(given(closing), [[2, 4, 10, false, "closed"]]);
  const hand = new ScriptedHand(2);
  const [one, other] = [hand.ask(0, 4, 20), hand.ask(0, 20, 40)];
  hand.failRequest(one!, { retryable: false, reason: "mismatch" });
  assertEquals(given(hand), [[other!.id, 20, 40, false, "dropped"]]);
});

Deno.test("CancelEvent: bytes of a file that was voted down, and what is left when all has come", () => {
  const hand = new Hand(3);
  const answer = { type: "partial", start: 0, end: 4, size: 100 } as const;
  hand.probed(0, answer, "wrong");
  const { id } = hand.of(0)!;
  for (const mirror of [1, 2]) hand.probed(mirror, answer, "right");
  assertEquals(given(hand), [[id, 4, 10, false, "discarded"]]);
  const last = new ScriptedHand(2);
  const late = last.ask(0, 4, 100);
  last.plan({ type: "duplicate", mirror: 1, range: { start: 4, end: 100 }, late: late.id });
  const quick = last.live(1)[0]!;
  last.respond(1);
  last.arrive(quick, 96);
  assertEquals([given(last), last.outcome], [[[late.id, 4, 100, false, "end"]], "finish"]);
  assertEquals(last.events("end").length, 1);
});

/** Holds what was told of requests against each other. */
function checkStory({ events, cancels }: Simulation): void {
  const sends = new Map<number, SendEvent>();
  for (const event of events) if (event.type === "send") sends.set(event.request, event);
  const gone = new Map<number, CancelEvent>();
  for (const event of cancels) {
    const { request, mirror, start, end, goesOn, atMs } = event;
    assert(sends.has(request), `request ${request} was never sent`);
    const asked = sends.get(request)!;
    assertEquals(mirror, asked.mirror);
    assert(asked.start <= start && start < end && end <= asked.end, JSON.stringify(event));
    assert(atMs >= asked.atMs && !gone.has(request), JSON.stringify(event));
    if (!goesOn) gone.set(request, event);
  }
}

Deno.test("CancelEvent: every one is about a request under way, and none comes after its end", () => {
  for (const links of [TESTBED, EIGHT_MIRRORS]) {
    const troubled = links.map((link, index): SimulatedMirror => ({
      ...link,
      ...(index % 3 === 0 &&
        { ratesAt: [[2, link.bytesPerSecond / 20], [4, link.bytesPerSecond]] }),
      ...(index % 3 === 1 && { ratesAt: [[3, 0], [5, link.bytesPerSecond]] }),
    }));
    for (const delay of ["adaptive", delayRequestOf("normal", links)] as const) {
      const outcome = simulate({ links: troubled, size: 80e6, slowStart: true, delay });
      checkStory(outcome);
      if (delay === "adaptive") assert(outcome.cancels.length > 0);
    }
  }
});

Deno.test("LanesEvent: the number of requests at once, each time it changes, with its reason", () => {
  const lanes = (maxConnectionsPerMirror: number, links: readonly TcpMirror[]) => {
    const { events } = simulateTcp({
      links,
      size: 5e6,
      delay: "adaptive",
      maxConnectionsPerMirror,
    });
    return events.filter((event) => event.type === "lanes")
      .map(({ mirror, lanes, reason }) => [mirror, lanes, reason]);
  };
  const [slow, fast] = [tcpMirror(2, 40), tcpMirror(100, 20)];
  assertEquals(lanes(2, [slow, slow]), []);
  assertEquals(lanes(8, [fast, fast])[0]?.slice(1), [7, "start"]);
  for (const url of [0, 1].map(simulatedUrl)) {
    const [first, second, ...rest] = lanes(8, [slow, slow]).filter(([mirror]) => mirror === url);
    // Its bytes flow steadily, or with pauses, but few are under way on it.
    assertEquals([first, second?.slice(0, 2)], [[url, 4, "rate"], [url, 1]]);
    assert(["steady", "pauses"].includes(`${second?.[2]}`), `${second}`);
    assert(rest.every(([, , reason]) => reason !== "start"), JSON.stringify(rest));
  }
});
