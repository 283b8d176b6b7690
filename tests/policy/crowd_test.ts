import { assert, assertEquals, assertLess } from "@std/assert";
import { HostLimits } from "../../lib/scheduler/host/host_limits.ts";
import { Crowd, narrowed } from "../../lib/policy/crowd.ts";
import { Outlook } from "../../lib/policy/outlook.ts";
import {
  downloadView,
  linkView,
  requestView,
  type SourceFacts,
  sourceView,
} from "../support/scheduler/views.ts";
import { assertAwake, inspector } from "../support/simulator/invariants.ts";
import { mulberry32 } from "../support/random.ts";
import { simulatedUrl, TESTBED } from "../support/simulator/mirror.ts";
import type { Simulation, SimulationOptions } from "../support/simulator/simulation.ts";
import { simulate } from "../support/simulator/simulator.ts";

const SIZE = 10_000_000;
/** The window of one of 96 downloads by default. */
const WINDOW = 1_000_000;

/** Returns hosts of the mirrors, each with so many other downloads. */
function hostsWith(others: readonly number[]): HostLimits {
  const hosts = new HostLimits();
  for (const [index, count] of others.entries()) {
    for (let other = 0; other < count; other++) {
      hosts.join(simulatedUrl(index), () => {}).send(0);
    }
  }
  return hosts;
}

/** Downloads a file beside so many other downloads at each mirror. */
function run(others: readonly number[], options: Partial<SimulationOptions> = {}): Simulation {
  const { windowSize = WINDOW } = options;
  const outcome = simulate({
    links: TESTBED,
    size: SIZE,
    splitSize: 400_000,
    delay: "adaptive",
    hosts: hostsWith(others),
    inspect: inspector(windowSize, 2),
    ...options,
    windowSize,
  });
  assertEquals(outcome.error, undefined);
  return outcome;
}

Deno.test("in a crowd, a download with a small window reads one stream of one mirror", () => {
  const alone = run([0, 0, 0]);
  const crowded = run([20, 20, 20]);
  assert(alone.requestsSent > 40, `${alone.requestsSent} requests`);
  // The samples of the mirrors, the stream, and what was requested before they had agreed.
  assert(crowded.requestsSent <= 8, `${crowded.requestsSent} requests`);
  assertLess(crowded.peakHeldBytes, 550_000);
  const [first, ...others] = crowded.bytesByMirror;
  assert(first! > 0.99 * SIZE && others.every((bytes) => bytes < 20_000));
  // No slower than that mirror.
  assertLess(crowded.seconds, 1.15 * SIZE / TESTBED[0]!.bytesPerSecond);
});

Deno.test("a large window, or few others, leave all mirrors in use", () => {
  for (
    const outcome of [
      run([20, 20, 20], { windowSize: 32_000_000 }),
      run([2, 2, 2]),
      run([11, 0, 0]),
    ]
  ) {
    const { requestsSent, bytesByMirror } = outcome;
    assert(requestsSent > 15 && bytesByMirror[1]! > 500_000, `${requestsSent}, ${bytesByMirror}`);
  }
});

Deno.test("in a crowd, another mirror goes on where one is silent, resets or slows down", () => {
  const [first, ...others] = TESTBED;
  const failing: [string, Partial<typeof TESTBED[0]>][] = [
    ["silent", { ratesAt: [[0.5, 0]] }],
    ["resets", { resetAfterBytes: 3_000_000 }],
    ["slow", { ratesAt: [[0.5, 5000]] }],
  ];
  for (const [name, fault] of failing) {
    const outcome = run([20, 20, 20], { links: [{ ...first!, ...fault }, ...others] });
    assertLess(outcome.longestStallSeconds, 2.5, name);
    assertLess(outcome.requestsSent, 60, name);
    assertLess(outcome.seconds, SIZE / TESTBED[1]!.bytesPerSecond + 5, name);
  }
});

function chosen(facts: readonly SourceFacts[], others: readonly number[], windowSize = 1000) {
  const mirrors = facts.map((each) => sourceView(each));
  const outlooks = mirrors.map((source, index) => new Outlook(index, source, 0));
  return new Crowd().choose(downloadView({ mirrors, others, windowSize }), outlooks)?.index;
}

