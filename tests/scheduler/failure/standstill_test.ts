import { assert, assertEquals } from "@std/assert";
import { Hand } from "../../support/scheduler/hand.ts";
import { RETRY, type TestOptions } from "../../support/scheduler/scheduler_options.ts";
import { megabits, TESTBED } from "../../support/simulator/mirror.ts";
import type { Simulation, SimulationOptions } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

const MB = 1_000_000;

const DEFAULTS = { delay: "adaptive", maxConnectionsPerMirror: 8, slowStart: true } as const;

/** The testbed, whose connections are dead from 3 s on; new ones work from `returnsAt` on. */
function asleep(standstill: number, returnsAt: number): Simulation {
  const dead = { deadFromMs: 3000, returnsAtMs: 1000 * returnsAt };
  const links = TESTBED.map((link) => ({ ...link, ...dead }));
  return awake({ links, size: 250 * MB, standstills: [[3, standstill]] });
}

function awake(options: SimulationOptions): Simulation {
  const outcome = simulate({ ...DEFAULTS, ...options });
  assertEquals(outcome.error, undefined);
  return outcome;
}

/** How often each mirror failed, and whether its rate is that of its link. */
function verdicts({ scheduler, seconds }: Simulation, links = TESTBED): string[] {
  return scheduler.mirrors.map(({ totalFailures, link }, index) => {
    const { bytesPerSecond } = links[index]!;
    const rate = link.summary(1000 * seconds)!.bytesPerSecond / bytesPerSecond;
    return `${totalFailures} failures, ${Math.abs(rate - 1) < 0.1 ? "its rate" : `rate ${rate}`}`;
  });
}

const BLAMELESS = Array(3).fill("0 failures, its rate");

Deno.test("standStill(): a consumer that blocks the process makes no mirror look slow or silent", () => {
  const { seconds } = awake({ links: TESTBED, size: 250 * MB });
  for (const [ms, everyMs] of [[100, 250], [300, 600], [1000, 1500]] as const) {
    const standstills = Array.from(
      { length: Math.floor(6000 / everyMs) },
      (_, index) => [2 + index * everyMs / 1000, ms / 1000] as const,
    );
    const outcome = awake({ links: TESTBED, size: 250 * MB, standstills });
    assertEquals(verdicts(outcome), BLAMELESS);
    // At the end, mirrors help each other.
    const cancels = outcome.cancels.filter(({ atMs }) => atMs < 8000);
    assertEquals(cancels, [], `${ms} ms`);
    assert(outcome.duplicateBytes < 0.001 * 250 * MB, `${outcome.duplicateBytes} bytes twice`);
    // What arrives meanwhile waits in buffers, as far as there is room.
    const still = standstills.reduce((sum, [, length]) => sum + length, 0);
    assert(outcome.seconds < seconds + still, `${outcome.seconds} s, else ${seconds} s`);
  }
});

Deno.test("standStill(): a process that is stopped and goes on uses the connections that it has", () => {
  const { seconds, requestsSent } = awake({ links: TESTBED, size: 250 * MB });
  const stopped = awake({ links: TESTBED, size: 250 * MB, standstills: [[3, 20]] });
  assertEquals(verdicts(stopped), BLAMELESS);
  assert(stopped.seconds < seconds + 20.2, `${stopped.seconds} s, else ${seconds} s`);
  assert(stopped.requestsSent < 1.1 * requestsSent, `${stopped.requestsSent} requests`);
});

for (const minutes of [1, 60]) {
  Deno.test(`standStill(): after ${minutes} min of sleep, dead connections are replaced within a second or two`, () => {
    const { seconds } = awake({ links: TESTBED, size: 250 * MB });
    const outcome = asleep(60 * minutes, 3 + 60 * minutes);
    assertEquals(verdicts(outcome), BLAMELESS);
    const lost = outcome.seconds - 60 * minutes - seconds;
    assert(lost < 2, `${lost} s are lost`);
  });
}

Deno.test("standStill(): a network that comes back 20 s after the machine costs no mirror its retries", () => {
  const outcome = asleep(300, 323);
  assertEquals(verdicts(outcome), BLAMELESS);
  assert(outcome.seconds < 323 + 9, `${outcome.seconds} s`);
});

Deno.test("standStill(): the only mirror, asked for everything, is asked again", () => {
  const links = megabits([[50, 30]]).map((link) => ({
    ...link,
    deadFromMs: 3000,
    returnsAtMs: 308_000,
  }));
  const options = { maxIdleMs: 60_000, idleTimeoutMs: undefined, connectTimeoutMs: undefined };
  const outcome = awake({ links, size: 60 * MB, standstills: [[3, 300]], ...options });
  assertEquals(verdicts(outcome, links), ["0 failures, its rate"]);
  assert(outcome.seconds < 308 + 10, `${outcome.seconds} s`);
});

