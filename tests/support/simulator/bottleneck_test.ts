import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Bottleneck } from "./bottleneck.ts";
import { EventQueue } from "./event_queue.ts";

/** Keeps each source at its rate busy for ten seconds; returns what each had of the bottleneck. */
function shares(bytesPerSecond: number, demands: readonly number[]): number[] {
  const queue = new EventQueue();
  const bottleneck = new Bottleneck(queue, bytesPerSecond);
  const carried = demands.map(() => 0);
  demands.forEach((demand, source) => {
    const bytes = demand / 1000;
    let waiting = 0;
    const offer = (): void => {
      if (waiting >= 2) return;
      waiting++;
      bottleneck.carry(source, bytes, () => {
        waiting--;
        carried[source]! += bytes;
      });
    };
    for (let ms = 1; ms < 10_000; ms++) queue.at(ms, offer);
  });
  while (queue.now < 10_000 && queue.step());
  return carried.map((bytes) => bytes / 10);
}

Deno.test("Bottleneck does not delay links with less than its rate", () => {
  const [one, other] = shares(10e6, [1e6, 3e6]);
  assertAlmostEquals(one!, 1e6, 2e3);
  assertAlmostEquals(other!, 3e6, 6e3);
});

Deno.test("Bottleneck shares fairly between sources that exceed their share", () => {
  const [small, large, larger] = shares(5e6, [1e6, 4e6, 8e6]);
  assertAlmostEquals(small!, 1e6, 0.05e6);
  assertAlmostEquals(large!, 2e6, 0.1e6);
  assertAlmostEquals(larger!, 2e6, 0.1e6);
  assertAlmostEquals(small! + large! + larger!, 5e6, 0.05e6);
});

Deno.test("Bottleneck keeps the order of a source", () => {
  const queue = new EventQueue();
  const bottleneck = new Bottleneck(queue, 1000);
  const through: (readonly [number, number])[] = [];
  for (const bytes of [100, 300, 200]) {
    bottleneck.carry("one", bytes, () => through.push([bytes, queue.now]));
  }
  while (queue.step());
  assertEquals(through, [[100, 100], [300, 400], [200, 600]]);
});
