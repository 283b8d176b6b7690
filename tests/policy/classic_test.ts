import { assertEquals } from "@std/assert";
import { UNLIMITED } from "../../lib/policy/limit.ts";
import type { DuplicateView } from "../../lib/scheduler/view.ts";
import {
  type ClassicOptions,
  ClassicPolicy,
  type ClassicView,
  unitSize,
} from "../../lib/policy/classic.ts";
import { Ledger } from "../../lib/scheduler/ledger.ts";
import { type LiveRequest, Mirror } from "../../lib/scheduler/mirror.ts";
import { simulate } from "../support/simulator/simulator.ts";

const OPTIONS: ClassicOptions = {
  delay: () => 0,
  duplicate: () => false,
  invalidBlockThreshold: 20,
  splitSize: 10,
  windowSize: 100,
  maxBlocksPerRequest: 16,
};

function mirror(facts: Partial<Mirror> = {}): Mirror {
  return Object.assign(new Mirror("http://one.test/"), { service: "ranges", ...facts });
}

/** A scene with one mirror that is free, unless others are given. */
function view({ heldBytes = 0, ...facts }: Partial<ClassicView> & { heldBytes?: number } = {}) {
  const ledger = facts.ledger ?? new Ledger(0, 300, 10);
  return {
    ledger,
    mirrors: [mirror()],
    requests: [],
    room: OPTIONS.windowSize - heldBytes - ledger.askedBytes,
    readyBytes: heldBytes,
    limit: UNLIMITED,
    received: 0,
    receivedSinceFront: 0,
    ...facts,
  };
}

function request(start: number, end: number, facts: Partial<LiveRequest> = {}): LiveRequest {
  return {
    id: 0,
    mirror: mirror(),
    kind: "range",
    start,
    end,
    claimEnd: end,
    position: start,
    startedAt: 0,
    cold: false,
    dueAt: 0,
    answeredAt: 0,
    answer: undefined,
    activeAt: 0,
    held: false,
    paid: 0,
    useful: 0,
    ...facts,
  };
}

/** The plan in short: its range, or its type. */
function plan(scene: ClassicView, options: Partial<ClassicOptions> = {}): unknown {
  const next = new ClassicPolicy({ ...OPTIONS, ...options }).next(scene, 0);
  if (next === undefined) return "wait";
  return "range" in next ? [next.type, next.range.start, next.range.end] : next.type;
}

function planned(
  facts: Parameters<typeof view>[0] = {},
  options: Partial<ClassicOptions> = {},
): unknown {
  return plan(view(facts), options);
}

Deno.test("ClassicPolicy asks for the block that the algorithm says", () => {
  assertEquals(planned(), ["ask", 0, 10]);
  assertEquals(planned({}, { delay: () => 4 }), ["ask", 40, 50]);
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 20);
  ledger.take(35, 37);
  // Pieces of blocks count as blocks: 20-30, 30-35, 37-40, 40-50.
  assertEquals(planned({ ledger }, { delay: () => 2 }), ["ask", 37, 40]);
});

Deno.test("ClassicPolicy: what is no position counts as the first, a fraction is rounded down", () => {
  for (const nonsense of [NaN, -1, -Infinity, undefined as unknown as number]) {
    assertEquals(planned({}, { delay: () => nonsense }), ["ask", 0, 10], `${nonsense}`);
  }
  assertEquals(planned({}, { delay: () => 2.9 }), ["ask", 20, 30]);
});

Deno.test("ClassicPolicy sends home who would reach too far behind the end", () => {
  assertEquals(planned({}, { delay: () => 33 }), ["ask", 290, 300]);
  assertEquals(planned({}, { delay: () => 34 }), "retire");
  assertEquals(planned({}, { delay: () => Infinity }), "retire");
});

Deno.test("ClassicPolicy shows the algorithm the state of the download", () => {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 50);
  const failure = undefined as never;
  const mirrors = [
    mirror(),
    mirror({ state: { type: "closed" } }),
    mirror({ state: { type: "dropped", failure } }),
    mirror({ state: { type: "retired" } }),
    mirror({ state: { type: "waiting", until: 1, failure } }),
  ];
  plan(view({ ledger, mirrors, received: 7 }), {
    delay: (seen) => {
      assertEquals([seen.mirror, seen.mirrors], [mirrors[0], mirrors]);
      assertEquals([seen.received, seen.left, seen.closed], [7, 25, 2]);
      return 0;
    },
  });
});

Deno.test("ClassicPolicy waits while nothing is free", () => {
  const ledger = new Ledger(0, 30, 10);
  ledger.take(0, 30);
  assertEquals(planned({ ledger }), "wait");
});

