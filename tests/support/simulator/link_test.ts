import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Bottleneck } from "./bottleneck.ts";
import { EventQueue } from "./event_queue.ts";
import { mulberry32 } from "../random.ts";
import { INITIAL_WINDOW } from "./connection.ts";
import { type LinkOptions, SimulatedLink } from "./link.ts";
import type { SimulatedMirror } from "./mirror.ts";
import { type Fate, observeTransfer } from "./observed_transfer.ts";

/** A link with requests that note what becomes of them. */
class Bench {
  readonly queue = new EventQueue();
  readonly #link: SimulatedLink;

  constructor(mirror: Partial<SimulatedMirror> = {}, options: Partial<LinkOptions> = {}) {
    this.#link = new SimulatedLink({ bytesPerSecond: 1e6, roundTripMs: 10, ...mirror }, {
      queue: this.queue,
      random: mulberry32(1),
      slowStart: false,
      ...options,
    });
  }

  ask(bytes: number, resetAfterBytes = Infinity, ended: () => void = () => {}): Fate {
    return observeTransfer(this.#link, this.queue, { bytes, resetAfterBytes, ended });
  }

  at(ms: number, action: () => void): void {
    this.queue.at(ms, action);
  }

  run(): void {
    while (this.queue.step());
  }
}

/** How many bytes had come by a time. */
function bytesBy({ pieces }: Fate, ms: number): number {
  return pieces.reduce((sum, [atMs, bytes]) => sum + (atMs <= ms ? bytes : 0), 0);
}

Deno.test("SimulatedLink: a new connection takes two round trips, an idle one takes one", () => {
  const bench = new Bench();
  let second: Fate | undefined;
  const first = bench.ask(100_000, Infinity, () => second = bench.ask(50_000));
  bench.run();
  assertEquals([first.answeredAt, first.bytes], [20, 100_000]);
  assertAlmostEquals(first.endedAt!, 120, 1e-6);
  assertAlmostEquals(second!.answeredAt!, 130, 1e-6);
  assertAlmostEquals(second!.endedAt!, 180, 1e-6);
});

Deno.test("SimulatedLink: concurrent requests have their own connections, and share fairly", () => {
  const bench = new Bench();
  const one = bench.ask(100_000);
  const other = bench.ask(30_000);
  bench.run();
  assertEquals([one.answeredAt, other.answeredAt], [20, 20]);
  assertAlmostEquals(other.endedAt!, 20 + 60, 3);
  assertAlmostEquals(one.endedAt!, 20 + 130, 1e-6);
  // Both connections are kept.
  const again = [bench.ask(1000), bench.ask(1000), bench.ask(1000)];
  const now = bench.queue.now;
  bench.run();
  assertEquals(again.map(({ answeredAt }) => answeredAt! - now), [10, 10, 20]);
});

Deno.test("SimulatedLink: a cancelled request closes its connection and frees the link", () => {
  const bench = new Bench();
  const one = bench.ask(1_000_000);
  const other = bench.ask(50_000);
  let next: Fate | undefined;
  bench.at(30, () => {
    one.cancel();
    next = bench.ask(1000);
  });
  bench.run();
  assertAlmostEquals(bytesBy(one, Infinity), 5000, 1500);
  assertEquals(one.endedAt, undefined);
  assertAlmostEquals(other.endedAt!, 20 + 50 + 5, 3);
  assertEquals(next!.answeredAt, 50);
});

Deno.test("SimulatedLink: a request that is cancelled before its response gets no callback", () => {
  const bench = new Bench();
  const fate = bench.ask(1000);
  bench.at(15, fate.cancel);
  bench.run();
  assertEquals([fate.answeredAt, fate.bytes], [undefined, 0]);
});

Deno.test("SimulatedLink: an empty body ends with its response", () => {
  for (const slowStart of [false, true]) {
    const bench = new Bench({}, { slowStart });
    const fate = bench.ask(0);
    bench.run();
    assertEquals([fate.answeredAt, fate.endedAt, fate.pieces], [20, 20, []]);
  }
});

Deno.test("SimulatedLink: slow start doubles the bytes per round trip, up to the rate of the link", () => {
  const bench = new Bench({ bytesPerSecond: 10e6, roundTripMs: 100 }, { slowStart: true });
  const fate = bench.ask(10_000_000);
  bench.run();
  for (let trip = 1; trip <= 6; trip++) {
    // Each flight is through before the next round trip begins.
    assertEquals(bytesBy(fate, 200 + trip * 100 - 1), INITIAL_WINDOW * (2 ** trip - 1));
  }
  const [late, later] = [bytesBy(fate, 1400), bytesBy(fate, 1450)];
  assertAlmostEquals((later - late) / 0.05, 10e6, 0.3e6);
});

Deno.test("SimulatedLink: an idle connection keeps its window", () => {
  const bench = new Bench({ bytesPerSecond: 100e6, roundTripMs: 100 }, { slowStart: true });
  let second: Fate | undefined;
  const first = bench.ask(7 * INITIAL_WINDOW, Infinity, () => {
    second = bench.ask(1_000_000);
  });
  bench.run();
  assertAlmostEquals(first.endedAt!, 400, 2);
  // Ten segments, twenty and forty were acknowledged: eighty may be under way.
  assertEquals(bytesBy(second!, second!.answeredAt! + 99), 8 * INITIAL_WINDOW);
});

