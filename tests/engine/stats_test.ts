import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import { Mirror } from "../../lib/scheduler/mirror/mirror.ts";
import { DeliveryWindow } from "../../lib/engine/delivery/delivery_window.ts";
import { Requests } from "../../lib/scheduler/requests/request_set.ts";
import { snapshot, type StatsSource } from "../../lib/engine/stats.ts";
import { MirrorError } from "../../lib/errors.ts";

/** What a host allows that takes no request now. */
const FULL = { room: 0, leastBytes: 0, shut: undefined };
const FAILURE = new MirrorError("refused", {
  mirror: "http://one.test/",
  phase: "connect",
  reason: "network",
  retryable: true,
});

/** A mirror to which these things have happened. */
function mirror(...events: readonly ((mirror: Mirror) => void)[]): Mirror {
  const one = new Mirror("http://one.test/");
  for (const event of events) event(one);
  return one;
}

/** A request is sent, and answered after some milliseconds, if it is. */
function request(one: Mirror, answerMs?: number): void {
  const sent = new Requests().open({ mirror: one, kind: "range", start: 0, end: 10 }, 0);
  if (answerMs !== undefined) sent.answered({ type: "partial", start: 0, end: 10 }, answerMs);
}

function source(facts: Partial<StatsSource> = {}): StatsSource {
  return {
    mirrors: [mirror()],
    ledger: new Ledger(0, 100, 10),
    window: new DeliveryWindow(0, 1000),
    startedAt: 1000,
    endedAt: undefined,
    now: 3500,
    ...facts,
  };
}

Deno.test("snapshot(): before the start there is nothing", () => {
  const stats = snapshot(
    source({ startedAt: undefined, ledger: new Ledger(0, Infinity, 10) }),
  );
  assertEquals([stats.size, stats.elapsedMs, stats.firstByteMs], [undefined, 0, undefined]);
  assertEquals([stats.receivedBytes, stats.bufferedBytes, stats.wastedBytes], [0, 0, 0]);
  assertEquals(stats.mirrors.map(({ state, share }) => [state, share]), [["probing", 0]]);
});

Deno.test("snapshot() counts bytes by where they are", () => {
  const ledger = new Ledger(50, 150, 10);
  ledger.receive(50, 60);
  ledger.receive(80, 100);
  const window = new DeliveryWindow(50, 1000);
  window.buffer.write(50, new Uint8Array(10));
  window.buffer.write(80, new Uint8Array(20));
  window.buffer.read();
  window.firstByteAt = 1250;
  const stats = snapshot(source({ ledger, window }));
  assertEquals(stats.size, 100);
  assertEquals([stats.receivedBytes, stats.consumedBytes], [30, 10]);
  assertEquals([stats.bufferedBytes, stats.peakBufferedBytes], [20, 30]);
  assertEquals([stats.elapsedMs, stats.firstByteMs], [2500, 250]);
});

Deno.test("snapshot(): rates are those of the last second, and add up", () => {
  const [slow, fast, gone] = [mirror(), mirror(), mirror()];
  const mirrors = [slow, fast, gone];
  // 400 kB/s in pieces of 16 KiB, of which the first four come at once; the mirrors' time is 1000 ms.
  let pieces = 0;
  for (let now = 1000; now < 5000; now++) {
    while (pieces < 100 && 1040 + Math.max(0, pieces - 3) * 41 <= now) {
      slow.received(16_384, now);
      pieces++;
    }
    if (now >= 1100) fast.received(2000, now);
    if (now === 1500) gone.received(1_000_000, now);
    const stats = snapshot(source({ mirrors, now }));
    const rates = stats.mirrors.map(({ bytesPerSecond }) => bytesPerSecond);
    assertAlmostEquals(rates.reduce((sum, rate) => sum + rate, 0), stats.bytesPerSecond, 1);
    // No more than the link's rate, and the pieces that came at once.
    const most = 400_000 + 65_536 * 1000 / Math.min(1000, Math.max(200, now - 1000));
    assert(rates[0]! <= most, `a link of 400 kB/s is shown as ${rates[0]} at ${now}`);
    if (now >= 2100) assertAlmostEquals(rates[0]!, 400_000, 30_000);
    if (now >= 2200) assertAlmostEquals(rates[1]!, 2_000_000, 20_000);
    assertEquals(rates[2]! > 0, now >= 1500 && now < 2510);
  }
});

