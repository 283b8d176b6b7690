import { assertAlmostEquals, assertEquals } from "@std/assert";
import { mulberry32 } from "../../random.ts";
import { Losses } from "./losses.ts";

const PACKETS = 200_000;

/** Returns the share of lost packets, and the mean number in a row. */
function lossesOf(share: number, length: number): { share: number; length: number } {
  const losses = new Losses(share, length, mulberry32(1));
  let lost = 0;
  let runs = 0;
  for (let packet = 0, before = false; packet < PACKETS; packet++) {
    const isLost = losses.hits();
    if (isLost) lost++;
    if (isLost && !before) runs++;
    before = isLost;
  }
  return { share: lost / PACKETS, length: lost / Math.max(1, runs) };
}

Deno.test("Losses: the share of lost packets is as set, one by one or in a row", () => {
  assertEquals(lossesOf(0, 1).share, 0);
  const single = lossesOf(0.01, 1);
  assertAlmostEquals(single.share, 0.01, 0.001);
  assertAlmostEquals(single.length, 1.01, 0.03);
  const bursts = lossesOf(0.01, 5);
  assertAlmostEquals(bursts.share, 0.01, 0.002);
  assertAlmostEquals(bursts.length, 5, 0.5);
});
