import { assertEquals, assertThrows } from "@std/assert";
import { mulberry32 } from "../support/random.ts";
import { crashLines, parseCrashArguments, randomMoment } from "./crash.ts";

Deno.test("parseCrashArguments() takes a seed and a number of kills", () => {
  assertEquals(parseCrashArguments([]), { seed: 1, kills: 200 });
  assertEquals(parseCrashArguments(["--kills", "6", "--seed=9"]), { seed: 9, kills: 6 });
  for (const args of [["--kill", "6"], ["--kills"], ["--seed", "x"], ["6"]]) {
    assertThrows(() => parseCrashArguments(args), RangeError);
  }
});

Deno.test("randomMoment() chooses every kind of moment, the same for the same seed", () => {
  const choose = () => {
    const random = mulberry32(3);
    return Array.from({ length: 40 }, () => randomMoment(random));
  };
  assertEquals(choose(), choose());
  assertEquals(new Set(choose().map(({ after }) => after)).size, 4);
});

Deno.test("crashLines() shows the stages and what was lost", () => {
  const stages = new Map([["nothing", 2], ["all bytes", 11]] as const);
  const lost = { mean: 1_234_567, most: 2_000_000 };
  assertEquals(crashLines({ stages, replacing: 1, complete: 3, lost }), [
    "    11  left all bytes",
    "     2  left nothing",
    "     1  while a file was being replaced",
    "     3  files became complete",
    "fetched again or compared: 1235 kB a kill, at most 2000 kB " +
    "(allowed: 3000 kB, and the part file with each new mirror)",
  ]);
});
