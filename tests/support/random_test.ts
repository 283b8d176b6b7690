import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { gaussian, mulberry32 } from "./random.ts";

Deno.test("mulberry32() returns the same numbers for the same seed only", () => {
  const draw = (seed: number) => Array.from({ length: 5 }, mulberry32(seed));
  assertEquals(draw(1), draw(1));
  assertNotEquals(draw(1), draw(2));
});

Deno.test("gaussian() has mean 0 and standard deviation 1", () => {
  const random = mulberry32(1);
  const values = Array.from({ length: 20_000 }, () => gaussian(random));
  const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
  assertAlmostEquals(mean(values), 0, 0.02);
  assertAlmostEquals(mean(values.map((value) => value ** 2)), 1, 0.03);
});