Deno.test("snapshot(): after the end no time passes, and the rate falls to nothing", () => {
  const one = mirror();
  one.received(20_000, 1050);
  const [early, late] = [1100, 9000].map((now) =>
    snapshot(source({ mirrors: [one], endedAt: 1100, now }))
  );
  assertEquals([early?.elapsedMs, early?.bytesPerSecond], [100, 100_000]);
  assertEquals([late?.elapsedMs, late?.bytesPerSecond], [100, 0]);
});

Deno.test("snapshot(): shares are of all bytes that came, wasted ones too", () => {
  const mirrors = [
    mirror((one) => {
      request(one, 12);
      one.received(300, 20);
      one.waste(20);
      for (const duplicate of [false, false, true, false]) one.asked(0, duplicate);
    }),
    mirror((one) => {
      one.received(100, 20);
      one.waste(5);
      for (let failures = 0; failures < 3; failures++) one.countFailure(0);
    }),
    mirror(),
  ];
  const stats = snapshot(source({ mirrors }));
  assertEquals(stats.wastedBytes, 25);
  assertEquals(stats.mirrors.map(({ share }) => share), [0.75, 0.25, 0]);
  const [first, second] = stats.mirrors;
  assertEquals([first?.requests, first?.duplicates, first?.answerMs], [4, 1, 12]);
  assertEquals([second?.failures, second?.answerMs], [3, undefined]);
});

Deno.test("snapshot(): where mirrors stand, and why", () => {
  const ranges = (one: Mirror) => one.serve("ranges");
  const whole = (one: Mirror) => one.serve("whole");
  const table: [events: ((one: Mirror) => void)[], state: string][] = [
    [[], "probing"],
    [[request], "probing"],
    [[(one) => one.wait(1, FAILURE)], "waiting"],
    [[ranges], "idle"],
    [[ranges, request], "busy"],
    // Its host takes no request now, or it is being questioned.
    [[ranges, (one) => one.allow(FULL)], "idle"],
    [[ranges, (one) => one.question(true)], "idle"],
    [[whole, (one) => one.allow(FULL)], "spare"],
    [[ranges, (one) => one.retire()], "retired"],
    [[ranges, (one) => one.close()], "closed"],
    [[whole], "spare"],
    [[whole, request], "busy"],
    [[whole, (one) => one.drop(FAILURE)], "dropped"],
  ];
  for (const [events, state] of table) {
    const [stats] = snapshot(source({ mirrors: [mirror(...events)] })).mirrors;
    assertEquals(stats?.state, state);
    const why = state === "waiting" || state === "dropped" ? FAILURE.message : undefined;
    assertEquals(stats?.message, why);
  }
});

Deno.test("snapshot(): after the end, no mirror is at work", () => {
  const ranges = (one: Mirror) => one.serve("ranges");
  const table: [events: ((one: Mirror) => void)[], state: string, message?: string][] = [
    [[], "idle"],
    [[request], "idle"],
    [[(one) => one.wait(1, FAILURE)], "waiting", FAILURE.message],
    [[ranges, request], "idle"],
    [[(one) => one.serve("whole")], "spare"],
    [[ranges, (one) => one.retire()], "retired"],
    [[ranges, (one) => one.drop(FAILURE)], "dropped", FAILURE.message],
  ];
  for (const [events, state, message] of table) {
    const [stats] = snapshot(source({ mirrors: [mirror(...events)], endedAt: 2000 })).mirrors;
    assertEquals([stats?.state, stats?.message], [state, message]);
  }
});
