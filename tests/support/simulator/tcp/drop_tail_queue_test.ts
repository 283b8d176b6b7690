import { assertEquals } from "@std/assert";
import { RateTimeline } from "../rate_timeline.ts";
import { DropTailQueue, usualQueueBytes } from "./drop_tail_queue.ts";

Deno.test("DropTailQueue sends packets one after the other at its rate", () => {
  const queue = new DropTailQueue(new RateTimeline(1_000_000), 10_000);
  assertEquals([queue.enqueue(1000, 5), queue.enqueue(500, 5), queue.enqueue(1000, 10)], [
    6,
    6.5,
    11,
  ]);
  assertEquals([queue.drops, queue.busyMs, queue.peakBytes], [0, 2.5, 1500]);
});

Deno.test("DropTailQueue drops what does not fit; the packet that is being sent counts", () => {
  const queue = new DropTailQueue(new RateTimeline(1_000_000), 3000);
  const leave = [1, 2, 3, 4].map(() => queue.enqueue(1000, 0));
  assertEquals(leave, [1, 2, 3, undefined]);
  assertEquals(queue.enqueue(1000, 0.9), undefined);
  assertEquals(queue.enqueue(1000, 1), 4);
  assertEquals(queue.enqueue(1000, 1), undefined);
  assertEquals([queue.drops, queue.peakBytes], [3, 3000]);
});

Deno.test("DropTailQueue goes on at a new rate, and waits while there is none", () => {
  const rates = new RateTimeline(1_000_000, [[0.001, 0], [0.01, 500_000]]);
  const queue = new DropTailQueue(rates, 10_000);
  assertEquals([queue.enqueue(1500, 0), queue.enqueue(500, 2)], [11, 12]);
});

Deno.test("usualQueueBytes() is a round trip at the rate, at least 64 KiB", () => {
  assertEquals(usualQueueBytes(18_750_000, 10), 187_500);
  assertEquals(usualQueueBytes(1_875_000, 10), 65_536);
});
