/**
 * How many random cases are tried, and from which seed: few and always the same in the tests, as many as wanted
 * with `SPHTTP_FUZZ_RUNS` and `SPHTTP_FUZZ_SEED`. What fails is shown with both, and as small as can be.
 *
 * @module
 */

import fc from "fast-check";

function environmentNumber(name: string, fallback: number): number {
  const value = Number(Deno.env.get(name) ?? fallback);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${name} must be a whole number`);
}

/** Number of random cases of each property. */
export const RUNS = environmentNumber("SPHTTP_FUZZ_RUNS", 200);
/** The seed of all of them. */
export const SEED = environmentNumber("SPHTTP_FUZZ_SEED", 1);

/** Holds a property in {@linkcode RUNS} random cases. */
export async function holds<Values extends [unknown, ...unknown[]]>(
  arbitraries: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  property: (...values: Values) => void | Promise<void>,
  runs: number = RUNS,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      ...arbitraries,
      async (...values: Values) => void await property(...values),
    ),
    { numRuns: runs, seed: SEED },
  );
}

/** Texts made of pieces, with any characters in between. */
export function textOf(pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
  );
  return fc.array(piece, { maxLength: 24 }).map((chosen) => chosen.join(""));
}
