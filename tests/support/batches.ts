/**
 * Test files in batches: a module that imports several of them costs `deno test` one isolate instead of one for each,
 * which takes longer to start than most files take to run. Reports name the files all the same.
 *
 * @module
 */

import { pathToFileURL } from "node:url";

/** Deals files out into as many batches: neighbours, which tend to take equally long, go to different ones. */
export function batches(files: readonly string[], count: number): string[][] {
  const dealt = Array.from({ length: Math.min(count, files.length) }, (): string[] => []);
  for (const [index, file] of files.toSorted().entries()) dealt[index % count]!.push(file);
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
