/** Mirrors whose file changes while it is downloaded, beside others that still have it. */

import { assert, assertEquals } from "@std/assert";
import { FileChangedError, MirrorMismatchError } from "../../../lib/errors.ts";
import { mulberry32 } from "../../support/random.ts";
import { schedulerOptionsOf } from "../../support/simulator/algorithms.ts";
import type { SimulatedMirror } from "../../support/simulator/mirror.ts";
import type { SimulationOptions } from "../../support/simulator/simulation.ts";
import { simulate } from "../../support/simulator/simulator.ts";

const MIB = 1024 * 1024;

/** Two or three mirrors, of which one has another version, and says so, once all have answered. */
function randomMirrors(seed: number): SimulationOptions {
  const random = mulberry32(seed);
  const links = Array.from({ length: 2 + Math.floor(2 * random()) }, (): SimulatedMirror => ({
    bytesPerSecond: MIB * 10 ** random(),
    roundTripMs: 5 * 10 ** random(),
  }));
  const size = Math.floor((0.5 + 3 * random()) * MIB);
  const changesAtMs = 150 + 400 * random();
  const resetAfterBytes = random() < 0.7 ? Math.floor(50_000 + 300_000 * random()) : Infinity;
  const [first, ...others] = links as [SimulatedMirror, ...SimulatedMirror[]];
  const mirrors = [{ ...first, changesAtMs, resetAfterBytes }, ...others];
  if (random() < 0.5) mirrors.reverse();
  return { ...schedulerOptionsOf("adaptive", mirrors), links: mirrors, size, seed };
}

Deno.test("Checks: a mirror that has another version now is dropped if nothing of that was used", () => {
  let dropped = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { error, versions, events } = simulate(randomMirrors(seed));
    if (versions.size === 1) {
      assertEquals([...versions], ["first"]);
      assertEquals(error, undefined, `seed ${seed}: ${error}`);
      const drops = events.filter((event) => event.type === "mirror" && event.state === "dropped");
      dropped += drops.length;
    } else {
      const isClear = error instanceof FileChangedError || error instanceof MirrorMismatchError;
      assert(isClear, `seed ${seed}: ${error}`);
    }
  }
  assert(dropped > 50, `${dropped} were dropped`);
});

/** Two or three mirrors, of which one has another file from some byte on, or changes and says so, or both. */
function randomVersions(seed: number): SimulationOptions {
  const random = mulberry32(seed);
  const size = Math.floor((0.5 + 3 * random()) * MIB);
  const versionFrom = Math.floor(size * random());
  const [one, ...others] = Array.from({ length: 2 + Math.floor(2 * random()) }, () => ({
    bytesPerSecond: MIB * 10 ** random(),
    roundTripMs: 5 * 10 ** random(),
    validators: random() < 0.2 ? "none" : random() < 0.15 ? "random" : "strong",
  } as const));
  const resetAfterBytes = random() < 0.5 ? Math.floor(50_000 + 300_000 * random()) : Infinity;
  const other = { ...one!, versionFrom, resetAfterBytes, version: "other" };
  const changing = { changesAtMs: 100 + 500 * random(), validators: "strong" } as const;
  const version = random() < 0.5 ? "other" : "first";
  const first = seed % 2 === 0 ? other : { ...other, ...changing, version };
  const links = random() < 0.5 ? [first, ...others] : [...others, first];
  return { ...schedulerOptionsOf("adaptive", links), links, size, seed };
}

Deno.test("Checks: bytes of two versions are never put together, wherever they differ", () => {
  let complete = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    const { error, versions } = simulate(randomVersions(seed));
    if (error !== undefined) continue;
    complete++;
    assert(versions.size <= 1, `seed ${seed}: ${[...versions]}`);
  }
  assert(complete > 200, `${complete} are complete`);
});
