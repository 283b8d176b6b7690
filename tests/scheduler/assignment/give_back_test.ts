import { assert, assertEquals } from "@std/assert";
import { Hand } from "../../support/scheduler/hand.ts";
import { randomNetwork } from "../../support/simulator/random_network.ts";
import { mulberry32 } from "../../support/random.ts";
import { assertAwake } from "../../support/simulator/invariants.ts";
import { simulate } from "../../support/simulator/simulator.ts";

/** Sets the size of the window, as the driver does. */
function resize(hand: Hand, bytes: number): void {
  hand.scheduler.windowSize = bytes;
  hand.handle({ type: "consumed", bytes: 0 });
}

function received({ scheduler: { ledger } }: Hand): (readonly [number, number])[] {
  return ledger.received.map(({ start, end }) => [start, end] as const);
}

Deno.test("Scheduler: what is held behind a hole is given back from the far end", () => {
  const hand = new Hand(3, { windowSize: 100 }).open(1000);
  // The first mirror owns the front, and the others deliver what follows.
  assertEquals(hand.work, ["range 4-10", "range 10-20", "range 20-30"]);
  hand.handle({ type: "consumed", bytes: 4 });
  for (let turn = 0; turn < 4; turn++) for (const mirror of [1, 2]) hand.deliver(mirror);
  const before = hand.work;
  assertEquals([before[0], hand.scheduler.heldBytes >= 80], ["range 4-10", true]);
  resize(hand, 40);
  assertEquals(received(hand), [[0, 4], [10, 39]]);
  assertEquals(hand.work, ["range 4-10", undefined, undefined]);
  assertEquals(hand.commands.filter(({ type }) => type === "forget"), [{
    type: "forget",
    from: 39,
  }]);
  // The front arrives, and what was given back is requested again.
  hand.deliver(0);
  hand.handle({ type: "consumed", bytes: 35 });
  assertEquals(hand.work, ["range 39-40", "range 40-50", "range 50-60"]);
});

Deno.test("Scheduler: what is missing at the front is requested however little room there is", () => {
  const hand = new Hand(2, { windowSize: 100 }).open(1000);
  for (let turn = 0; turn < 8; turn++) hand.deliver(1);
  hand.handle({ type: "consumed", bytes: 4 });
  resize(hand, 20);
  hand.fail(0);
  while (hand.of(0) === undefined && hand.of(1) === undefined) hand.sleep();
  assert(hand.work.includes("range 4-10"), `${hand.work}`);
});

Deno.test("Scheduler: a consumer that has taken nothing loses what is behind a smaller window", () => {
  const hand = new Hand(1, { windowSize: 100 }).open(1000);
  while (hand.of(0) !== undefined) hand.deliver(0);
  const { heldBytes, ledger } = hand.scheduler;
  assertEquals([heldBytes, ledger.front], [100, 100]);
  resize(hand, 40);
  assertEquals([hand.scheduler.heldBytes, hand.scheduler.ledger.front], [35, 35]);
  hand.handle({ type: "consumed", bytes: 35 });
  assertEquals(hand.work, ["range 35-40"]);
  // A larger window gives nothing back.
  resize(hand, 400);
  assertEquals(hand.commands.filter(({ type }) => type === "forget").length, 1);
});

Deno.test("Scheduler: a stream over the window is read no further, and goes on later", () => {
  const hand = new Hand(1, { delay: "adaptive", splitSize: 100, windowSize: 4000 });
  const { id, start } = hand.of(0)!;
  hand.respond(0, { type: "partial", start, end: 9000, size: 9000 });
  hand.handle({ type: "sampled", request: id, length: 4, digest: "same" });
  const { end } = hand.of(0)!;
  assert(end > 1000, `${end}`);
  hand.bytes(0, 100);
  resize(hand, 800);
  const reads = () => hand.commands.flatMap((one) => one.type === "read" ? [one.to] : []);
  assertEquals([hand.of(0)!.end, reads().at(-1)], [800, 800]);
  assertEquals(hand.events("cancel").at(-1)?.reason, "shrunk");
  // What was being read arrives all the same.
  hand.bytes(0, 1000);
  assertEquals([hand.of(0)!.position, hand.of(0)!.id], [1104, id]);
  hand.handle({ type: "consumed", bytes: 1104 });
  assert(reads().at(-1)! > 1104, `${reads()}`);
});

for (const [delay, connections] of [["adaptive", 8], ["adaptive", 2], [undefined, 1]] as const) {
  const name = delay === undefined ? "classic" : `adaptive, ${connections} connections`;
  Deno.test(`window: what is over it is given back, and every download ends, ${name}`, () => {
    let forgotten = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const random = mulberry32(seed);
      const network = randomNetwork(random);
      const { windowSize: first = 0, splitSize = 0 } = network;
      const windowSizesAt = Array.from({ length: 12 }, (_, index) => {
        const bytes = Math.max(2 * splitSize, Math.floor(first * random() ** 2));
        return [0.3 * (index + random()), bytes] as const;
      });
      let windowSize = first;
      const outcome = simulate({
        ...network,
        ...(delay && { delay }),
        maxConnectionsPerMirror: connections,
        windowSizesAt,
        inspect: (scheduler, now) => {
          const { heldBytes } = scheduler;
          assertAwake(scheduler, now);
          if (scheduler.windowSize !== windowSize) {
            windowSize = scheduler.windowSize;
            assert(heldBytes <= windowSize, `seed ${seed}: ${heldBytes} of ${windowSize}`);
          }
          const most = windowSize * 9 / 8 + 64 * 1024;
          assert(heldBytes <= most, `seed ${seed}: ${heldBytes} of ${windowSize}, later`);
        },
      });
      assertEquals(outcome.error, undefined, `seed ${seed}`);
      assert(outcome.scheduler.ledger.complete, `seed ${seed}`);
      forgotten += outcome.forgottenBytes;
    }
    assert(forgotten > 100_000, `${forgotten}`);
  });
}

for (const connections of [8, 2] as const) {
  Deno.test(`window: one that changes all the time loses nothing, ${connections} connections`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = mulberry32(seed);
      const links = Array.from({ length: 1 + seed % 3 }, () => ({
        bytesPerSecond: 10 ** (6 + 1.5 * random()),
        roundTripMs: 1 + 20 * random(),
      }));
      const everySeconds = 0.001 + 0.02 * random();
      const windowSizesAt = Array.from(
        { length: 400 },
        (_, index) => [index * everySeconds, index % 2 === 0 ? 200_000 : 400_000] as const,
      );
      const outcome = simulate({
        links,
        size: 1_012_345,
        delay: "adaptive",
        splitSize: 50_000,
        windowSize: 400_000,
        maxConnectionsPerMirror: connections,
        windowSizesAt,
        seed,
        // Every byte that is missing is owned by a request, or free.
        inspect: ({ ledger, requests }) => {
          const owned = [...requests].filter(({ kind }) => kind === "range");
          let at = ledger.front;
          while (at < ledger.end) {
            const holder = [...ledger.received, ...ledger.free]
              .concat(owned.map(({ position, claimEnd }) => ({ start: position, end: claimEnd })))
              .find(({ start, end }) => start <= at && at < end);
            assert(holder !== undefined, `seed ${seed}: nobody has byte ${at}`);
            at = holder!.end;
          }
        },
      });
      assertEquals(outcome.error, undefined, `seed ${seed}`);
      assert(outcome.scheduler.ledger.complete, `seed ${seed}`);
    }
  });
}
