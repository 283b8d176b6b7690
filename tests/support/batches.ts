/**
 * Test files in batches: a module that imports several of them costs `deno test` one isolate instead of one for each,
 * which takes longer to start than most files take to run. Reports name the files all the same.
 *
 * @module
 */

import { pathToFileURL } from "node:url";

/** The ends of the paths of files that take much longer than others, the longest first. */
const LONG = [
  "proxy/kinds_test.ts",
  "build/npm_test.ts",
  "/cli_test.ts",
  "fuzz/growth_test.ts",
  "policy/networks_test.ts",
  "proxy/page/page_form_test.ts",
  "scheduler/failure/refusals_test.ts",
  "proxy/many_clients_test.ts",
];

/**
 * Deals files out into as many batches: neighbours, which tend to take equally long, go to different ones. Those that
 * take long are in the first batches, which start first: beside the last ones, there is little else to run.
 */
export function batches(files: readonly string[], count: number): string[][] {
  const dealt = Array.from({ length: Math.min(count, files.length) }, (): string[] => []);
  const place = (file: string) => LONG.findIndex((end) => file.endsWith(end));
  const [long, others] = [true, false].map((isLong) =>
    files.filter((file) => place(file) >= 0 === isLong)
  );
  const ordered = [
    ...long!.sort((one, other) => place(one) - place(other)),
    ...others!.sort(),
  ];
  for (const [index, file] of ordered.entries()) dealt[index % count]!.push(file);
  return dealt;
}

/** What a test file says that holds what others leave in the process against it. */
const OWN_ISOLATE = "// Runs in an isolate of its own: ";

/** Writes a module for each batch of test files into a folder, and returns the paths of the modules. */
export function writeBatches(folder: string, files: readonly string[], count: number): string[] {
  const [alone, together] = [true, false].map((isAlone) =>
    files.filter((file) => Deno.readTextFileSync(file).startsWith(OWN_ISOLATE) === isAlone)
  );
  const own = alone!.map((file) => [file]);
  return [...batches(together!, count), ...own].map((batch, index) => {
    const path = `${folder}/batch_${String(index + 1).padStart(2, "0")}_test.ts`;
    const imports = batch.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`);
    Deno.writeTextFileSync(path, imports.join(""));
    return path;
  });
}
