import { assert, assertEquals } from "@std/assert";
import { PAGE, renderPage } from "./document.ts";
import { POSITIONS } from "./fault.ts";
import { FAULTS } from "./faults.ts";
import { type Cell, cellsOf, expectedOf, problemOf, type Result, runMatrix } from "./matrix.ts";

/** Each fault three times, each time at another position; `deno task bench faults` runs all cases. */
const CELLS = FAULTS.flatMap((fault, index): Cell[] => {
  const at = (turn: number) => POSITIONS[(index + turn) % POSITIONS.length]!;
  return [
    { fault, position: at(0), share: "all", by: "library" },
    { fault, position: at(1), share: "all but one", by: "library" },
    { fault, position: at(2), share: index % 2 === 0 ? "alone" : "all but one", by: "proxy" },
  ];
});

Deno.test("fault matrix: the right bytes, or the right error, in time", async () => {
  // Most of the time all of them wait.
  const results = await runMatrix(CELLS, CELLS.length);
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
