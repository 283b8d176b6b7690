/**
 * Bundles a command: one file with all that every run loads, its core, and smaller ones for what few runs load. These
 * import from the core, and no module is in two files. So a usual run reads two files instead of some hundred.
 *
 * A bundler alone would distribute modules by which of the dynamic imports lead to them, over as many files as there
 * are such sets, and so would spread those of the core over dozens. Therefore the modules are rewritten before:
 * dynamic imports of what is in the core anyway become static ones, and every module that is imported dynamically
 * imports the core first, so that all of the core is reached from everywhere.
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
  const run = (rewrite: (path: string, text: string) => string) =>
    bundle({
      entryPoints: [{ in: PROGRAM, out: name }],
      // Texts of one byte per character are read faster.
      charset: "ascii",
      minifySyntax: true,
      minifyWhitespace: true,
      // The program calls `main()`.
      define: { ...define, "import.meta.main": "false" },
      ...options,
      plugins: [programOf(program), rewriting(rewrite), ...plugins],
    });
  const entry = resolve(ROOT, module);
  const { imports, late } = graphOf((await run(adapt)).metafile);
  const core = staticallyReached(imports, [entry, ...usual.map((path) => resolve(ROOT, path))]);
  return await run((path, text) => withCore(path, adapt(path, text), { entry, core, late }));
}

/** What stands for the module of the program. */
const PROGRAM = "program:";

/** Provides the module of the program, as if it were at the root of the project. */
function programOf(contents: string): Plugin {
  return {
    name: "program",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^program:$/ }, ({ path }) => ({ path, namespace: "program" }));
      onLoad({ filter: /^/, namespace: "program" }, () => ({ contents, resolveDir: ROOT }));
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
}

function graphOf({ inputs }: Metafile): Graph {
  const imports = new Map<string, string[]>();
  const late = new Set<string>();
  for (const [path, input] of Object.entries(inputs)) {
    const own: string[] = [];
    for (const { path, kind, external } of input.imports) {
      if (external) continue;
      if (kind === "dynamic-import") late.add(resolve(ROOT, path));
      else own.push(resolve(ROOT, path));
    }
    imports.set(resolve(ROOT, path), own);
  }
  return { imports, late };
}

/** Returns the modules that load with some. */
function staticallyReached(graph: Graph["imports"], from: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const imports = graph.get(path);
    if (imports === undefined) throw new Error(`${path} is not a module of the command`);
    imports.forEach(visit);
  };
  from.forEach(visit);
  return reached;
}

/** Dynamic imports of modules of the project. */
const DYNAMIC_IMPORT = /\bimport\(\s*"(\.[^"]+)",?\s*\)/g;

/** What of a command loads when. */
interface Parts {
  /** The first module of the core. */
  readonly entry: string;
  readonly core: ReadonlySet<string>;
  /** What is imported dynamically. */
  readonly late: ReadonlySet<string>;
}

/**
 * Returns the text of a module without dynamic imports of the core; one that is imported dynamically imports the core
 * first. All that is added stands on the first line, so that the others keep their numbers.
 */
function withCore(path: string, text: string, { entry, core, late }: Parts): string {
  const added = new Map<string, string>();
  const rest = text.replace(DYNAMIC_IMPORT, (whole, specifier) => {
    const target = resolve(dirname(path), specifier);
    if (!core.has(target)) return whole;
    const name = added.get(target) ?? `ofCore${added.size}`;
    added.set(target, name);
    return `Promise.resolve(${name})`;
  });
  const imports = [...added].map(([from, name]) => `import * as ${name} from ${quoted(from)};`);
  if (late.has(path) && !core.has(path)) imports.unshift(`import ${quoted(entry)};`);
  return `${imports.join(" ")}${rest}`;
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
