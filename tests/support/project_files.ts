/**
 * The files of the project, for the tests that hold it to its own rules.
 *
 * @module
 */

/** The folder of the project. */
export const ROOT = new URL("../..", import.meta.url);

/** Returns the text of a file, by its path from the project's root. */
export function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Returns the value in a JSON file of the project. */
export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(read(path));
}

/** Paths of the modules in a folder, from the project's root. */
export function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* modulesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** Paths of the entry points. */
export function doors(): string[] {
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name);
  return ["mod.ts", "trace.ts", "metalink.ts", "cli.ts", "server.ts", "serve.ts"].filter((name) =>
    names.includes(name)
  );
}

/** Paths of the modules of the library and of both commands. */
export const MODULES: readonly string[] = [...modulesIn("lib/"), ...doors()];
