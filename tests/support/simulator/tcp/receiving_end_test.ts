import { assertAlmostEquals, assertEquals } from "@std/assert";
import { EventQueue } from "../event_queue.ts";
import { ReceivingEnd } from "./receiving_end.ts";
import type { Acknowledgement } from "./scoreboard.ts";

/** A receiving end, and the acknowledgements that it sends, with their times. */
function receiver() {
  const queue = new EventQueue();
  const sent: (Acknowledgement & { readonly atMs: number })[] = [];
  let unread = 0;
  const end = new ReceivingEnd(queue, {
    roundTripMs: 10,
    segmentBytes: 1448,
    unread: () => unread,
    acknowledge: (acknowledgement) => sent.push({ ...acknowledgement, atMs: queue.now }),
  });
  return {
    end,
    queue,
    sent,
    hold: (bytes: number) => unread = bytes,
    take: (atMs: number, ...segments: number[]) =>
      queue.at(atMs, () => segments.forEach((segment) => end.take(segment))),
    run: () => {
      while (queue.step());
    },
  };
}

/** Past the first segments, which are acknowledged one by one. */
function settled() {
  const bench = receiver();
  bench.take(0, ...Array.from({ length: 16 }, (_, segment) => segment));
  bench.take(1);
  bench.queue.step();
  bench.sent.length = 0;
  return bench;
}

Deno.test("ReceivingEnd acknowledges the first segments one by one", () => {
  const { take, run, sent } = receiver();
  take(0, 0, 1, 2);
  run();
  assertEquals(sent.map(({ next, atMs }) => [next, atMs]), [[1, 0], [2, 0], [3, 0]]);
});

Deno.test("ReceivingEnd acknowledges several at once soon, a single one after 40 ms", () => {
  const { take, run, sent } = settled();
  take(10, 16, 17, 18);
  take(20, 19);
  run();
  assertEquals(sent.map(({ next }) => next), [19, 20]);
  assertAlmostEquals(sent[0]!.atMs, 10.1, 1e-6);
  assertAlmostEquals(sent[1]!.atMs, 60, 1e-6);
});

Deno.test("ReceivingEnd: what arrives out of order is told at once, later in groups", () => {
  const { take, run, sent } = settled();
  take(10, 17, 18, 19, 20, 21);
  take(12, 16);
  run();
  assertEquals(sent.map(({ next, arrived }) => [next, arrived]), [
    [16, [17]],
    [16, [18]],
    [16, [19]],
    [16, [20, 21]],
    [22, []],
  ]);
  assertEquals([sent[2]!.atMs, sent[3]!.atMs, sent[4]!.atMs], [10, 10.5, 12]);
});

Deno.test("ReceivingEnd.take() returns how many segments are in order", () => {
  const { end } = receiver();
  assertEquals([0, 2, 3, 1, 1, 5].map((segment) => end.take(segment)), [1, 0, 0, 3, 0, 0]);
  assertEquals(end.next, 4);
});

Deno.test("ReceivingEnd: a segment that comes again is acknowledged as such", () => {
  const { take, run, sent } = settled();
  take(10, 3);
  run();
  assertEquals(sent.map(({ next, isDuplicate, atMs }) => [next, isDuplicate, atMs]), [
    [16, true, 10],
  ]);
});

Deno.test("ReceivingEnd: what a lost acknowledgement told is told by the next one", () => {
  const { end, take, run, sent } = settled();
  take(10, 18);
  run();
  end.lost(sent[0]!);
  take(20, 19);
  run();
  assertEquals(sent[1]!.arrived, [18, 19]);
});

Deno.test("ReceivingEnd: the window closes with unread bytes, and its opening is told", () => {
  const { end, hold, take, run, sent } = settled();
  const open = end.windowEnd() - end.next;
  assertEquals(open, Math.floor(64 * 1024 / 1448));
  hold(64 * 1024);
  // The end of the window stays where it was.
  take(10, 16, 17);
  run();
  assertEquals(sent.at(-1)!.windowEnd - end.next, open - 2);
  const segments = Array.from({ length: open - 2 }, (_, index) => 18 + index);
  take(20, ...segments);
  run();
  assertEquals(sent.at(-1)!.windowEnd, end.next);
  sent.length = 0;
  end.opened();
  assertEquals(sent, []);
  hold(0);
  end.opened();
  assertEquals(sent.map(({ windowEnd }) => windowEnd - end.next), [open]);
});

Deno.test("ReceivingEnd: the window grows with what is read in a round trip", () => {
  const { end } = receiver();
  let bytes = 30_000;
  for (let trip = 1; trip <= 6; trip++, bytes *= 2) {
    end.window.read(bytes, 20 * trip);
    const window = end.window.segments(0) * 1448;
    // A sender that doubles its window in each round trip is not held back.
    if (window < 4 * bytes && bytes > 30_000) throw new Error(`${window} for ${bytes}`);
  }
});