Deno.test("Crowd.choose(): a mirror with a stream, else the least used of the fast ones", () => {
  assertEquals(chosen([{}, {}, {}], [9, 8, 9]), 1);
  assertEquals(chosen([{}, {}, { live: [requestView({ bodyEnd: 300 })] }], [9, 8, 9]), 2);
  const slow = { link: linkView({ bytesPerSecond: () => 100 }) };
  assertEquals(chosen([{}, slow, {}], [9, 2, 8]), 2);
  assertEquals(chosen([{}, { failures: 1 }, {}], [9, 2, 8]), 2);
  // How fast it is remains to be seen.
  assertEquals(chosen([{}, { link: linkView({ isMeasured: false }) }, {}], [9, 2, 8]), 1);
  assertEquals(chosen([{}, {}, {}], [3, 3, 3]), undefined);
  assertEquals(chosen([{}, {}, {}], [9, 9, 9], 4_000_000), undefined);
  assertEquals(chosen([{}], [99]), undefined);
});

Deno.test("Crowd.choose(): a crowd that uses one mirror each is one as well", () => {
  const mirrors = [sourceView(), sourceView(), sourceView()];
  const outlooks = mirrors.map((source, index) => new Outlook(index, source, 0));
  const crowd = new Crowd();
  const isIn = (...others: number[]) =>
    crowd.choose(downloadView({ mirrors, others }), outlooks) !== undefined;
  assertEquals(
    [[3, 4, 4], [4, 4, 4], [2, 1, 1], [1, 1, 1], [3, 4, 4]].map((others) => isIn(...others)),
    [false, true, true, false, false],
  );
});

Deno.test("narrowed() leaves room for 512 KiB from one mirror", () => {
  const source = sourceView();
  const outlook = new Outlook(0, source, 0);
  const mirrors = [source, sourceView()];
  const facts = { mirrors, windowSize: 1024 * 1024, heldBytes: 200 * 1024 };
  const view = narrowed(downloadView(facts), outlook);
  assertEquals([view.room, view.windowSize, view.windowIsFull], [312 * 1024, 512 * 1024, false]);
  assertEquals(view.roomFor(0, 100), 312 * 1024);
  assertEquals(view.mirrors, [source]);
  assertEquals(narrowed(downloadView({ windowSize: 1000 }), outlook).windowSize, 1000);
});

Deno.test("Crowd.restBytes: half of what is read ahead, in a crowd only", () => {
  const mirrors = [sourceView(), sourceView()];
  const outlooks = mirrors.map((source, index) => new Outlook(index, source, 0));
  const crowd = new Crowd();
  const rest = (count: number, windowSize: number) => {
    crowd.choose(downloadView({ mirrors, others: [count, count], windowSize }), outlooks);
    return crowd.restBytes;
  };
  assertEquals(
    [rest(0, 1000), rest(9, 1000), rest(9, 900_000), rest(0, 1000)],
    [undefined, 500, 256 * 1024, undefined],
  );
});

Deno.test("in a crowd, a stream is read on by large parts, however slow the consumer is", () => {
  for (const consumerBytesPerSecond of [1_000_000, 10_000_000, Infinity]) {
    const { events, bytesByMirror } = run([20, 20, 20], { consumerBytesPerSecond });
    const extended = events.filter(({ type }) => type === "send").length;
    assert(bytesByMirror[0]! > 0.9 * SIZE, `${bytesByMirror}`);
    // One event at most for each block that begins in what is read on.
    assert(extended < 60, `${consumerBytesPerSecond}: ${extended}`);
  }
});

Deno.test("in a crowd, every download ends, whatever its consumer, window and mirrors do", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = mulberry32(seed);
    const links = Array.from({ length: 2 + seed % 3 }, () => ({
      bytesPerSecond: 10 ** (4.5 + 3 * random()),
      roundTripMs: 1 + 100 * random(),
      ...(random() < 0.3 && { ratesAt: [[2 * random(), 0], [2 + random(), 500_000]] as const }),
    }));
    const least = 40_000 + Math.floor(random() * 400_000);
    const outcome = run(Array(links.length).fill(20), {
      links,
      size: 1_000_000 + Math.floor(random() * 1_000_000),
      splitSize: 20_000,
      windowSize: least * 2,
      windowSizesAt: [[0.5, least], [1.5, least * 2], [2.5, least]],
      consumerBytesPerSecond: 10 ** (4.5 + 3 * random()),
      consumerRatesAt: [[random(), 0], [2 * random() + 1, 10 ** (5 + 2 * random())]],
      seed,
      limitSeconds: 600,
      inspect: assertAwake,
    });
    assert(outcome.scheduler.ledger.complete, `seed ${seed}`);
  }
});
