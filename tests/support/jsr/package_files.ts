/**
 * A version of a package as a registry keeps it, and what JSR refuses of one when it is published.
 *
 * @module
 */

/** A version of a package. */
export interface PackageVersion {
  /** Paths of the entry points by their names, as in `deno.json`. */
  readonly exports: Readonly<Record<string, string>>;
  /** The files by their paths, without a slash at the beginning. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** JSR's limit of all files of a version. */
const MAX_BYTES = 20 * 1024 * 1024;
/** Specifiers that name an exact or an approximate version: `npm:@scope/name@1`, `jsr:@scope/name@^1.0.0/path`. */
const VERSIONED = /^(npm:(@[\w.-]+\/)?[\w.-]+|jsr:@[\w-]+\/[\w-]+)@[\^~]?\d/;

/** Returns why JSR would refuse to publish a version, in a line each. */
export function refusals({ exports, files }: PackageVersion): string[] {
  const lines: string[] = [];
  const folded = Map.groupBy(files.keys(), (path) => path.toLowerCase());
  for (const same of folded.values()) {
    if (same.length > 1) lines.push(`paths that differ in case only: ${same.join(" ")}`);
  }
  for (const path of files.keys()) {
    if (!/^[\w./@+-]+$/.test(path) || path.length > 160) lines.push(`${path}: not a portable path`);
  }
  const bytes = files.values().reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_BYTES) lines.push(`${bytes} bytes are more than ${MAX_BYTES}`);
  for (const [name, path] of Object.entries(exports)) {
    if (!files.has(path.replace(/^\.\//, ""))) lines.push(`export ${name}: no file ${path}`);
  }
  for (const [path, content] of files) {
    if (!/\.[mc]?[jt]sx?$/.test(path)) continue;
    const code = new TextDecoder().decode(content).replace(/^\s*(\/?\*|\/\/).*$/gm, "");
    for (const specifier of specifiersIn(code)) {
      const refused = refusedSpecifier(path, specifier, files);
      if (refused !== undefined) lines.push(`${path}: import "${specifier}": ${refused}`);
    }
    if (/\bwith \{ type: "(?!json")/.test(code)) lines.push(`${path}: imports what is not JSON`);
  }
  return lines;
}

/** Returns the specifiers of the imports and re-exports of a module without comments. */
function specifiersIn(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"\s]+)"/g);
  return [...found].map(([, specifier]) => specifier!);
}

function refusedSpecifier(
  path: string,
  specifier: string,
  files: PackageVersion["files"],
): string | undefined {
  if (/^\.\.?\//.test(specifier)) {
    const { pathname } = new URL(specifier, `file:///${path}`);
    return files.has(pathname.slice(1)) ? undefined : "not a file of the package";
  }
  if (specifier.startsWith("node:") || VERSIONED.test(specifier)) return undefined;
  return /^(npm|jsr):/.test(specifier)
    ? "names no version"
    : "neither relative, npm:, jsr: nor node:";
}
