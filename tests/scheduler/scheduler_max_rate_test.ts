import { assert, assertEquals } from "@std/assert";
import { probeSizeFor } from "../../lib/scheduler/opening/probe.ts";
import type { Scheduler } from "../../lib/scheduler/scheduler.ts";
import { ByteLog } from "../support/scheduler/byte_log.ts";
import { Hand, PROBE } from "../support/scheduler/hand.ts";
import { simulateStrictly } from "../support/simulator/invariants.ts";
import { schedulerOptionsOf } from "../support/simulator/algorithms.ts";
import { EIGHT_MIRRORS, type SimulatedMirror, TESTBED } from "../support/simulator/mirror.ts";
import type { Simulation, SimulationOptions } from "../support/simulator/simulation.ts";

/** How long a download takes, in seconds, if it keeps to its limit. */
const SECONDS = 20;

/** By as many connections per mirror as are the default, too. */
const CONNECTIONS: Readonly<Record<string, number>> = { adaptive: 2, "adaptive by default": 8 };

interface Limited extends Simulation {
  readonly log: ByteLog;
}

/** Downloads by nothing but an algorithm, links and a limit, each of which is run once. */
const known = new Map<string, Limited>();

/** Downloads what may come in {@linkcode SECONDS}, as a downloader with that limit would. */
function limited(
  algorithm: string,
  links: readonly SimulatedMirror[],
  maxRate: number,
  options?: Partial<SimulationOptions>,
): Limited {
  if (options !== undefined) return simulateLimited(algorithm, links, maxRate, options);
  const key = JSON.stringify([algorithm, links, maxRate]);
  const outcome = known.get(key) ?? simulateLimited(algorithm, links, maxRate, {});
  known.set(key, outcome);
  return outcome;
}

function simulateLimited(
  algorithm: string,
  links: readonly SimulatedMirror[],
  maxRate: number,
  options: Partial<SimulationOptions>,
): Limited {
  const log = new ByteLog();
  const connections = CONNECTIONS[algorithm];
  const isAdaptive = connections !== undefined;
  const splitSize = isAdaptive ? 1e6 : Math.min(1e6, Math.max(1000, maxRate / 10));
  const outcome = simulateStrictly({
    links,
    slowStart: true,
    size: SECONDS * maxRate,
    splitSize,
    maxRate,
    probeSize: probeSizeFor(maxRate, links.length),
    ...schedulerOptionsOf(isAdaptive ? "adaptive" : algorithm, links),
    ...(isAdaptive && { maxConnectionsPerMirror: connections }),
    ...options,
    inspect: (scheduler, now) => {
      log.add(now, scheduler.mirrors.reduce((sum, { bytes }) => sum + bytes, 0));
      options.inspect?.(scheduler, now);
    },
  }, connections);
  return { ...outcome, log };
}

/** Links of three speeds that a download through one gigabit line may have. */
const FAST: readonly SimulatedMirror[] = [
  { bytesPerSecond: 100e6, roundTripMs: 5 },
  { bytesPerSecond: 60e6, roundTripMs: 20 },
  { bytesPerSecond: 10e6, roundTripMs: 1 },
];

const UNEQUAL: readonly SimulatedMirror[] = [
  { bytesPerSecond: 20_000, roundTripMs: 200 },
  { bytesPerSecond: 200_000, roundTripMs: 50 },
  { bytesPerSecond: 1e6, roundTripMs: 10 },
];

const TABLE: readonly (readonly [string, readonly SimulatedMirror[], readonly number[]])[] = [
  ["the testbed", TESTBED, [20_000, 200_000, 2e6, 10e6, 20e6]],
  ["the eight mirrors", EIGHT_MIRRORS, [200_000, 2e6, 10e6]],
  ["unequal mirrors", UNEQUAL, [20_000, 100_000, 500_000, 900_000]],
  ["fast mirrors", FAST, [1e6, 50e6, 100e6]],
];

