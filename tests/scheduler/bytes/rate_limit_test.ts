import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RateLimit } from "../../../lib/scheduler/bytes/rate_limit.ts";
import { limitOf, UNLIMITED } from "../../support/scheduler/views.ts";
import { mulberry32 } from "../../support/random.ts";

/** A limit of 10 bytes per millisecond, whose first debt has been paid. */
function limited(): RateLimit {
  const limit = new RateLimit(10_000);
  limit.start(-100);
  assertEquals(limit.openAt, 0);
  return limit;
}

Deno.test("RateLimit: requested bytes are paid for with time", () => {
  const limit = limited();
  limit.take(500, 0);
  assertEquals(limit.openAt, 50);
  // Nobody has to wait for that.
  limit.take(500, 10);
  assertEquals(limit.openAt, 100);
});

Deno.test("RateLimit: unused time is worth a tenth of a second at most", () => {
  const limit = limited();
  limit.take(100, 5000);
  assertEquals(limit.openAt, 5000 - 100 + 10);
  limit.take(100, 5000);
  assertEquals(limit.openAt, 5000 - 100 + 20);
});

Deno.test("RateLimit: bytes that will not arrive are given back, but not saved up", () => {
  const limit = limited();
  limit.take(1000, 0);
  limit.giveBack(400);
  assertEquals(limit.openAt, 60);
  limit.giveBack(1_000_000);
  limit.take(1000, 0);
  assertEquals(limit.openAt, 0);
});

Deno.test("RateLimit: a download does not start with a burst", () => {
  const limit = new RateLimit(10_000);
  limit.start(7);
  assertEquals(limit.openAt, 107);
});

Deno.test("RateLimit: without a limit anything may be requested at any time", () => {
  const limit = new RateLimit(Infinity);
  limit.start(0);
  limit.take(1e12, 5);
  limit.giveBack(1e12);
  assertEquals([limit.openAt, limit.rate, limit.bytesPerSecond], [-Infinity, Infinity, Infinity]);
});

Deno.test("RateLimit.set(): what has not been paid for yet is paid at the new rate", () => {
  const limit = limited();
  limit.take(1000, 0);
  limit.set(1000, 40);
  assertEquals([limit.openAt, limit.bytesPerSecond], [40 + 600, 1000]);
  limit.set(Infinity, 50);
  assertEquals(limit.openAt, -Infinity);
  limit.set(10_000, 60);
  assertEquals(limit.openAt, 60);
});

Deno.test("RateLimit: over any time no more is requested than the limit, one piece and the credit", () => {
  const random = mulberry32(5);
  const limit = limited();
  const asked: [at: number, bytes: number][] = [];
  let now = 0;
  for (let step = 0; step < 3000; step++) {
    now += 30 * random() ** 3;
    if (limit.openAt > now) continue;
    const bytes = Math.ceil(1000 * random());
    limit.take(bytes, now);
    asked.push([now, bytes]);
  }
  for (let from = 0; from < asked.length; from += 7) {
    let bytes = 0;
    for (const [at, more] of asked.slice(from)) {
      bytes += more;
      const most = 10 * (at - asked[from]![0]) + 1000 + 1000;
      assert(bytes <= most, `${bytes} of ${most}`);
    }
  }
  const total = asked.reduce((sum, [, bytes]) => sum + bytes, 0);
  assertAlmostEquals(total / now, 10, 1);
});

Deno.test("RateLimit.piece(): what may arrive in a tenth of a second, but no less than a kibibyte", () => {
  assertEquals([1000, 100, 20, 5, 0.001].map((rate) => limitOf(rate).piece()), [
    100_000,
    10_000,
    2000,
    1024,
    1024,
  ]);
  assertEquals(UNLIMITED.piece(), Infinity);
});

Deno.test("RateLimit.piece(): a distant mirror gets as much as it needs to keep up", () => {
  const piece = (latencyMs: number, maxConnections: number) =>
    limitOf(100).piece({ latencyMs, maxConnections });
  assertEquals([10, 100, 300].map((latencyMs) => piece(latencyMs, 2)), [10_000, 10_000, 30_000]);
  // With one request at a time it has to wait for each answer.
  assertEquals([10, 100, 300].map((latencyMs) => piece(latencyMs, 1)), [10_000, 20_000, 60_000]);
  assertEquals(UNLIMITED.piece({ latencyMs: 0, maxConnections: 2 }), Infinity);
});

Deno.test("RateLimit.mostBytes() may arrive in a time, and none in one that is over", () => {
  assertEquals(limitOf(20).mostBytes(100, 150), 1000);
  assertEquals(limitOf(20).mostBytes(150, 100), 0);
  assertEquals([UNLIMITED.mostBytes(5, 5), UNLIMITED.mostBytes(5, 9)], [Infinity, Infinity]);
});

Deno.test("RateLimit.mayHurry(): the front may be requested in a debt of up to 300 ms", () => {
  const limit = limitOf(1, 1000);
  assertEquals([limit.mayHurry(699), limit.mayHurry(700)], [false, true]);
  assertEquals(UNLIMITED.mayHurry(0), true);
});
