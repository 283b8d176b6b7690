import { assert, assertEquals } from "@std/assert";
import { NoMirrorLeftError } from "../../../lib/errors.ts";
import { MirrorHabits } from "../../../lib/http/mirror_habits.ts";
import { Hand } from "../../support/scheduler/hand.ts";
import { megabits, type SimulatedMirror } from "../../support/simulator/mirror.ts";
import { simulateStrictly } from "../../support/simulator/invariants.ts";

const SIZE = 16_000_000;

/** 8 MB/s at a distance of 20 ms, and a good mirror of the same kind. */
const [LIMITED, GOOD] = megabits([[64, 20], [64, 20]]) as [SimulatedMirror, SimulatedMirror];
const ALONE = SIZE / LIMITED.bytesPerSecond;

for (const status of [400, 403, 413, 416, 500, 501, 502, 504]) {
  Deno.test(`a server that refuses long ranges (${status}) is asked for shorter ones, without pauses`, () => {
    for (const mostBytes of [65_536, 1_000_000]) {
      for (const connections of [2, "auto"] as const) {
        for (const beside of [false, true]) {
          const links = [{ ...LIMITED, gate: { mostBytes, status } }, ...(beside ? [GOOD] : [])];
          const { seconds, requestsSent, requestsRefused } = simulateStrictly({
            links,
            size: SIZE,
            delay: "adaptive",
            maxConnectionsPerMirror: connections,
            limitSeconds: 600,
          }, connections === "auto" ? 16 : connections);
          const told = `${mostBytes} bytes, ${connections} connections, beside: ${beside}: ` +
            `${seconds} s, ${requestsRefused} of ${requestsSent} refused`;
          // One round trip for each of the shortest ranges, where two are under way at once.
          assert(seconds < (beside ? 0.85 : 2) * ALONE, told);
          assert(requestsRefused <= 12, told);
        }
      }
    }
  });
}

const REFUSED = { reason: "status", phase: "headers", retryable: false } as const;
const OPTIONS = { splitSize: 1_000_000, windowSize: 100_000_000 };

/** Returns the lengths of the ranges that were requested. */
function lengths({ commands }: Hand): number[] {
  return commands.flatMap((command) =>
    command.type === "start" && command.kind === "range" ? [command.end! - command.start] : []
  );
}

Deno.test("penalize(): a range that is refused as too long is requested in halves, at once", () => {
  const hand = new Hand(1, OPTIONS).open(10_000_000);
  for (let round = 0; round < 4; round++) hand.fail(0, { ...REFUSED, status: 413 });
  hand.deliver(0);
  assertEquals(lengths(hand), [999_996, 499_998, 249_999, 124_999, 65_536, 65_536]);
  assertEquals(hand.events("failure").map(({ retryInMs }) => retryInMs), [0, 0, 0, 0]);
});

Deno.test("penalize(): the length is no reason where as much was served, nor below 64 KiB", () => {
  const hand = new Hand(1, OPTIONS).open(10_000_000);
  for (let round = 0; round < 2; round++) hand.deliver(0);
  hand.now += 10_000;
  hand.fail(0, { ...REFUSED, status: 502, retryable: true });
  assertEquals(hand.of(0), undefined);
  assertEquals(hand.scheduler.mirrors[0]!.mostBytes, Infinity);

  const other = new Hand(1, OPTIONS).open(10_000_000);
  other.now += 10_000;
  for (let round = 0; round < 5; round++) {
    other.fail(0, { ...REFUSED, status: 502, retryable: true });
  }
  // It refuses everything.
  assertEquals([other.of(0), other.scheduler.mirrors[0]!.mostBytes], [undefined, Infinity]);
  other.sleep();
  assertEquals(other.asked(0), "range 4-1000000");
});

Deno.test("penalize(): of several requests that were refused for their length, each counts once", () => {
  const hand = new Hand(2, OPTIONS).open(10_000_000);
  const before = hand.scheduler.mirrors[0]!.mostBytes;
  hand.fail(0, { ...REFUSED, status: 413 });
  hand.fail(1, { ...REFUSED, status: 404 });
  assertEquals([before, hand.scheduler.mirrors[0]!.mostBytes], [Infinity, 499_998]);
  assertEquals(hand.scheduler.mirrors[1]!.mostBytes, Infinity);
});

Deno.test("Scheduler: a length that one download learned is the longest of the next ones", () => {
  const habits = new MirrorHabits();
  const first = new Hand(1, { ...OPTIONS, habits }).open(10_000_000);
  // While it is open what the mirror serves, nothing is remembered.
  first.fail(0, { ...REFUSED, status: 413 });
  assertEquals(habits.mostBytes(first.of(0)!.mirror.url, 0), Infinity);
  first.fail(0, { ...REFUSED, status: 413 });
  first.deliver(0);
  const later = new Hand(1, { ...OPTIONS, habits }).open(10_000_000);
  assertEquals(lengths(later), [249_999]);
  // Served to the end, as a client leaves: the next one begins the same way.
  later.deliver(0);
  assertEquals(lengths(new Hand(1, { ...OPTIONS, habits }).open(10_000_000)), [249_999]);
  // It was another reason: the mirror serves no length.
  const last = new Hand(1, { ...OPTIONS, habits }).open(10_000_000);
  while (last.outcome === undefined) last.fail(0, { ...REFUSED, status: 410 });
  assert(last.outcome instanceof NoMirrorLeftError);
  assertEquals(lengths(new Hand(1, { ...OPTIONS, habits }).open(10_000_000)), [999_996]);
});

Deno.test("Scheduler: a mirror that serves any length again is asked for more", () => {
  const habits = new MirrorHabits();
  habits.limited("http://0.test/file", 200_000, 0);
  const hand = new Hand(1, { ...OPTIONS, habits }).open(200_000_000);
  for (let turn = 0; turn < 70; turn++) hand.deliver(0);
  assert(habits.mostBytes("http://0.test/file", 0) > 200_000);
});
