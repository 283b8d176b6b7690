import { assertEquals } from "@std/assert";
import type {
  DownloadView,
  DuplicateView,
  Plan,
  RequestView,
  SourceView,
} from "../../lib/scheduler/view.ts";
import {
  downloadView,
  limitOf,
  linkView,
  requestView,
  sourceView,
  UNLIMITED,
} from "../support/scheduler/views.ts";
import { type ClassicOptions, ClassicPolicy, unitSize } from "../../lib/policy/classic.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import { simulate } from "../support/simulator/simulator.ts";

const OPTIONS: ClassicOptions = {
  delay: () => 0,
  duplicate: () => false,
  invalidBlockThreshold: 20,
  splitSize: 10,
  maxBlocksPerRequest: 16,
};

const mirror = sourceView;
const view = downloadView;

function request(start: number, end: number, facts: Partial<RequestView> = {}): RequestView {
  return requestView({ start, end, answeredAt: 0, ...facts });
}

/** Returns the next plan, once the size of a unit is what the policy wants. */
function nextPlan(
  scene: DownloadView,
  options: Partial<ClassicOptions> = {},
  now = 0,
): Plan | undefined {
  const next = new ClassicPolicy({ ...OPTIONS, ...options }).next(scene, now);
  if (next?.type !== "resize") return next;
  (scene.ledger as Ledger).unitSize = next.unitSize;
  return nextPlan(scene, options, now);
}

/** The plan in short: its range, or its type. */
function plan(scene: DownloadView, options: Partial<ClassicOptions> = {}): unknown {
  const next = nextPlan(scene, options);
  if (next === undefined) return "wait";
  return "range" in next ? [next.type, next.range.start, next.range.end] : next.type;
}

function planned(
  facts: Parameters<typeof view>[0] = {},
  options: Partial<ClassicOptions> = {},
): unknown {
  return plan(view(facts), options);
}

Deno.test("ClassicPolicy requests the block that the algorithm chooses", () => {
  assertEquals(planned(), ["ask", 0, 10]);
  assertEquals(planned({}, { delay: () => 4 }), ["ask", 40, 50]);
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 20);
  ledger.take(35, 37);
  // Pieces of blocks count as blocks: 20-30, 30-35, 37-40, 40-50.
  assertEquals(planned({ ledger }, { delay: () => 2 }), ["ask", 37, 40]);
});

Deno.test("ClassicPolicy: an invalid position counts as the first, a fraction is rounded down", () => {
  for (const nonsense of [NaN, -1, -Infinity, undefined as unknown as number]) {
    assertEquals(planned({}, { delay: () => nonsense }), ["ask", 0, 10], `${nonsense}`);
  }
  assertEquals(planned({}, { delay: () => 2.9 }), ["ask", 20, 30]);
});

Deno.test("ClassicPolicy retires a mirror whose position is too far behind the end", () => {
  assertEquals(planned({}, { delay: () => 33 }), ["ask", 290, 300]);
  assertEquals(planned({}, { delay: () => 34 }), "retire");
  assertEquals(planned({}, { delay: () => Infinity }), "retire");
});

Deno.test("ClassicPolicy shows the algorithm the state of the download", () => {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 50);
  const mirrors = [
    mirror(),
    mirror({ state: "closed" }),
    mirror({ state: "dropped" }),
    mirror({ state: "retired" }),
    mirror({ state: "waiting" }),
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

Deno.test("ClassicPolicy: a returned front comes before the algorithm", () => {
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
  // The front is on its way: no other request may take its room.
  assertEquals(planned({ ledger, heldBytes: 71 }, { delay }), "wait");
});

Deno.test("ClassicPolicy: the front can be requested however large a unit has become", () => {
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
    const window = { windowSize: blocks * 10, limit: UNLIMITED };
    assertEquals(unitSize(mirrors, OPTIONS, window), 10 * expected, `${times} in ${blocks}`);
  }
  const quick = [mirror({ blockMs: 0.01 })];
  const window = { windowSize: 100, limit: UNLIMITED };
  assertEquals(unitSize(quick, { ...OPTIONS, maxBlocksPerRequest: 1 }, window), 10);
  assertEquals(unitSize(quick, { ...OPTIONS, maxBlocksPerRequest: 7 }, window), 40);
});

/** A mirror with this latency, whose blocks take next to no time. */
function near(latencyMs: number): SourceView {
  return sourceView({ link: linkView({ latencyMs }), blockMs: 0.01 });
}

Deno.test("unitSize(): under a limit it is a tenth of a second's worth, or what the nearest mirror needs", () => {
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
    // The shortest piece does not matter with larger blocks.
    const scale = 1000;
    const options = { ...OPTIONS, splitSize: 10 * scale };
    const limited = { windowSize: 1e9, limit: limitOf(blocks * 10 / 1000 * scale) };
    const size = unitSize(latencies.map(near), options, limited);
    assertEquals(size / scale, 10 * expected, `${blocks} blocks in a second, ${latencies} ms`);
  }
});

