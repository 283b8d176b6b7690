import { assert, assertEquals } from "@std/assert";
import {
  delayRequests,
  diff,
  endOfQueue,
  fixed,
  initialDelay,
  inverse,
  normal,
} from "../../lib/policy/delay.ts";
import type { DelayView, MirrorView } from "../../lib/scheduler/view.ts";
import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";
import { mulberry32 } from "../support/random.ts";

const SETTINGS = { initialDelay: true, initialDelayCoefficient: 10, staticDelays: new Map() };

function mirrorView(facts: Partial<MirrorView> = {}): MirrorView {
  const url = "http://one.test/file";
  return { url, usage: 0, previous: 0, requests: 1, answerMs: 10, ...facts };
}

/** A view of `mirror` among others; `mirrors` stands for all of them. */
function delayView(facts: Partial<DelayView> = {}): DelayView {
  const mirror = facts.mirror ?? mirrorView();
  return { mirror, mirrors: [mirror], closed: 0, received: 0, left: 100, ...facts };
}

function many(count: number): MirrorView[] {
  return Array.from({ length: count }, () => mirrorView());
}

Deno.test("normal() always takes the first block", () => {
  for (const received of [0, 1, 50]) {
    assertEquals(normal()(delayView({ received, mirror: mirrorView({ previous: 3 }) })), 0);
  }
});

Deno.test("diff() counts what the others delivered since the mirror's last request", () => {
  // received, previous, mirrors, closed → position
  const table = [
    [0, 0, 3, 0, 0],
    [3, 0, 3, 0, 0],
    [4, 0, 3, 0, 1],
    [20, 5, 3, 0, 12],
    [20, 5, 3, 1, 13],
    [20, 5, 3, 2, 14],
    [10, 10, 2, 0, 0],
    [10, 10, 2, 2, 0],
    [11, 10, 1, 0, 0],
    [12, 10, 1, 0, 1],
  ] as const;
  for (const [received, previous, count, closed, position] of table) {
    const view = delayView({ mirror: mirrorView({ previous }), mirrors: many(count), closed });
    assertEquals(diff(SETTINGS)({ ...view, received }), position, `${received} - ${previous}`);
  }
});

Deno.test("diff() places a mirror's first request by its initial delay", () => {
  const mirrors = [10, 30, 100].map((answerMs) => mirrorView({ answerMs, requests: 0 }));
  const positions = mirrors.map((mirror) => diff(SETTINGS)(delayView({ mirror, mirrors })));
  assertEquals(positions, [0, 20, 90]);
  // It is the initial delay alone, whatever has been received; later requests go by difference.
  const [, second] = mirrors;
  assertEquals(diff(SETTINGS)(delayView({ mirror: second!, mirrors, received: 50 })), 20);
  const later = { ...second!, requests: 1 };
  assertEquals(diff(SETTINGS)(delayView({ mirror: later, mirrors, received: 50 })), 47);
});

Deno.test("diff() without initial delay treats the first request like any other", () => {
  const mirrors = [10, 100].map((answerMs) => mirrorView({ answerMs, requests: 0 }));
  const algorithm = diff({ initialDelay: false, initialDelayCoefficient: 10 });
  assertEquals(algorithm(delayView({ mirror: mirrors[1]!, mirrors })), 0);
  assertEquals(algorithm(delayView({ mirror: mirrors[1]!, mirrors, received: 7 })), 5);
});

Deno.test("initialDelay() is the multiple of the shortest response time, by the coefficient", () => {
  // own response time, the others', coefficient → blocks
  const table = [
    [10, [10], 10, 0],
    [15, [10], 10, 5],
    [12.34, [10], 10, 2],
    [100, [10, 30], 1, 9],
    [30, [10, 100], 2.5, 5],
    [30, [10], 0, 2],
    [30, [undefined, 60], 10, 0],
    [undefined, [10], 10, 0],
    [7, [0], 10, 0],
  ] as const;
  for (const [answerMs, others, coefficient, blocks] of table) {
    const mirror = mirrorView({ answerMs });
    const mirrors = [mirror, ...others.map((answerMs) => mirrorView({ answerMs }))];
    assertEquals(initialDelay(delayView({ mirror, mirrors }), coefficient), blocks, `${answerMs}`);
  }
});