Deno.test("ClassicPolicy: what somebody failed to bring at the front comes before the algorithm", () => {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 20);
  ledger.giveBack(4, 10, []);
  assertEquals(planned({ ledger }, { delay: () => 9 }), ["ask", 100, 110]);
  ledger.receive(0, 4);
  assertEquals(planned({ ledger }, { delay: () => 9 }), ["ask", 4, 10]);
  assertEquals(planned({ ledger }, { delay: () => Infinity }), ["ask", 4, 10]);
});

Deno.test("ClassicPolicy keeps room for the front's block alone", () => {
  const delay = () => 5;
  // Of the window's 100 bytes, 80 or 81 are filled: only the first leaves a block's room.
  assertEquals(planned({ heldBytes: 80 }, { delay }), ["ask", 50, 60]);
  assertEquals(planned({ heldBytes: 81 }, { delay }), ["ask", 0, 10]);
  assertEquals(planned({ heldBytes: 90 }, { delay }), ["ask", 0, 10]);
  assertEquals(planned({ heldBytes: 91 }, { delay }), "wait");
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 10);
  assertEquals(planned({ ledger, heldBytes: 70 }, { delay }), ["ask", 60, 70]);
  // The front is being brought: nobody else may take its room.
  assertEquals(planned({ ledger, heldBytes: 71 }, { delay }), "wait");
});

Deno.test("ClassicPolicy: the front can be asked for however large a unit has become", () => {
  // The window was filled but for one block while a unit was one block; then blocks came faster.
  const ledger = new Ledger(0, 300, 10);
  ledger.receive(10, 100);
  ledger.unitSize = 10;
  assertEquals(planned({ ledger, heldBytes: 90 }), ["ask", 0, 10]);
  const later = new Ledger(0, 300, 10);
  later.receive(100, 190);
  later.unitSize = 40;
  assertEquals(planned({ ledger: later, heldBytes: 90 }), ["ask", 0, 10]);
});

Deno.test("unitSize() is one block unless every mirror is quick, then a power of two", () => {
  // milliseconds for each block of each mirror, window in blocks → blocks
  const table = [
    [[undefined], 100, 1],
    [[25], 100, 1],
    [[12.5], 100, 2],
    [[13], 100, 1],
    [[6], 100, 4],
    [[0.01], 100, 16],
    [[0.01, undefined], 100, 1],
    [[0.01, 12], 100, 2],
    [[0.01], 9, 4],
    [[0.01, 0.01, 0.01], 8, 2],
    [[0.01], 2, 1],
    [[0], 100, 16],
  ] as const;
  for (const [times, blocks, expected] of table) {
    const mirrors = times.map((blockMs) => mirror({ blockMs }));
    const options = { ...OPTIONS, windowSize: blocks * 10 };
    assertEquals(unitSize(mirrors, options), 10 * expected, `${times} in ${blocks}`);
  }
  const quick = [mirror({ blockMs: 0.01 })];
  assertEquals(unitSize(quick, { ...OPTIONS, maxBlocksPerRequest: 1 }), 10);
  assertEquals(unitSize(quick, { ...OPTIONS, maxBlocksPerRequest: 7 }), 40);
});

/** A mirror whose answers take so long, and whose blocks next to no time. */
function near(latencyMs: number): Mirror {
  const quick = new Mirror("http://one.test/", { known: { bytesPerSecond: 1e9, latencyMs } });
  return Object.assign(quick, { service: "ranges", blockMs: 0.01 });
}

Deno.test("unitSize(): under a limit it is a moment's worth, or what the nearest mirror needs", () => {
  // blocks of 10 bytes in a second, latencies → blocks
  const table = [
    [1, [10], 1],
    [10, [10], 1],
    // A tenth of a second.
    [80, [10], 8],
    [10_000, [10], 16],
    // Four round trips of the nearest.
    [10, [100], 4],
    [10, [100, 300], 4],
    [10, [300, 20], 1],
    [10, [300], 8],
  ] as const;
  for (const [blocks, latencies, expected] of table) {
    const limit = { rate: blocks * 10 / 1000, openAt: 0 };
    // The least that may be asked for at once is of no matter with larger blocks.
    const scale = 1000;
    const options = { ...OPTIONS, splitSize: 10 * scale, windowSize: 1e9 };
    const size = unitSize(latencies.map(near), options, { ...limit, rate: limit.rate * scale });
    assertEquals(size / scale, 10 * expected, `${blocks} blocks in a second, ${latencies} ms`);
  }
});

Deno.test("ClassicPolicy: nothing is asked for before what was has been paid for", () => {
  const policy = new ClassicPolicy(OPTIONS);
  const scene = view({ limit: { rate: 1, openAt: 70 } });
  assertEquals([policy.next(scene, 69), policy.wakeAt(scene, 69)], [undefined, 70]);
  assertEquals(policy.next(scene, 70)?.type, "ask");
  assertEquals([policy.wakeAt(scene, 70), policy.wakeAt(view(), 0)], [Infinity, Infinity]);
});