Deno.test("ClassicPolicy: the size of a unit follows the window while it changes", () => {
  const mirrors = [mirror({ blockMs: 0.01 })];
  const policy = new ClassicPolicy(OPTIONS);
  const sizes = [20, 40, 160, 80].map((windowSize) =>
    policy.next(view({ mirrors, windowSize, ledger: new Ledger(0, 300, 10) }), 0)
  );
  assertEquals(sizes.map((next) => next?.type === "resize" ? next.unitSize : 10), [10, 20, 80, 40]);
});

Deno.test("ClassicPolicy: nothing is requested before earlier requests are paid for", () => {
  const policy = new ClassicPolicy(OPTIONS);
  const scene = view({ limit: limitOf(1, 70) });
  assertEquals([policy.next(scene, 69), policy.wakeAt(scene, 69)], [undefined, 70]);
  assertEquals(nextPlan(scene, {}, 70)?.type, "ask");
  assertEquals([policy.wakeAt(scene, 70), policy.wakeAt(view(), 0)], [Infinity, Infinity]);
});

Deno.test("ClassicPolicy: under a limit, the quickest mirror comes first", () => {
  const mirrors = [mirror({ blockMs: 50 }), mirror({ answerMs: 9 }), mirror({ blockMs: 8 })];
  const asked = (scene: DownloadView) => {
    const next = nextPlan(scene);
    return next?.type === "ask" ? next.mirror : undefined;
  };
  assertEquals(asked(view({ mirrors })), 0);
  assertEquals(asked(view({ mirrors, limit: limitOf(1, 0) })), 2);
});

/** A download whose front, block 0, is late: block 1 has come, the rest is free. */
function lateFront(late = request(0, 10)): DownloadView {
  const ledger = new Ledger(0, 300, 10);
  ledger.take(0, 10);
  ledger.receive(0, late.position);
  ledger.receive(10, 20);
  return view({ ledger, requests: [late], heldBytes: 10, receivedSinceFront: 3 });
}

const ALWAYS = { duplicate: () => true };

Deno.test("ClassicPolicy requests what is missing of the front's block again", () => {
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

Deno.test("ClassicPolicy: only the live mirror that has delivered most repeats the front", () => {
  const own = mirror({ usage: 5 });
  const table = [
    [mirror({ usage: 4 }), true],
    [mirror({ usage: 5 }), true],
    [mirror({ usage: 6 }), false],
    [mirror({ usage: 6, live: [request(20, 30)] }), false],
    [mirror({ usage: 6, state: "retired" }), true],
    [mirror({ usage: 6, state: "closed" }), true],
    [mirror({ usage: 6, state: "dropped" }), true],
  ] as const;
  for (const [other, again] of table) {
    const scene = { ...lateFront(), mirrors: [own, other] };
    // The mirror that has delivered most gets it, the other one what is next.
    const [type] = plan(scene, ALWAYS) as string[];
    assertEquals(type, again ? "duplicate" : "ask", `${other.usage} ${other.state.type}`);
  }
});

Deno.test("ClassicPolicy repeats a front that one other mirror has, not two and not none", () => {
  const twice = { ...lateFront(), requests: [request(0, 10), request(0, 10)] };
  assertEquals(plan(twice, ALWAYS), ["ask", 20, 30]);
  const elsewhere = { ...lateFront(), requests: [request(20, 30)] };
  assertEquals(plan(elsewhere, ALWAYS), ["ask", 20, 30]);
  const free = lateFront();
  (free.ledger as Ledger).giveBack(0, 10, []);
  assertEquals(plan(free, ALWAYS), ["ask", 0, 10]);
});

Deno.test("ClassicPolicy: no lock-up when blocks turn out to be quick while the window is full", () => {
  // The slow mirror keeps a unit at one block while the quick one, which always takes the last
  // block, fills the window; then the slow one is dropped, and a unit becomes several blocks.
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
      maxTurnMs: Infinity,
      maxQuietMs: Infinity,
      maxTimeMs: 0,
    },
  });
  assertEquals([outcome.error, outcome.scheduler.ledger.complete], [undefined, true]);
});
