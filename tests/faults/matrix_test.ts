import { assert, assertEquals } from "@std/assert";
import { PAGE, renderPage } from "./document.ts";
import { FAULTS } from "./faults.ts";
import { type Cell, cellsOf, expectedOf, problemOf, type Result, runMatrix } from "./matrix.ts";

/** Downloads at the same time. */
const AT_ONCE = 32;

/** Half of the cases; `deno task bench faults` runs all of them. */
const CELLS = cellsOf(FAULTS).filter(({ by, position, share }) =>
  by === "library" ? share !== "one" : position === "middle" && share !== "alone"
);

Deno.test("fault matrix: the right bytes, or the right error, in time", async () => {
  const results = await runMatrix(CELLS, AT_ONCE);
  assertEquals(results.flatMap((result) => problemOf(result) ?? []), []);
  const met = results.filter(({ strikes }) => strikes > 0).length;
  assert(met > CELLS.length * 2 / 3, `the fault was met in ${met} of ${CELLS.length} cases`);
});

Deno.test("docs/faults.md has the table of the matrix", async () => {
  const expected = cellsOf(FAULTS).map((cell): Result => ({
    cell,
    outcome: expectedOf(cell) === "file" ? "file" : errorOf(cell),
    ms: 0,
    timeoutMs: 1,
    strikes: 1,
  }));
  const page = await Deno.readTextFile(new URL(`../../${PAGE}`, import.meta.url));
  assertEquals(unformatted(page), unformatted(renderPage(FAULTS, expected)));
});

/** Returns the words of a page, without what a formatter changes. */
function unformatted(text: string): string {
  return text.replace(/\s+/g, " ").replace(/-+/g, "-");
}

function errorOf({ fault }: Cell): Result["outcome"] {
  return { reasons: fault.reasons! };
}