Deno.test("ClassicPolicy: under a limit, whoever brings a block soonest is asked first", () => {
  const mirrors = [mirror({ blockMs: 50 }), mirror({ answerMs: 9 }), mirror({ blockMs: 8 })];
  const asked = (scene: ClassicView) => {
    const next = new ClassicPolicy(OPTIONS).next(scene, 0);
    return next?.type === "ask" ? next.mirror : undefined;
  };
  assertEquals(asked(view({ mirrors })), 0);
  assertEquals(asked(view({ mirrors, limit: { rate: 1, openAt: 0 } })), 2);
});

/** A download whose front, block 0, is late: block 1 has come, the rest is free. */
function lateFront(late = request(0, 10)): ClassicView {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 10);
  ledger.receive(0, late.position);
  ledger.receive(10, 20);
  return view({ ledger, requests: [late], heldBytes: 10, receivedSinceFront: 3 });
}

const ALWAYS = { duplicate: () => true };

Deno.test("ClassicPolicy asks again for what is missing of the front's block", () => {
  assertEquals(plan(lateFront(), ALWAYS), ["duplicate", 0, 10]);
  const begun = lateFront(request(0, 10, { position: 6 }));
  assertEquals(plan(begun, ALWAYS), ["duplicate", 6, 10]);
  // Not more than the block, however far the late request goes.
  const long = lateFront(request(0, 30));
  assertEquals(plan(long, ALWAYS), ["duplicate", 0, 10]);
  const short206 = lateFront(request(0, 7));
  assertEquals(plan(short206, ALWAYS), ["duplicate", 0, 7]);
});

Deno.test("ClassicPolicy shows the duplicate algorithm what waits", () => {
  const seen: DuplicateView[] = [];
  const duplicate = (facts: DuplicateView) => seen.push(facts) === 0;
  plan(lateFront(), { duplicate });
  assertEquals(seen, [{ invalidBlocks: 1, receivedSinceFront: 3, threshold: 20 }]);
});

Deno.test("ClassicPolicy: only the live mirror that has delivered most asks again", () => {
  const own = mirror({ usage: 5 });
  const failure = undefined as never;
  const table = [
    [mirror({ usage: 4 }), true],
    [mirror({ usage: 5 }), true],
    [mirror({ usage: 6 }), false],
    [mirror({ usage: 6, live: [request(20, 30)] }), false],
    [mirror({ usage: 6, state: { type: "retired" } }), true],
    [mirror({ usage: 6, state: { type: "closed" } }), true],
    [mirror({ usage: 6, state: { type: "dropped", failure } }), true],
  ] as const;
  for (const [other, again] of table) {
    const scene = { ...lateFront(), mirrors: [own, other] };
    // Who has delivered most asks for it, the other for what is next.
    const [type] = plan(scene, ALWAYS) as string[];
    assertEquals(type, again ? "duplicate" : "ask", `${other.usage} ${other.state.type}`);
  }
});

Deno.test("ClassicPolicy asks again for a front that one other mirror has, not two and not none", () => {
  const twice = { ...lateFront(), requests: [request(0, 10), request(0, 10)] };
  assertEquals(plan(twice, ALWAYS), ["ask", 20, 30]);
  const elsewhere = { ...lateFront(), requests: [request(20, 30)] };
  assertEquals(plan(elsewhere, ALWAYS), ["ask", 20, 30]);
  const free = lateFront();
  free.ledger.giveBack(0, 10, []);
  assertEquals(plan(free, ALWAYS), ["ask", 0, 10]);
});

Deno.test("ClassicPolicy: no lock-up when blocks turn out to be quick while the window is full", () => {
  // The slow mirror keeps a unit at one block while the quick one, which always asks for the last
  // block, fills the window; then the slow one is given up, and a unit becomes several blocks.
  const outcome = simulate({
    links: [
      { bytesPerSecond: 100e6, roundTripMs: 1 },
      { bytesPerSecond: 1e6, roundTripMs: 10, resetAfterBytes: 50_000 },
    ],
    size: 10_000_000,
    splitSize: 100_000,
    windowSize: 800_000,
    delay: ({ left }) => left - 1,
    retry: {
      attempts: 1,
      minDelayMs: 0,
      maxDelayMs: 0,
      jitter: 0,
      maxRetryAfterMs: 0,
      maxTimeMs: 0,
    },
  });
  assertEquals([outcome.error, outcome.scheduler.ledger.complete], [undefined, true]);
});
