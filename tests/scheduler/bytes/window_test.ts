import { assertEquals } from "@std/assert";
import { Window } from "../../../lib/scheduler/bytes/window.ts";

const SIZE = 32_000_000;
const MOST = 128_000_000;

/** A mirror that is in use. */
function source(bytesPerSecond: number, latencyMs: number, isMeasured = true, live = 1) {
  const link = { latencyMs, isMeasured, bytesPerSecond: () => bytesPerSecond };
  return { live: { length: live }, link };
}

Deno.test("Window: grows to twenty times the bytes under way, within its limit", () => {
  // mirrors, bytes that the consumer has yet to take, size
  const table = [
    [[source(18e6, 10), source(6e6, 30)], 0, SIZE],
    [[source(37e6, 30), source(25e6, 50), source(12e6, 80)], 0, 66_400_000],
    [[source(100e6, 200)], 0, MOST],
    // What is not measured or not in use does not count.
    [[source(100e6, 200, false), source(100e6, 200, true, 0)], 0, SIZE],
    // Neither does it grow for a consumer that does not keep up.
    [[source(100e6, 200)], 8_000_001, SIZE],
  ] as const;
  for (const [mirrors, readyBytes, size] of table) {
    const window = new Window(SIZE, MOST);
    window.grow(mirrors, readyBytes, 0);
    assertEquals(window.sizeFor(0), size);
  }
});

Deno.test("Window: is as small as before while the consumer does not keep up", () => {
  const window = new Window(SIZE, MOST);
  window.grow([source(37e6, 100)], 0, 0);
  assertEquals([window.sizeFor(0), window.sizeFor(SIZE / 4)], [74_000_000, 74_000_000]);
  assertEquals(window.sizeFor(SIZE / 4 + 1), SIZE);
  // It does not shrink with the rate.
  window.grow([source(1e6, 100)], 0, 0);
  assertEquals(window.sizeFor(0), 74_000_000);
});

Deno.test("Window: one whose size is given does not grow, and neither does one that is fixed later", () => {
  const given = new Window(SIZE);
  given.grow([source(100e6, 200)], 0, 0);
  assertEquals(given.sizeFor(0), SIZE);
  const fixed = new Window(SIZE, MOST);
  fixed.fix(1_000_000);
  fixed.grow([source(100e6, 200)], 0, 0);
  assertEquals(fixed.sizeFor(0), 1_000_000);
});
