/**
 * The whole fault matrix, which writes its table into `docs/faults.md`.
 *
 * @module
 */

import { PAGE, renderPage } from "../faults/document.ts";
import { FAULTS } from "../faults/faults.ts";
import { cellsOf, problemOf, runMatrix } from "../faults/matrix.ts";

/** Downloads at the same time. */
const AT_ONCE = 12;

/** Runs all cases, and writes the page. */
export async function faults(): Promise<void> {
  const startedAt = performance.now();
  const cells = cellsOf(FAULTS);
  const results = await runMatrix(cells, AT_ONCE);
  const problems = results.flatMap((result) => problemOf(result) ?? []);
  for (const problem of problems) console.log(problem);
  const met = results.filter(({ strikes }) => strikes > 0).length;
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `\nfaults: ${cells.length - problems.length} of ${cells.length} as expected in ` +
      `${seconds.toFixed()} s; the fault was met in ${met}`,
  );
  const page = new URL(`../../${PAGE}`, import.meta.url);
  await Deno.writeTextFile(page, renderPage(FAULTS, results));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}
