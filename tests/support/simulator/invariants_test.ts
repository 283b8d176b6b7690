import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import { Ledger } from "../../../lib/scheduler/bytes/ledger.ts";
import type { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { schedulerOptionsOf } from "./algorithms.ts";
import { assertAwake, inspector, simulateStrictly } from "./invariants.ts";
import { mulberry32 } from "../random.ts";
import { randomNetwork } from "./random_network.ts";
import { TESTBED } from "./mirror.ts";

interface Asked {
  readonly position: number;
  readonly end: number;
  readonly claimStart?: number;
  readonly claimEnd?: number;
  readonly url?: string;
}

/** A scheduler of 100 bytes with these requests under way, all of them taken from the ledger. */
function scheduler(requests: readonly Asked[], heldBytes = 0): Scheduler {
  const ledger = new Ledger(0, 100, 10);
  const live = requests.map((asked) => {
    const { url = "http://one.test/", position, end } = asked;
    const { claimStart = position, claimEnd = end } = asked;
    return { kind: "range", mirror: { url }, position, end, claimStart, claimEnd };
  });
  for (const { claimStart, claimEnd } of live) ledger.take(claimStart, claimEnd);
  return { ledger, requests: live, heldBytes } as unknown as Scheduler;
}

Deno.test("inspector() accepts a consistent scheduler", () => {
  const inspect = inspector(50, 2);
  inspect(scheduler([]));
  inspect(scheduler([{ position: 0, end: 20 }, { position: 50, end: 60 }], 50));
  // What lies behind the end of what it owns is free, though it may still deliver it.
  inspect(scheduler([{ position: 0, end: 50, claimEnd: 20 }]));
  inspect(scheduler([{ position: 0, end: 50, claimStart: 20 }]));
});

Deno.test("inspector() detects more held bytes than the window", () => {
  assertThrows(() => inspector(50)(scheduler([], 51)), Error, "51 of 50 bytes held");
  assertThrows(() => inspector(50)(scheduler([], -1)), Error, "-1 of 50 bytes held");
});

Deno.test("inspector() detects too many requests at a mirror", () => {
  const two = scheduler([{ position: 0, end: 10 }, { position: 10, end: 20 }]);
  assertThrows(() => inspector(50)(two), Error, "has 2 live requests");
  inspector(50, 2)(two);
  inspector(50)(scheduler([
    { position: 0, end: 10 },
    { position: 10, end: 20, url: "http://two.test/" },
  ]));
});

Deno.test("inspector() detects bytes without an owner, and bytes that are owned and free", () => {
  const lost = scheduler([{ position: 0, end: 20 }]);
  lost.ledger.take(40, 50);
  assertThrows(() => inspector(50)(lost), Error, "40-50 is neither received, free nor owned");
  const both = scheduler([{ position: 0, end: 20 }]);
  both.ledger.giveBack(10, 20, []);
  assertThrows(() => inspector(50)(both), Error, "10-20 is free, but owned");
});

Deno.test("simulateStrictly() throws the error of a failed download", () => {
  const links = [{ ...TESTBED[0]!, silentFromMs: 100 }];
  assertThrows(() => simulateStrictly({ links, size: 10_000_000 }), Error, "No mirror is left");
});

Deno.test("the classic algorithms keep every invariant on random networks", () => {
  const names = ["normal", "diff", "inv", "static"];
  for (let seed = 1; seed <= 120; seed++) {
    const options = randomNetwork(mulberry32(seed));
    const name = names[seed % names.length]!;
    try {
      simulateStrictly({ ...options, ...schedulerOptionsOf(name, options.links) });
    } catch (cause) {
      throw new Error(`${name}, seed ${seed}`, { cause });
    }
  }
});

Deno.test("simulateStrictly() downloads a range, and an empty one", () => {
  const part = { links: TESTBED, size: 9_000_000, start: 1_234_567, end: 7_654_321 };
  assertEquals(simulateStrictly(part).points.at(-1)?.[1], 7_654_321 - 1_234_567);
  assertEquals(simulateStrictly({ links: TESTBED, size: 0 }).points, []);
});

Deno.test("assertAwake() detects a download that nothing wakes", () => {
  const ledger = { complete: false };
  const mirrors = [{ state: { type: "ready" } }];
  const idle = { ledger, mirrors, heldBytes: 0, requests: [], wakeAt: Infinity };
  const inspect = (changes: object) => assertAwake({ ...idle, ...changes } as never, 0);
  assertThrows(() => inspect({}), AssertionError, "nothing will ever happen");
  inspect({ heldBytes: 1 });
  inspect({ wakeAt: 60_000 });
  inspect({ ledger: { complete: true } });
  const late = { ledger: { complete: true }, wakeAt: 60_000 };
  assertThrows(() => inspect(late), AssertionError, "sleeps");
});
