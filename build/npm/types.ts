/**
 * Writes the types of the package, and finds out while doing so whether its code uses what the oldest
 * supported Node.js lacks: it is checked with the types of that.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import deno from "types-deno/package.json" with { type: "json" };
import node from "types-node/package.json" with { type: "json" };
import settings from "../../deno.json" with { type: "json" };

/** The versions of the packages, for errors. */
const PACKAGES = `@types/deno ${deno.version}, @types/node ${node.version}`;

/** What the types of Node.js and Deno leave out of what the command uses. */
const AMBIENT = `interface ImportMeta { main: boolean }\ndeclare module "@std/*";\n`;

/** The modules of the package, from the root of the project. */
export interface Modules {
  /** The entry points of the library. */
  readonly library: readonly string[];
  readonly command: string;
}

/**
 * Checks the library and the command, and writes the declarations to a folder that the library's entry points
 * lead to: of most modules inside, nothing is needed.
 *
 * @throws {Error} a module has an error in its types
 */
export async function writeTypes(
  root: URL,
  { library, command }: Modules,
  folder: URL,
): Promise<void> {
  const of = (name: string, file: string) =>
    fileURLToPath(new URL(file, import.meta.resolve(name)));
  const { compilerOptions, imports } = settings;
  const work = await Deno.makeTempDir({ prefix: "sphttp-types-" });
  const [ambient, config] = [`${work}/ambient.d.ts`, `${work}/tsconfig.json`];
  const written = `${work}/types`;
  const project = {
    compilerOptions: {
      ...compilerOptions,
      target: "es2022",
      lib: ["es2023", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
      module: "preserve",
      moduleResolution: "bundler",
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      noEmitOnError: true,
      skipLibCheck: true,
      paths: {
        openpgp: [of("openpgp", "../types/index.d.ts")],
        saxes: [of("saxes", "saxes.d.ts")],
      },
      types: [],
      rootDir: fileURLToPath(root),
      outDir: written,
    },
    files: [
      ...[...library, command].map((name) => fileURLToPath(new URL(name, root))),
      ambient,
      of("types-deno/package.json", "index.d.ts"),
      of("types-node/package.json", "index.d.ts"),
    ],
  };
  try {
    await Deno.writeTextFile(ambient, AMBIENT);
    await Deno.writeTextFile(config, JSON.stringify(project));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `${imports.typescript}/tsc`, "-p", config],
      cwd: root,
    }).output();
    if (success) {
      const entries = library.map((path) => path.replace(/\.ts$/, ".d.ts"));
      return await adopt(entries, pathToFileURL(`${written}/`), folder);
    }
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    throw new Error(`the types are wrong where there is only ${PACKAGES}:\n${text}`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Copies declarations, and those that they import, as they are in the package. */
async function adopt(entries: readonly string[], from: URL, to: URL): Promise<void> {
  const paths = new Set(entries);
  // Those that are found on the way are visited, too.
  for (const path of paths) {
    const text = await Deno.readTextFile(new URL(path, from));
    const target = new URL(path, to);
    await Deno.mkdir(new URL(".", target), { recursive: true });
    await Deno.writeTextFile(target, adapted(text));
    for (const [, specifier] of text.matchAll(/(?:from|import\() ?"(\.[^"]*)\.ts"/g)) {
      paths.add(new URL(`${specifier}.d.ts`, new URL(path, from)).href.slice(from.href.length));
    }
  }
}

/** The library of TypeScript that few projects name, and many declarations need. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/**
 * Returns a declaration without what its readers may not have: types of Deno and Node.js, and those of pages
 * that Node.js has by other names.
 */
function adapted(text: string): string {
  const head = /Disposable\b|\bSymbol\.\w*[dD]ispose\b/.test(text) ? DISPOSABLE : "";
  return head + text
    .replace(/^(\s*(?!\*|\/).*)$/gm, (line) => {
      return line.replace(/\bDeno\.\w+/g, "unknown")
        .replace(/\bHeadersInit\b/g, "ConstructorParameters<typeof Headers>[0]");
    })
    .replace(/^import type \{ (\w+) \} from "node:.*$/gm, "type $1 = unknown;")
    .replace(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"')
    .replaceAll(`"${settings.name}`, '"sphttp');
}