for (const algorithm of [...Object.keys(CONNECTIONS), "diff"]) {
  for (const [name, links, rates] of TABLE) {
    Deno.test(`maxRate: ${algorithm} on ${name} keeps to it within 5 % over any 5 s, without a burst`, () => {
      for (const maxRate of rates) {
        const { log, seconds, events } = limited(algorithm, links, maxRate);
        const { least, most } = log.rates(5000);
        const about = `at ${maxRate}: ${least / maxRate} to ${most / maxRate} of it`;
        assert(least >= 0.95 * maxRate && most <= 1.05 * maxRate, about);
        // From the very start: the mirrors' first bytes come at once, but are paid for, too.
        const burst = log.rates(1000, 0).most;
        assert(burst <= 1.3 * maxRate, `at ${maxRate}: ${burst / maxRate} of it in a second`);
        assert(seconds <= SECONDS + 0.4, `at ${maxRate}: ${seconds} s`);
        // The limit makes no mirror look silent or slow.
        assertEquals(events.filter(({ type }) => type === "failure"), []);
      }
    });
  }
}

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: no request is stolen, revoked or repeated because of it`, () => {
    for (const links of [TESTBED, UNEQUAL]) {
      for (const maxRate of [20_000, 200_000]) {
        const { events, cancels, duplicateBytes } = limited(algorithm, links, maxRate);
        const sends = events.flatMap((event) => event.type === "send" ? [event.reason] : []);
        assertEquals([duplicateBytes, cancels], [0, []]);
        assert(sends.every((reason) => reason !== "retry" && reason !== "steal"), `${sends}`);
      }
    }
  });
}

Deno.test("maxRate: a mirror too slow to be needed is left alone, wherever it is in the list", () => {
  for (const algorithm of [...Object.keys(CONNECTIONS), "diff"]) {
    const { bytesByMirror, longestStallSeconds } = limited(algorithm, UNEQUAL, 500_000);
    const shares = bytesByMirror.map((bytes) => bytes / (SECONDS * 500_000));
    assert(shares[0]! < 0.02 && shares[2]! > 0.8, `${algorithm}: ${shares}`);
    assert(longestStallSeconds < 0.25, `${algorithm}: ${longestStallSeconds} s`);
  }
});

Deno.test("maxRate: where all are needed, they share by their speed", () => {
  for (const algorithm of [...Object.keys(CONNECTIONS), "diff"]) {
    const { bytesByMirror, seconds } = limited(algorithm, UNEQUAL, 1.1e6);
    const shares = bytesByMirror.map((bytes) => bytes / (SECONDS * 1.1e6));
    assert(shares[0]! > 0.005 && shares[1]! > 0.1 && shares[2]! > 0.75, `${algorithm}: ${shares}`);
    assert(seconds < 1.05 * SECONDS, `${algorithm}: ${seconds} s`);
  }
});

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: a limit that the links cannot reach does no harm`, () => {
    const { seconds } = limited(algorithm, TESTBED, 20e6, { maxRate: Infinity });
    const beyond = limited(algorithm, TESTBED, 20e6, { maxRate: 40e6 });
    assert(beyond.seconds < 1.03 * seconds, `${beyond.seconds} s, without ${seconds} s`);
  });
}

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: a lone distant mirror keeps up with it all the same`, () => {
    const far = [{ bytesPerSecond: 5e6, roundTripMs: 300 }];
    const { seconds, log } = limited(algorithm, far, 2e6);
    assert(seconds < SECONDS + 2.5, `${seconds} s`);
    // Once its connections have speeded up.
    const { least, most } = log.rates(5000, 5000);
    assert(least > 0.93 * 2e6 && most < 1.07 * 2e6, `${least} to ${most}`);
  });
}

Deno.test("maxRate: a mirror that dies is replaced, and the limit kept", () => {
  for (const algorithm of [...Object.keys(CONNECTIONS), "diff"]) {
    const links = TESTBED.map((link, index) =>
      index === 0 ? { ...link, silentFromMs: 5000 } : link
    );
    const { log, seconds, bytesByMirror } = limited(algorithm, links, 1e6);
    const { most } = log.rates(5000);
    assert(most <= 1.05 * 1e6, `${algorithm}: ${most}`);
    // What was lost by the silence itself, a second at most, may not be made up for.
    assert(seconds < SECONDS + 1.5, `${algorithm}: ${seconds} s`);
    assert(bytesByMirror[1]! > 10e6, `${algorithm}: ${bytesByMirror}`);
  }
});

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: what a broken request did not deliver may be requested again`, () => {
    const links = TESTBED.map((link) => ({ ...link, resetAfterBytes: 70_000 }));
    const { log, events } = limited(algorithm, links, 1e6);
    assert(events.filter(({ type }) => type === "failure").length > 100);
    const { least, most } = log.rates(5000);
    assert(least >= 0.95e6 && most <= 1.05e6, `${least} to ${most}`);
  });
}

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: a slow consumer is no reason to hurry afterwards`, () => {
    const { log, peakHeldBytes } = limited(algorithm, TESTBED, 1e6, {
      consumerBytesPerSecond: 300_000,
      windowSize: 2_000_000,
      size: 5_000_000,
    });
    assert(log.rates(5000).most <= 1.05e6);
    assert(peakHeldBytes <= 2_000_000);
  });
}

for (const algorithm of Object.keys(CONNECTIONS)) {
  Deno.test(`maxRate, ${algorithm}: may change at any time, also to none and back`, () => {
    const changes = [[4000, 100_000], [9000, Infinity], [9100, 500_000]] as const;
    let next = 0;
    const change = ({ limit }: Scheduler, now: number) => {
      const [at, rate] = changes[next] ?? [Infinity, 0];
      if (now < at) return;
      limit.set(rate, now);
      next++;
    };
    const { log } = limited(algorithm, TESTBED, 1e6, { size: 10e6, inspect: change });
    const between = (from: number, to: number) =>
      (log.totalAt(to) - log.totalAt(from)) / (to - from) * 1000;
    assert(Math.abs(between(1000, 4000) / 1e6 - 1) < 0.05, `${between(1000, 4000)}`);
    // Earlier requests are paid for first.
    assert(Math.abs(between(5500, 9000) / 100_000 - 1) < 0.05, `${between(5500, 9000)}`);
    assert(between(9000, 9200) > 3e6, `${between(9000, 9200)}`);
    assert(Math.abs(between(9500, 13_000) / 500_000 - 1) < 0.07, `${between(9500, 13_000)}`);
  });
}

/** One byte per millisecond. */
const SLOW = { maxRate: 1000 };

Deno.test("Scheduler: probes are paid for before anything more is requested", () => {
  const hand = new Hand(2, SLOW).open(100);
  assertEquals(hand.work, [undefined, undefined]);
  assertEquals([hand.scheduler.limit.openAt, hand.scheduler.wakeAt], [108, 108]);
  hand.sleep();
  // The first block leads into debt, so the other mirror has to wait for its turn.
  assertEquals(hand.work, ["range 4-10", undefined]);
  assertEquals(hand.scheduler.limit.openAt, 114);
  hand.sleep();
  assertEquals([hand.now, ...hand.work], [114, "range 4-10", "range 10-20"]);
});

Deno.test("Scheduler: what a request does not deliver is given back to the limit", () => {
  const hand = new Hand(2, SLOW).open(100);
  hand.sleep();
  hand.respond(0);
  hand.bytes(0, 2);
  hand.fail(0);
  // 4 of the 6 bytes have not come.
  assertEquals([hand.scheduler.limit.openAt, ...hand.work], [110, undefined, undefined]);
  hand.sleep();
  assertEquals([hand.now, ...hand.work], [110, undefined, "range 6-10"]);
});

Deno.test("Scheduler: a shorter 206 gives back what it leaves out", () => {
  const hand = new Hand(1, SLOW).open(100);
  hand.sleep();
  hand.deliver(0);
  hand.sleep();
  assertEquals([hand.asked(0), hand.scheduler.limit.openAt], ["range 10-20", 120]);
  hand.respond(0, { type: "partial", start: 10, end: 13 });
  assertEquals(hand.scheduler.limit.openAt, 113);
});

Deno.test("Scheduler: a whole file is paid for as it arrives, and is not silent while it may not arrive", () => {
  const hand = new Hand(1, { ...SLOW, idleTimeoutMs: 3000, windowSize: 100_000 });
  hand.probed(0, { type: "whole", size: 100_000 });
  assertEquals(hand.scheduler.limit.openAt, 100 + PROBE);
  hand.bytes(0, 50_000);
  assertEquals(hand.scheduler.limit.openAt, 50_104);
  assertEquals(hand.scheduler.wakeAt, 50_104 + 3000);
  hand.sleep();
  assertEquals(hand.events("failure").length, 1);
});
