/**
 * Reads the pages of the documentation: README.md and others at the root, and those in docs/.
 *
 * @module
 */

/** The folder of the project. */
export const ROOT = new URL("../../", import.meta.url);

/** A page. */
export interface Page {
  /** Its path from the root. */
  readonly path: string;
  readonly text: string;
}

/** A block of code in a page. */
export interface CodeBlock {
  readonly page: string;
  /** The word behind the fence, such as `sh`. */
  readonly language: string;
  readonly code: string;
}

/** Reads a page by its path from the root. */
export function readPage(path: string): Page {
  return { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
}

/** Returns all pages. */
export function readPages(): Page[] {
  const names = (folder: string) =>
    [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => folder + name);
  const paths = [...names("./"), ...names("docs/")].filter((path) => path.endsWith(".md"));
  return paths.map((path) => readPage(path.replace("./", ""))).sort((a, b) =>
    a.path < b.path ? -1 : 1
  );
}

/** Returns the blocks of code of a page. */
export function codeBlocks({ path, text }: Page): CodeBlock[] {
  return [...text.matchAll(/^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```/gm)].map((
    [, , language, code],
  ) => ({
    page: path,
    language: language!,
    code: code!,
  }));
}

/** Returns the anchors of a page's headings, as GitHub and JSR make them. */
export function anchors({ text }: Page): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** Returns the targets of a page's links and pictures that lead to files of the project. */
export function localLinks({ text }: Page): string[] {
  return [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}
