import { NO_LANDMARKS } from "../../../lib/scheduler/identity/pieces.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ALGORITHMS, schedulerOptionsOf } from "./algorithms.ts";
import { oracle } from "./oracle.ts";
import { EIGHT_MIRRORS, TESTBED } from "./mirror.ts";
import { simulate } from "./simulator.ts";

const CLASSIC = ["normal", "diff without initial delay", "diff", "inv", "static"];

Deno.test("schedulerOptionsOf() knows every algorithm, and lists them in its error", () => {
  for (const name of Object.keys(ALGORITHMS)) schedulerOptionsOf(name, TESTBED);
  assertThrows(() => schedulerOptionsOf("dif", TESTBED), RangeError, 'no algorithm "dif"');
});

Deno.test("simulate() returns the same figures for the same seed", () => {
  const links = TESTBED.map((link) => ({ ...link, jitterMs: 20 }));
  const run = (seed: number) => {
    const { points, seconds } = simulate({ links, size: 5_000_000, slowStart: true, seed });
    return { points, seconds };
  };
  assertEquals(run(7), run(7));
  assert(run(7).seconds !== run(8).seconds);
});

Deno.test("simulate(): nothing is consumed before the mirrors have agreed", () => {
  // Two of three must say the same: the second one answers after 60 ms.
  const { firstByteSeconds, points, events } = simulate({ links: TESTBED, size: 5_000_000 });
  const opened = events.find(({ type }) => type === "open")!.atMs / 1000;
  assert(opened >= 0.06);
  assertEquals(firstByteSeconds, opened);
  assertAlmostEquals(points[0]![0], opened, 0.001);
});

Deno.test("simulate(): points increase to the size, at most one per millisecond", () => {
  const { points, seconds } = simulate({ links: EIGHT_MIRRORS, size: 5_000_000 });
  for (let index = 1; index < points.length; index++) {
    const [[before, less], [after, more]] = [points[index - 1]!, points[index]!];
    assert(more > less && Math.floor(after * 1000) > Math.floor(before * 1000));
  }
  assertEquals(points.at(-1), [seconds, 5_000_000]);
});

Deno.test("simulate() counts bytes by mirror, and duplicates", () => {
  const outcome = simulate({ links: TESTBED, size: 20_000_000, landmarks: NO_LANDMARKS });
  const { bytesByMirror, usedBytesByMirror, duplicateBytes, wastedBytes, requestsSent } = outcome;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  assertEquals(sum(usedBytesByMirror), 20_000_000);
  assertEquals(sum(bytesByMirror), 20_000_000 + wastedBytes);
  // Of the three samples one is of use.
  assertEquals(duplicateBytes, wastedBytes - 2 * 12 * 1024);
  assert(bytesByMirror[0]! > bytesByMirror[1]! && bytesByMirror[1]! > bytesByMirror[2]!);
  assert(requestsSent >= 3 + 20);
});

Deno.test("simulate(): a single link holds nothing, and the mean is below the peak", () => {
  assertEquals(simulate({ links: [TESTBED[0]!], size: 5_000_000 }).lagBytes < 200, true);
  const { lagBytes, peakHeldBytes } = simulate({ links: EIGHT_MIRRORS, size: 20_000_000 });
  assert(lagBytes > 0 && lagBytes < peakHeldBytes);
});

Deno.test("simulate(): no byte of a mirror with another file is used", () => {
  for (const name of Object.keys(ALGORITHMS)) {
    // It answers first, so what it says may be begun with.
    const links = [{ ...TESTBED[0]!, size: 7_000_000 }, ...TESTBED.slice(1), TESTBED[1]!];
    const outcome = simulate({ links, size: 6_000_000, ...schedulerOptionsOf(name, links) });
    assertEquals(outcome.error, undefined, name);
    assertEquals(outcome.usedBytesByMirror[0], 0, name);
    assertEquals(outcome.points.at(-1)?.[1], 6_000_000, name);
  }
});

Deno.test("simulate(): slow start and a bottleneck cost what the oracle says, or more", () => {
  for (const name of CLASSIC) {
    const network = { links: TESTBED, size: 20_000_000 };
    const options = schedulerOptionsOf(name, TESTBED);
    const slow = simulate({ ...network, ...options, slowStart: true }).seconds;
    const shared = { ...network, clientBytesPerSecond: 5_000_000 };
    const slower = simulate({ ...shared, ...options }).seconds;
    assert(slow >= oracle({ ...network, slowStart: true }).seconds, name);
    const limit = oracle(shared).seconds;
    assert(slower >= limit && slower < 1.2 * limit, `${name}: ${slower} s of ${limit} s`);
  }
});

Deno.test("simulate(): a mirror that dies and returns is used again", () => {
  const links = TESTBED.map((link, index) =>
    index === 0 ? { ...link, deadFromMs: 1000, returnsAtMs: 2000 } : link
  );
  const dead = TESTBED.map((link, index) => index === 0 ? { ...link, deadFromMs: 1000 } : link);
  const bytes = (mirrors: typeof links) =>
    simulate({ links: mirrors, size: 80_000_000 }).usedBytesByMirror[0]!;
  assert(bytes(links) > 1.5 * bytes(dead));
});

Deno.test("simulate() throws if the download does not end in time", () => {
  const run = () => simulate({ links: TESTBED, size: 200_000_000, limitSeconds: 3 });
  assertThrows(run, Error, "no end after 3 s");
});