Deno.test("standStill(): a process that stands still all the time gives up what never comes", () => {
  for (const ms of [60, 300, 2000]) {
    for (const isAnswered of [true, false]) {
      const hand = new Hand(2).open(100);
      if (isAnswered) hand.respond(0);
      const silent = hand.of(0)!;
      const isLive = () => [...hand.scheduler.requests].includes(silent);
      let count = 0;
      for (; isLive(); count++) {
        assert(count < 1000, `${ms} ms, answered: ${isAnswered}`);
        hand.standStill(ms);
        hand.handle({ type: "timeout" });
        hand.now += 1;
      }
      // A few of them are no silence.
      assert(count > 32, `${ms} ms, answered: ${isAnswered}: after ${count}`);
    }
  }
});

Deno.test("standStill(): a process that stands still all the time goes on with a mirror that delivers", () => {
  const dead = { deadFromMs: 3000, returnsAtMs: Infinity };
  const links = TESTBED.map((link, index) => index === 0 ? { ...link, ...dead } : link);
  const standstills = Array.from({ length: 1000 }, (_, index) => [1 + index * 0.31, 0.3] as const);
  const outcome = awake({ links, size: 50 * MB, standstills });
  assert(outcome.seconds < 60, `${outcome.seconds} s`);
});

/** Two mirrors that deliver a range each. */
function delivering(options: TestOptions = {}): Hand {
  const hand = new Hand(2, options).open(100);
  for (const mirror of [0, 1]) hand.respond(mirror);
  return hand;
}

Deno.test("standStill(): idle connections are replaced after a long sleep, and only then", () => {
  const reconnects = (ms: number) => {
    const hand = delivering();
    hand.standStill(ms);
    return hand.types().filter((type) => type === "reconnect").length;
  };
  assertEquals([100, 4999, 5000, 3_600_000].map(reconnects), [0, 0, 1, 1]);
});

Deno.test("standStill(): connections that break afterwards, and networks that are not there yet, cost no retry", () => {
  const hand = delivering({ retry: { ...RETRY, attempts: 1, jitter: 0 } });
  hand.standStill(60_000);
  hand.fail(0);
  hand.fail(1, { reason: "truncated" });
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [0, 0]);
  for (let round = 0; round < 20; round++) {
    for (const mirror of [0, 1]) {
      hand.fail(mirror, { phase: "connect", fault: "unreachable" });
      assertEquals(hand.asked(mirror), undefined);
    }
    hand.sleep();
  }
  assertEquals(hand.scheduler.mirrors.map(({ totalFailures }) => totalFailures), [0, 0]);
  // One that has answered since has its network back.
  for (const mirror of [0, 1]) hand.respond(mirror);
  hand.fail(0);
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped");
});

Deno.test("standStill(): an answer that cannot be read is one also afterwards", () => {
  for (const fault of ["garbage", "head"] as const) {
    const hand = delivering();
    hand.standStill(60_000);
    hand.fail(0, { phase: "headers", fault, retryable: false });
    assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped", fault);
  }
});

Deno.test("standStill(): half a minute later, a mirror that is not reached fails", () => {
  const hand = delivering({ retry: { ...RETRY, attempts: 1, jitter: 0 } });
  hand.standStill(60_000);
  for (const mirror of [0, 1]) hand.fail(mirror);
  hand.now += 30_000;
  hand.fail(0, { phase: "connect", fault: "unreachable" });
  assertEquals(hand.scheduler.mirrors[0]!.state.type, "dropped");
});

Deno.test("standStill(): a mirror that is to be left alone until a time may be asked once that has passed", () => {
  const hand = delivering();
  hand.fail(0, { reason: "status", phase: "headers", status: 503, retryAfterMs: 100_000 });
  assertEquals(hand.asked(0), undefined);
  hand.standStill(300_000);
  hand.handle({ type: "timeout" });
  assert(hand.asked(0) !== undefined);
});

Deno.test("standStill(): an answer that came meanwhile says nothing about the latency", () => {
  const hand = new Hand(1).open(100);
  const { link } = hand.scheduler.mirrors[0]!;
  const before = link.latencyMs;
  hand.standStill(400);
  hand.respond(0);
  assertEquals(link.latencyMs, before);
});
