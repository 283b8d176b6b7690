/**
 * Bundles a command: one file with all that every run loads, its core, one with the rest, and some for what takes long
 * to load: packages, and what needs modules of Node.js. These import from the core, and no module is in two files.
 *
 * A bundler alone would distribute modules by which of the dynamic imports lead to them, over as many files as there
 * are such sets: dozens for the core, and a hundred in all, which Deno reads at every start, whether they are run or
 * not. Therefore the modules are rewritten before: dynamic imports of what is in the core anyway become static ones,
 * those of the rest lead to one module, and every module that is imported dynamically imports the core first, so that
 * all of the core is reached from everywhere.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile, type OutputFile, type Plugin } from "esbuild";

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A command to bundle. */
export interface Command {
  /** Name of the program, and of its file without the extension. */
  readonly name: string;
  /** The module that has its `main()`, from the root of the project. */
  readonly module: string;
  /** Modules that a usual run imports dynamically, from the root of the project. */
  readonly usual: readonly string[];
  /** The text of the program, which imports the module by its name. */
  readonly program: string;
}

/** What came of modules. */
export interface Bundle {
  /** Absolute paths and contents. */
  readonly files: readonly OutputFile[];
  /** Absolute paths of the modules that are in them. */
  readonly modules: readonly string[];
  readonly metafile: Metafile;
}

/** What differs between platforms. */
export interface CommandOptions extends BuildOptions {
  /** The folder that the files are for. */
  readonly outdir: string;
  /** Changes the text of a module before it is read. @default nothing */
  readonly adapt?: (path: string, text: string) => string;
}

/** Bundles modules for a folder, to which nothing is written. The same sources give the same bytes. */
export async function bundle(options: BuildOptions): Promise<Bundle> {
  const { outputFiles: files, metafile } = await build({
    absWorkingDir: ROOT,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    ...options,
    write: false,
    metafile: true,
  });
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const modules = new Set(used.map(([path]) => resolve(ROOT, path)));
  return { files, modules: [...modules].sort(), metafile };
}

/** Bundles a command. */
export async function bundleCommand(
  { name, module, usual, program }: Command,
  { adapt = (_, text) => text, plugins = [], define, ...options }: CommandOptions,
): Promise<Bundle> {
  const run = (rewrite: (path: string, text: string) => string, parts?: Parts) =>
    bundle({
      entryPoints: [{ in: PROGRAM, out: name }],
      // Texts of one byte per character are read faster.
      charset: "ascii",
      minifySyntax: true,
      minifyWhitespace: true,
      // The program calls `main()`.
      define: { ...define, "import.meta.main": "false" },
      ...options,
      plugins: [
        moduleOf(PROGRAM, program),
        moduleOf(REST, parts === undefined ? "" : restText(parts)),
        rewriting(rewrite),
        ...plugins,
      ],
    });
  const entry = resolve(ROOT, module);
  const graph = graphOf((await run(adapt)).metafile);
  const core = staticallyReached(graph, [entry, ...usual.map((path) => resolve(ROOT, path))]);
  const late = [...graph.late].filter((path) => !core.has(path)).sort();
  const rest = late.filter((path) => isQuick(path, graph, core));
  const parts = { entry, core, late: new Set(late), rest };
  return await run((path, text) => withCore(path, adapt(path, text), parts), parts);
}

/** The names of the modules that are made here: the program, and what imports the rest. */
const [PROGRAM, REST] = ["program:", "rest:"];

/** Provides a module by its name, as if it were at the root of the project. */
function moduleOf(name: string, contents: string): Plugin {
  return {
    name,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, ({ path }) => ({ path, namespace: name }));
      onLoad({ filter: /^/, namespace: name }, () => ({ contents, resolveDir: ROOT }));
    },
  };
}

/** Changes the modules of the project, and those of packages, before they are read. */
function rewriting(rewrite: (path: string, text: string) => string): Plugin {
  return {
    name: "rewriting",
    setup({ onLoad }) {
      onLoad({ filter: /\.[mc]?[jt]s$/, namespace: "file" }, async ({ path }) => ({
        contents: rewrite(path, await Deno.readTextFile(path)),
        loader: path.endsWith("ts") ? "ts" : "js",
      }));
    },
  };
}

/** How modules import each other, by absolute paths. */
interface Graph {
  /** What each imports statically. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
  /** What is imported dynamically. */
  readonly late: ReadonlySet<string>;
  /** Modules that import statically what is not bundled, such as modules of Node.js. */
  readonly needy: ReadonlySet<string>;
}

function graphOf({ inputs }: Metafile): Graph {
  const imports = new Map<string, string[]>();
  const late = new Set<string>();
  const needy = new Set<string>();
  for (const [input, { imports: all }] of Object.entries(inputs)) {
    const from = resolve(ROOT, input);
    const own: string[] = [];
    for (const { path, kind, external } of all) {
      const isLate = kind === "dynamic-import";
      if (external) {
        if (!isLate) needy.add(from);
      } else if (isLate) late.add(resolve(ROOT, path));
      else own.push(resolve(ROOT, path));
    }
    imports.set(from, own);
  }
  return { imports, late, needy };
}

/** Returns the modules that load with some. */
function staticallyReached({ imports }: Graph, from: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const own = imports.get(path);
    if (own === undefined) throw new Error(`${path} is not a module of the command`);
    own.forEach(visit);
  };
  from.forEach(visit);
  return reached;
}

/** Reports whether a module of the project loads in no time, so that it may load with others: with nothing of Node.js. */
function isQuick(path: string, graph: Graph, core: ReadonlySet<string>): boolean {
  const reached = [...staticallyReached(graph, [path])].filter((one) => !core.has(one));
  return path.endsWith(".ts") && !reached.some((one) => graph.needy.has(one));
}

/** Dynamic imports of modules of the project. */
const DYNAMIC_IMPORT = /\bimport\(\s*"(\.[^"]+)",?\s*\)/g;

/** What of a command loads when. */
interface Parts {
  /** The first module of the core. */
  readonly entry: string;
  readonly core: ReadonlySet<string>;
  /** What else is imported dynamically. */
  readonly late: ReadonlySet<string>;
  /** What of that loads together. */
  readonly rest: readonly string[];
}

/** Returns the module that imports the rest. */
function restText({ entry, rest }: Parts): string {
  const exports = rest.map((path, index) => `export * as rest${index} from ${quoted(path)};`);
  return `import ${quoted(entry)}; ${exports.join(" ")}`;
}

/**
 * Returns the text of a module with its dynamic imports as they are in the bundle; one that is imported dynamically
 * imports the core first. All that is added stands on the first line, so that the others keep their numbers.
 */
function withCore(path: string, text: string, { entry, core, late, rest }: Parts): string {
  const added = new Map<string, string>();
  const changed = text.replace(DYNAMIC_IMPORT, (whole, specifier) => {
    const target = resolve(dirname(path), specifier);
    const index = rest.indexOf(target);
    if (index !== -1) return `import("${REST}").then((all) => all.rest${index})`;
    if (!core.has(target)) return whole;
    const name = added.get(target) ?? `ofCore${added.size}`;
    added.set(target, name);
    return `Promise.resolve(${name})`;
  });
  const imports = [...added].map(([from, name]) => `import * as ${name} from ${quoted(from)};`);
  if (late.has(path)) imports.unshift(`import ${quoted(entry)};`);
  return `${imports.join(" ")}${changed}`;
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