Deno.test("SimulatedLink: a connection has its own limit, several reach that of the link", () => {
  const bench = new Bench({ connectionBytesPerSecond: 400_000 });
  const fates = [bench.ask(40_000), bench.ask(40_000)];
  bench.run();
  for (const { endedAt } of fates) assertAlmostEquals(endedAt!, 120, 4);
  const three = [bench.ask(40_000), bench.ask(40_000), bench.ask(40_000)];
  const now = bench.queue.now;
  bench.run();
  const last = Math.max(...three.map(({ endedAt }) => endedAt!));
  assert(last > now + 130 && last < now + 155, `${last - now} ms`);
});

Deno.test("SimulatedLink: a change of the rate applies at once, a blackout only delays", () => {
  const bench = new Bench({ ratesAt: [[0.1, 100_000], [0.2, 0], [0.5, 1_000_000]] });
  const fate = bench.ask(100_000);
  let during: Fate | undefined;
  bench.at(300, () => during = bench.ask(1000));
  bench.run();
  assertAlmostEquals(bytesBy(fate, 100), 80_000, 1460);
  assertAlmostEquals(bytesBy(fate, 499), 90_000, 1460);
  assertAlmostEquals(fate.endedAt!, 510, 2);
  assertEquals(during!.answeredAt, 500);
});

Deno.test("SimulatedLink: silence is permanent", () => {
  const bench = new Bench({ silentFromMs: 50 });
  const fate = bench.ask(100_000);
  let later: Fate | undefined;
  bench.at(1000, () => later = bench.ask(1000));
  bench.run();
  assertAlmostEquals(fate.bytes, 30_000, 1460);
  assertEquals([fate.endedAt, later!.answeredAt], [undefined, undefined]);
});

Deno.test("SimulatedLink: after it died and returned, only new connections work", () => {
  const bench = new Bench({ deadFromMs: 50, returnsAtMs: 200 });
  const kept = bench.ask(1000);
  const before = bench.ask(100_000);
  const fates: Fate[] = [];
  for (const ms of [100, 199, 200, 250]) bench.at(ms, () => fates.push(bench.ask(1000)));
  bench.run();
  assert(kept.endedAt! < 50 && before.endedAt === undefined);
  assertEquals(fates.map(({ answeredAt }) => answeredAt), [undefined, undefined, 220, 260]);
});

Deno.test("SimulatedLink resets a connection after resetAfterBytes", () => {
  const bench = new Bench();
  const fate = bench.ask(100_000, 10_000);
  bench.run();
  assertAlmostEquals(fate.bytes, 10_000, 1460);
  assertAlmostEquals(fate.resetAt!, 31, 1);
  assertEquals(fate.endedAt, undefined);
  const { now } = bench.queue;
  const next = bench.ask(1000, 1000);
  bench.run();
  assertEquals(next.answeredAt, now + 20);
  // What is complete is not reset.
  assert(next.endedAt !== undefined && next.resetAt === undefined);
});

Deno.test("SimulatedLink resets all connections at resetsAtMs, and new ones with resetsNew", () => {
  for (const resetsNew of [false, true]) {
    const bench = new Bench({ resetsAtMs: 50, resetsNew });
    const kept = bench.ask(1000);
    const fates = [bench.ask(100_000), bench.ask(100_000)];
    bench.at(45, () => fates.push(bench.ask(1000)));
    let next: Fate | undefined;
    bench.at(60, () => next = bench.ask(1000));
    bench.run();
    assert(kept.endedAt! < 50);
    assertEquals(fates.map(({ resetAt }) => resetAt), [50, 50, 50]);
    // The connection that was idle is gone, too.
    const answer = [next!.answeredAt, next!.resetAt];
    assertEquals(answer, resetsNew ? [undefined, 70] : [80, undefined]);
  }
});

Deno.test("SimulatedLink: thinkMs delays every response, jitterMs each by a random time", () => {
  const bench = new Bench({ thinkMs: 50, jitterMs: 30 });
  const delays = new Set<number>();
  const next = (left: number): void => {
    const askedAt = bench.queue.now;
    const trips = left === 20 ? 2 : 1;
    const fate = bench.ask(0, Infinity, () => {
      const extra = fate.answeredAt! - askedAt - 50 - trips * 10;
      assert(extra >= 0 && extra < 30, `${extra} ms`);
      delays.add(extra);
      if (left > 1) next(left - 1);
    });
  };
  next(20);
  bench.run();
  assertEquals(delays.size, 20);
});

Deno.test("SimulatedLink: links behind a bottleneck share it, and none runs ahead", () => {
  const queue = new EventQueue();
  const bottleneck = new Bottleneck(queue, 1e6);
  const links = [1e6, 0.2e6, 5e6].map((bytesPerSecond) =>
    new SimulatedLink({ bytesPerSecond, roundTripMs: 10 }, {
      queue,
      random: mulberry32(1),
      slowStart: true,
      bottleneck,
    })
  );
  const fates = links.map((link) => observeTransfer(link, queue, { bytes: 10_000_000 }));
  while (queue.now < 4020) queue.step();
  const arrived = fates.map(({ bytes }) => bytes);
  assertAlmostEquals(arrived[0]!, 1.6e6, 0.1e6);
  assertAlmostEquals(arrived[1]!, 0.8e6, 0.05e6);
  assertAlmostEquals(arrived[2]!, 1.6e6, 0.1e6);
  assertAlmostEquals(arrived[0]! + arrived[1]! + arrived[2]!, 4e6, 0.04e6);
});
