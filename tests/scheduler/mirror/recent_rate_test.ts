import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RecentRate } from "../../../lib/scheduler/mirror/recent_rate.ts";
import { mulberry32 } from "../../support/random.ts";

Deno.test("RecentRate: nothing has come before the first bytes", () => {
  const rate = new RecentRate();
  assertEquals([rate.at(0, 0), rate.at(123_456, 123_000)], [0, 0]);
});

Deno.test("RecentRate: bytes count for one second, and for nothing after it", () => {
  const rate = new RecentRate();
  rate.add(1000, 5000);
  const rates = [5000, 5500, 5990, 6005, 6010, 9000].map((now) => rate.at(now, 0));
  assertEquals(rates, [1000, 1000, 1000, 500, 0, 0]);
});

Deno.test("RecentRate: at the beginning, bytes count over the time so far", () => {
  const rate = new RecentRate();
  rate.add(1000, 10_100);
  assertEquals([10_250, 10_500, 11_000].map((now) => rate.at(now, 10_000)), [4000, 2000, 1000]);
});

Deno.test("RecentRate: a burst in the first moment is not a rate of many times as much", () => {
  const rate = new RecentRate();
  rate.add(65_536, 3);
  assert([3, 50, 200].every((now) => rate.at(now, 0) === 65_536 * 5));
});

Deno.test("RecentRate: a steady rate is shown as it is, however it is cut into chunks", () => {
  for (const everyMs of [0.7, 3, 10, 33, 41, 100]) {
    const rate = new RecentRate();
    let now = 777.7;
    for (; now < 5000; now += everyMs) rate.add(400 * everyMs, now);
    assertAlmostEquals(rate.at(now, 700), 400_000, 400_000 * everyMs / 1000 + 1);
  }
});

Deno.test("RecentRate: rates add up to that of all, at any time", () => {
  const [all, ...some] = Array.from({ length: 4 }, () => new RecentRate());
  const next = mulberry32(7);
  let now = 0;
  for (let i = 0; i < 2000; i++) {
    now += next() ** 8 * 2000;
    const bytes = Math.floor(next() * 100_000);
    all!.add(bytes, now);
    some[Math.floor(next() * 3)]!.add(bytes, now);
    const later = now + next() * 1200;
    const sum = some.reduce((total, rate) => total + rate.at(later, 0), 0);
    assertAlmostEquals(sum, all!.at(later, 0), 1);
  }
});

Deno.test("RecentRate: a long silence leaves nothing behind", () => {
  const rate = new RecentRate();
  for (let now = 0; now < 2000; now += 5) rate.add(5000, now);
  rate.add(1, 60_000);
  assertEquals(rate.at(60_000, 0), 1);
});