Deno.test("inverse() goes by the inverse of the mirror's share", () => {
  // usage, highest usage, blocks left → position
  const table = [
    [10, 10, 100, 0],
    [5, 10, 100, 1],
    [6, 10, 100, 0],
    [3, 10, 100, 2],
    [1, 10, 100, 9],
    [1, 100, 50, 50],
    [0, 10, 100, 100],
    [0, 0, 100, 0],
  ] as const;
  for (const [usage, highest, left, position] of table) {
    const mirror = mirrorView({ usage });
    const mirrors = [mirrorView({ usage: highest }), mirror];
    assertEquals(inverse()(delayView({ mirror, mirrors, left })), position, `${usage}/${highest}`);
  }
});

Deno.test("inverse(): a share of 1/n is n - 1 blocks, whatever floating point makes of 1/n", () => {
  for (let highest = 1; highest <= 300; highest++) {
    const mirror = mirrorView({ usage: 1 });
    const mirrors = [mirrorView({ usage: highest }), mirror];
    assertEquals(inverse()(delayView({ mirror, mirrors, left: 1000 })), highest - 1);
  }
});

Deno.test("inverse(): a mirror that was never used goes to the far end of the queue", () => {
  const mirror = mirrorView({ usage: 0 });
  const mirrors = [mirrorView({ usage: 9 }), mirror];
  const position = inverse()(delayView({ mirror, mirrors, left: 40 }));
  assertEquals(endOfQueue(position, 40), 39);
});

Deno.test("fixed() is the value for the mirror's URL, 0 for those not named", () => {
  const algorithm = fixed({ staticDelays: new Map([["http://slow.test/file", 12]]) });
  const slow = mirrorView({ url: "http://slow.test/file" });
  assertEquals(algorithm(delayView({ mirror: slow, received: 99 })), 12);
  assertEquals(algorithm(delayView()), 0);
});

Deno.test("endOfQueue() keeps positions within the queue, and retires slow mirrors", () => {
  const table = [
    [0, 1, 0],
    [99, 1, 0],
    [Infinity, 1, 0],
    [0, 2, 0],
    [1, 2, 1],
    [2, 2, 1],
    [3, 2, undefined],
    [5, 10, 5],
    [10, 10, 9],
    [11, 10, 9],
    [12, 10, undefined],
    [100, 90, 89],
    [101, 90, undefined],
    [Infinity, 50, undefined],
  ] as const;
  for (const [position, left, expected] of table) {
    assertEquals(endOfQueue(position, left), expected, `${position} of ${left}`);
  }
});

Deno.test("delay requests: every position is a whole number from 0", () => {
  const random = mulberry32(11);
  const whole = (below: number) => Math.floor(random() * below);
  for (let round = 0; round < 500; round++) {
    const mirrors = Array.from({ length: 1 + whole(6) }, () => {
      const answerMs = random() < 0.2 ? undefined : random() * 300;
      return mirrorView({ usage: whole(20), previous: whole(20), requests: whole(3), answerMs });
    });
    const mirror = mirrors[whole(mirrors.length)]!;
    const closed = whole(mirrors.length);
    const view = { mirror, mirrors, closed, received: 20 + whole(100), left: 1 + whole(100) };
    for (const [name, algorithm] of Object.entries(delayRequests)) {
      const position = algorithm(SETTINGS)(view);
      assert(Number.isInteger(position) && position >= 0, `${name} said ${position}`);
      const place = endOfQueue(position, view.left);
      assert(place === undefined || place < view.left, `${name}: ${place} of ${view.left}`);
    }
  }
});

Deno.test("delay requests: a caller's own function is taken as it is", () => {
  const own = () => 4;
  assertEquals(resolveOptions(["http://one.test/"], { delayRequest: own }).delayRequest, own);
});
