/**
 * A temporary directory for the files of a test.
 *
 * @module
 */

/** Makes a directory that is removed, with all that is in it, when disposed. */
export function workplace() {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sphttp-work-" }));
  const at = (name: string) => `${path}/${name}`;
  return {
    /** The absolute path, without links. */
    path,
    /** Returns the path of a file in it. */
    at,
    /** Writes a file, and returns its path. */
    write(name: string, content: string | Uint8Array): string {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      Deno.writeFileSync(at(name), bytes);
      return at(name);
    },
    /** Returns the bytes of a file. */
    read: (name: string) => Deno.readFileSync(at(name)),
    /** Returns the text of a file. */
    readText: (name: string) => Deno.readTextFileSync(at(name)),
    /** Returns the names of what is in it, or in a folder of it, sorted. */
    names: (folder = ".") => [...Deno.readDirSync(at(folder))].map(({ name }) => name).sort(),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** A directory of {@linkcode workplace}. */
export type Workplace = ReturnType<typeof workplace>;
