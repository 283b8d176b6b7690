import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { EventQueue } from "../event_queue.ts";
import { Sender } from "./sender.ts";

const TRIP_MS = 50;
const WINDOW_END = 10_000;

/** A sender on a network that acknowledges each segment after a round trip, but for those that it loses. */
class Bench {
  readonly queue = new EventQueue();
  readonly sender: Sender;
  /** What was sent, with the time. */
  readonly sent: (readonly [atMs: number, segment: number])[] = [];
  readonly #arrived = new Set<number>();
  #next = 0;
  /** Reports whether a segment is lost, when it is sent for the nth time. */
  loses: (segment: number, times: number) => boolean = () => false;
  windowEnd = WINDOW_END;

  constructor() {
    this.sender = new Sender(this.queue, 1448, (segment) => this.#transmit(segment));
    this.sender.open(TRIP_MS, WINDOW_END);
  }

  run(untilMs = Infinity): void {
    let isOver = false;
    if (untilMs < Infinity) this.queue.at(untilMs, () => isOver = true);
    while (!isOver && this.queue.step());
  }

  /** Returns when each of the times was that a segment was sent. */
  timesOf(segment: number): number[] {
    return this.sent.filter(([, one]) => one === segment).map(([at]) => at);
  }

  #transmit(segment: number): void {
    this.sent.push([this.queue.now, segment]);
    if (this.loses(segment, this.timesOf(segment).length)) return;
    this.queue.after(TRIP_MS, () => this.#acknowledge(segment));
  }

  #acknowledge(segment: number): void {
    const isDuplicate = segment < this.#next || this.#arrived.has(segment);
    this.#arrived.add(segment);
    while (this.#arrived.has(this.#next)) this.#next++;
    this.sender.acknowledged({
      next: this.#next,
      arrived: segment >= this.#next ? [segment] : [],
      windowEnd: this.windowEnd,
      isDuplicate,
    });
  }
}

Deno.test("Sender sends ten segments at once, twice as many after each round trip, and each once", () => {
  const bench = new Bench();
  bench.sender.write(150);
  bench.run(1000);
  const byTrip = [0, 1, 2, 3].map((trip) =>
    bench.sent.filter(([at]) => Math.floor(at / TRIP_MS) === trip).length
  );
  assertEquals(byTrip, [10, 20, 40, 80]);
  assertEquals(bench.sent.map(([, segment]) => segment), Array.from({ length: 150 }, (_, n) => n));
});

Deno.test("Sender repeats a lost segment one round trip later, and keeps 0.7 of its window", () => {
  const bench = new Bench();
  bench.loses = (segment, times) => segment === 40 && times === 1;
  bench.sender.write(70);
  bench.run(1000);
  const [first, again, ...more] = bench.timesOf(40);
  assertAlmostEquals(again! - first!, TRIP_MS, 1);
  assertEquals(more, []);
  assertEquals(bench.sent.length, 71);
  const window = bench.sender.window.size;
  assert(window >= 0.5 * 60 && window <= 0.75 * 70, `${window}`);
});

Deno.test("Sender repeats a copy that is lost, too, without a timeout", () => {
  const bench = new Bench();
  bench.loses = (segment, times) => segment === 40 && times <= 2;
  bench.sender.write(400);
  bench.run(1000);
  const times = bench.timesOf(40);
  assertEquals(times.length, 3);
  assert(times[2]! - times[1]! < 2.5 * TRIP_MS, `${times}`);
});

Deno.test("Sender probes a lost tail after two round trips, and counts it as a loss", () => {
  const bench = new Bench();
  bench.loses = (segment, times) => segment === 29 && times === 1;
  bench.sender.write(30);
  bench.run(1000);
  const [first, again, ...more] = bench.timesOf(29);
  const afterMs = again! - first!;
  assert(afterMs > 2 * TRIP_MS && afterMs < 2 * TRIP_MS + 250 && more.length === 0, `${afterMs}`);
  assert(bench.sender.window.size <= 0.71 * 40, `${bench.sender.window.size}`);
});

Deno.test("Sender begins with one segment after a timeout, and doubles the timeouts", () => {
  const bench = new Bench();
  bench.loses = () => bench.queue.now >= 40 && bench.queue.now < 1000;
  bench.sender.write(70);
  bench.run(5000);
  // A probe, then timeouts of a good quarter of a second, twice, and four times that.
  const times = bench.timesOf(10).slice(1);
  const gaps = times.map((at, index) => at - (times[index - 1] ?? 0)).slice(1);
  assert(gaps.length >= 1 && gaps.length <= 3, `${times}`);
  gaps.slice(1).forEach((gap, index) => assertAlmostEquals(gap / gaps[index]!, 2, 0.1));
  const after = bench.sent.filter(([at]) => at >= times.at(-1)!);
  const trips = [0, 1, 2].map((trip) =>
    after.filter(([at]) => Math.floor((at - times.at(-1)!) / TRIP_MS) === trip).length
  );
  assertEquals(trips[0], 1);
  assert(trips[1]! <= 3 && trips[2]! <= 6, `${trips}`);
  assert(new Set(bench.sent.map(([, segment]) => segment)).size === 70);
});

Deno.test("Sender asks for the window of a receiver that closed it", () => {
  const bench = new Bench();
  bench.windowEnd = 10;
  const sender = new Sender(bench.queue, 1448, (segment) => {
    bench.sent.push([bench.queue.now, segment]);
    const isDuplicate = bench.timesOf(segment).length > 1;
    // It opens the window after a second, but the news of it is lost.
    const windowEnd = bench.queue.now > 1000 ? 20 : 10;
    bench.queue.after(TRIP_MS, () =>
      sender.acknowledged({
        next: Math.max(10, segment + 1),
        arrived: [],
        windowEnd,
        isDuplicate,
      }));
  });
  sender.open(TRIP_MS, 10);
  sender.write(20);
  bench.run(10_000);
  assertEquals(new Set(bench.sent.map(([, segment]) => segment)).size, 20);
});

Deno.test("Sender.room is bounded by the window at first, and by 4 MB later", () => {
  const bench = new Bench();
  assertEquals(bench.sender.room, 60);
  bench.sender.write(5000);
  assertEquals(bench.sender.room, 0);
  bench.run(3000);
  assertEquals(bench.sender.room, Math.floor(4 * 1024 * 1024 / 1500));
});
