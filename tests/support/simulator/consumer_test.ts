import { assertEquals, assertThrows } from "@std/assert";
import { Consumer } from "./consumer.ts";
import { EventQueue } from "./event_queue.ts";
import type { RateChange } from "./rate_timeline.ts";

/** A consumer of bytes that become ready at times in milliseconds, and what it took when. */
function run(
  bytesPerSecond: number,
  arrivals: readonly (readonly [atMs: number, total: number])[],
  ratesAt?: readonly RateChange[],
) {
  const queue = new EventQueue();
  const taken: [number, number][] = [];
  let ready = 0;
  const consumer = new Consumer({
    queue,
    bytesPerSecond,
    ratesAt,
    ready: () => ready,
    consumed: (bytes) => taken.push([queue.now, bytes]),
  });
  consumer.isOpen = true;
  for (const [at, total] of arrivals) {
    queue.at(at, () => {
      ready = total;
      consumer.take();
    });
  }
  while (queue.step());
  return { consumer, taken };
}

Deno.test("Consumer takes what is ready, and measures the first byte and the longest stall", () => {
  const { consumer, taken } = run(Infinity, [[10, 100], [30, 150], [100, 400]]);
  assertEquals(taken, [[10, 100], [30, 50], [100, 250]]);
  assertEquals([consumer.firstByteMs, consumer.longestStallMs], [10, 70]);
  assertEquals(consumer.points, [[0.01, 100], [0.03, 150], [0.1, 400]]);
});

Deno.test("Consumer with a maximum rate takes pieces, one after the other", () => {
  const { taken } = run(65_536, [[0, 150_000]]);
  assertEquals(taken, [[0, 65_536], [1000, 65_536], [2000, 150_000 - 2 * 65_536]]);
});

Deno.test("Consumer takes nothing before the file is known, and nothing back afterwards", () => {
  const consumer = new Consumer({
    queue: new EventQueue(),
    bytesPerSecond: Infinity,
    ready: () => ready,
    consumed: () => {},
  });
  let ready = 10;
  consumer.take();
  assertEquals(consumer.points, []);
  consumer.isOpen = true;
  consumer.take();
  ready = 9;
  assertThrows(() => consumer.take(), Error, "went back");
});

Deno.test("Consumer takes nothing while its rate is 0, then all that is ready", () => {
  const { taken } = run(Infinity, [[0, 10], [1500, 30], [2500, 60]], [[1, 0], [2, Infinity]]);
  assertEquals(taken, [[0, 10], [2000, 20], [2500, 30]]);
});
