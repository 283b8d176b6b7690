import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type MirrorError, NoMirrorLeftError } from "../../../mod.ts";
import { HostLimits } from "../../../lib/scheduler/host/host_limits.ts";
import type { GateOptions } from "../../support/simulator/gate.ts";
import { inspector } from "../../support/simulator/invariants.ts";
import { megabits } from "../../support/simulator/mirror.ts";
import type { Simulation } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";
import { Hand, ScriptedHand } from "../../support/scheduler/hand.ts";
import { RETRY } from "../../support/scheduler/scheduler_options.ts";

const SIZE = 8_000_000;
const WINDOW = 16_000_000;
/** 1.4 MB/s at a distance of 20 ms: the file takes 5.7 s. */
const [LINK] = megabits([[11.2, 20]]);

/** Runs a download from mirrors that refuse requests, with a time for retries, and for silence. */
function run(
  mirrors: readonly (GateOptions & { resets?: number })[],
  maxTimeMs: number,
  status = 429,
  maxQuietMs = Infinity,
): Simulation {
  return simulate({
    links: mirrors.map(({ resets, ...gate }) => ({
      ...LINK!,
      ...(resets === undefined ? {} : { resetAfterBytes: resets }),
      gate: { ...gate, status },
    })),
    size: SIZE,
    windowSize: WINDOW,
    retry: { ...RETRY, maxTimeMs, maxQuietMs },
    delay: "adaptive",
    inspect: inspector(WINDOW, 2),
  });
}

for (const status of [420, 429, 503, 509]) {
  Deno.test(`retry.maxTimeMs bounds the wait for a limit that never ends: ${status}`, () => {
    for (const count of [1, 3]) {
      for (const maxTimeMs of [500, 3000, 20_000]) {
        // Each delivers a part of the file, and refuses all else from then on.
        const mirrors = Array.from({ length: count }, () => ({ inAll: 2, resets: 300_000 }));
        const { error, seconds, scheduler } = run(mirrors, maxTimeMs, status);
        const told = `${count} mirrors, ${maxTimeMs} ms: ${error} after ${seconds} s`;
        const failures = error instanceof NoMirrorLeftError ? error.cause : [];
        assertEquals(failures.map((failure) => failure.status), Array(count).fill(status), told);
        // A request that begins before that may end later.
        assert(seconds <= maxTimeMs / 1000 + 0.5, told);
        assert(scheduler.ledger.receivedBytes > 0, told);
      }
    }
  });
}

Deno.test("retry.maxTimeMs ends no wait for a limit while another mirror, or another request, delivers", () => {
  const beside = run([{ inAll: 2, resets: 300_000 }, {}], 500);
  assertEquals([beside.error, beside.scheduler.ledger.complete], [undefined, true]);
  const alone = run([{ mostAtOnce: 1 }], 500);
  assertEquals([alone.error, alone.scheduler.ledger.complete], [undefined, true]);
});

Deno.test("without retry.maxTimeMs a limit by the minute is waited for", () => {
  const mirrors = [{ perMinute: 3, resets: 1_500_000 }];
  const { error, seconds } = run(mirrors, Infinity);
  assertEquals(error, undefined);
  assert(seconds > 60, `${seconds} s`);
  const bounded = run(mirrors, 30_000);
  assertInstanceOf(bounded.error, NoMirrorLeftError);
  assert(bounded.seconds <= 30.5, `${bounded.seconds} s`);
});

Deno.test("retry.maxQuietMs bounds the wait for mirrors that all refuse, from the last byte on", () => {
  const spent = { inAll: 2, resets: 300_000 };
  for (const mirrors of [[spent], [spent, spent], [{ perMinute: 3, resets: 1_500_000 }]]) {
    for (const quietMs of [1000, 10_000]) {
      const { error, seconds, scheduler } = run(mirrors, Infinity, 429, quietMs);
      const told = `${mirrors.length} mirrors, ${quietMs} ms: ${error} after ${seconds} s`;
      assertInstanceOf(error, NoMirrorLeftError, told);
      const last = Math.max(...scheduler.mirrors.map(({ deliveredAt }) => deliveredAt));
      assert(1000 * seconds > last && 1000 * seconds <= last + quietMs + 500, told);
    }
  }
  const beside = run([spent, {}], Infinity, 429, 1000);
  assertEquals([beside.error, beside.scheduler.ledger.complete], [undefined, true]);
});

