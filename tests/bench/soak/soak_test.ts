import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Sample, slope, slopes } from "./flatness.ts";
import { SoakScene } from "./scene.ts";
import { parseSoakArguments, slopeRows } from "./soak.ts";

// What the sanitizers of the test would find: a timer, a socket or a listener that is left.
Deno.test("a crowd at library and proxy gets the right bytes, and leaves nothing behind", async () => {
  await using scene = new SoakScene(1, 2000);
  await scene.fill(64);
  assertEquals(scene.counts.lists, 64);
  await scene.run(2500);
  const { complete, left, bytes, mirrors } = scene.counts;
  assert(bytes > 0 && complete + left > 0 && mirrors > 4, JSON.stringify(scene.counts));
});

Deno.test("slope() is the growth in a minute", () => {
  assertAlmostEquals(slope([[0, 1], [1, 3], [2, 5]]), 2);
  assertAlmostEquals(slope([[0, 4], [1, 4.2], [2, 3.8], [3, 4]]), -0.04);
  assertEquals(slope([[1, 7]]), 0);
});

Deno.test("slopes() leaves out the warm-up, and finds what grows", () => {
  const samples = Array.from({ length: 20 }, (_, index): Sample => ({
    minutes: index / 2,
    rssBytes: index < 6 ? index * 20e6 : 120e6,
    heapBytes: 10e6 + index * 1e6,
    externalBytes: 5e6,
    descriptors: 30 - index % 2,
  }));
  const found = slopes(samples);
  assertEquals(found.map(({ isFlat }) => isFlat), [true, false, true, true]);
  assertEquals(slopeRows(found)[2], ["heap, MB", "16.0", "29.0", "2.000", "0.25", "GROWS"]);
});

Deno.test("parseSoakArguments() takes minutes and a seed", () => {
  assertEquals(parseSoakArguments(["--minutes", "0.5"]), { minutes: 0.5, seed: 1 });
  for (const args of [["--minutes", "x"], ["--hours", "1"], ["1"]]) {
    assertThrows(() => parseSoakArguments(args), RangeError);
  }
});
