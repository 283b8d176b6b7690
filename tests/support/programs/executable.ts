/**
 * Finds the programs that some tests need, so that they can be skipped, with a word, where one is missing.
 *
 * @module
 */

/** Path of a program: looked for in PATH first, then where servers live although PATH may not name it. */
export function findExecutable(name: string): string | undefined {
  const path = Deno.env.get("PATH")?.split(":") ?? [];
  for (const dir of [...path, "/usr/sbin", "/usr/local/sbin"]) {
    if (dir === "") continue;
    try {
      const info = Deno.statSync(`${dir}/${name}`);
      if (info.isFile && ((info.mode ?? 0o111) & 0o111) !== 0) return `${dir}/${name}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  }
  return undefined;
}