Deno.test("retry.maxQuietMs: mirrors that ask to wait for longer are not waited for", () => {
  const asksToWait = { status: 503, reason: "status", retryAfterMs: 60_000 } as const;
  for (const [maxQuietMs, isOver] of [[30_000, true], [90_000, false]] as const) {
    const hand = new Hand(2, { retry: { ...RETRY, maxQuietMs } });
    hand.fail(0, asksToWait);
    // The other one may have the file.
    hand.handle({ type: "timeout" });
    assertEquals(hand.outcome, undefined);
    hand.fail(1, asksToWait);
    hand.handle({ type: "timeout" });
    assertEquals(hand.outcome instanceof NoMirrorLeftError, isOver, `${maxQuietMs} ms`);
  }
  // A mirror that has failed in another way is tried again in its own time.
  const hand = new Hand(1, { retry: { ...RETRY, maxQuietMs: 0 } });
  hand.fail(0);
  hand.handle({ type: "timeout" });
  assertEquals(hand.outcome, undefined);
});

Deno.test("retry.maxQuietMs counts from the first refusal on, and no time for which the process stands still", () => {
  const limited = { status: 429, reason: "status", phase: "headers" } as const;
  for (const stillMs of [2200, 20_000]) {
    const hand = new ScriptedHand(1, { retry: { ...RETRY, jitter: 0, maxQuietMs: 1000 } });
    const ask = () => {
      hand.plan({ type: "ask", mirror: 0, range: { start: 4, end: 14 }, reason: "front" });
      hand.failRequest(hand.live(0)[0]!, limited);
      hand.handle({ type: "timeout" });
    };
    // Nothing was requested meanwhile, as there was no room.
    hand.now += 20_000;
    ask();
    assertEquals(hand.outcome, undefined);
    hand.standStill(stillMs);
    hand.handle({ type: "timeout" });
    ask();
    assertEquals(hand.outcome, undefined);
    hand.now += 1000;
    hand.handle({ type: "timeout" });
    assertInstanceOf(hand.outcome, NoMirrorLeftError);
  }
});

/**
 * Begins a download at 0, after its host has refused requests of other downloads at these times, with a
 * `Retry-After`; it had served them at first, and perhaps again at `servedAt`.
 */
function afterOthers(
  refusedAt: readonly number[],
  more: { readonly retryAfterMs?: number; readonly servedAt?: number } = {},
): Hand {
  const hosts = new HostLimits();
  const other = hosts.join("http://0.test/other", () => {});
  const serve = (now: number) => {
    const ticket = other.send(now);
    ticket.accepted(now);
    ticket.delivered(now);
    ticket.release(now, false);
  };
  const { retryAfterMs = 0, servedAt } = more;
  serve(refusedAt[0]! - 1);
  for (const now of refusedAt) {
    other.send(now).release(now, false);
    other.refuse({ sentAt: now, retryAfterMs, jitter: 0 }, now);
  }
  if (servedAt !== undefined) serve(servedAt);
  const hand = new Hand(1, { hosts, retry: { ...RETRY, jitter: 0, maxQuietMs: 30_000 } });
  hand.handle({ type: "timeout" });
  return hand;
}

/** Returns the failure of the only mirror of a download that has failed. */
function failureOf({ outcome }: Hand): MirrorError | undefined {
  return outcome instanceof NoMirrorLeftError ? outcome.cause[0] : undefined;
}

Deno.test("retry.maxQuietMs: a download does not wait for what others have waited for in vain", () => {
  // The server has asked them to wait for longer.
  const asked = afterOthers([-1000], { retryAfterMs: 60_000 });
  assertEquals([failureOf(asked)?.retryAfterMs, asked.of(0)], [59_000, undefined]);
  // It goes on refusing.
  const times = [-31_000, -30_000, -25_000, -20_000, -15_000, -10_000, -1000];
  const refused = afterOthers(times);
  assertEquals([failureOf(refused)?.retryAfterMs, refused.of(0)], [14_000, undefined]);
});

Deno.test("retry.maxQuietMs: a server that others have not waited for in vain is asked, or waited for", () => {
  const limited = { status: 429, reason: "status", phase: "headers" } as const;
  const again = afterOthers([-31_000, -1000]);
  // The pause is over.
  assertEquals([again.outcome, again.asked(0)], [undefined, "probe 0-4"]);
  again.fail(0, limited);
  again.handle({ type: "timeout" });
  assertEquals(failureOf(again)?.status, 429);
  assert(failureOf(again)!.retryAfterMs! > 0);

  const short = afterOthers([-1000], { retryAfterMs: 2000 });
  assertEquals([short.outcome, short.of(0)], [undefined, undefined]);
  short.now = 1000;
  short.handle({ type: "timeout" });
  assertEquals(short.asked(0), "probe 0-4");

  for (const fresh of [[-70_000, -65_000], [-40_000, -20_000]]) {
    const hand = afterOthers(fresh, fresh[0]! < -60_000 ? {} : { servedAt: -10_000 });
    hand.fail(0, limited);
    hand.handle({ type: "timeout" });
    assertEquals(hand.outcome, undefined, String(fresh));
  }
});
