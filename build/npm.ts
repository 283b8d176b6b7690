/**
 * Builds the package for npm, `deno task npm [FOLDER]`: the library for Node.js, Bun and browsers, with its
 * types, and the command for Node.js. It needs no other package.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, stop } from "esbuild";
import settings from "../deno.json" with { type: "json" };
import { SPHTTP } from "./bundle.ts";
import { type Bundle, bundle, bundleCommand } from "./bundle/command_bundle.ts";
import { mappedImports } from "./bundle/imports.ts";
import { NOTICES, writeBundles } from "./bundle/write.ts";
import { writeTypes } from "./npm/types.ts";

const ROOT = new URL("../", import.meta.url);

/** The entry points of the library, and the names under which they are exported. */
const EXPORTS = { ".": "mod", "./metalink": "metalink", "./trace": "trace" } as const;

/** What npm makes executable. */
const PROGRAM = `#!/usr/bin/env node
import process from "node:process";
import { main } from "./${SPHTTP.module}";

process.exit(await main(process.argv.slice(2)));
`;

/** What few commands need, and is large: who wants it installs it. */
const OPTIONAL = ["openpgp"] as const;

/** The oldest runtimes that are supported. */
const TARGETS = ["node20", "chrome105", "firefox115", "safari16.4"];

/** Modules of Node.js that only some options load; bundlers for browsers leave them out. */
const NODE_MODULES = ["dns", "dns/promises", "http", "https", "net", "stream", "tls"];

/** Files that are in the package as they are. */
const PLAIN_FILES = ["LICENSE", "README.md"];

/** What a package that was built before has in its folder, and the archive that `npm pack` makes of it. */
const OWN_NAMES = new RegExp(
  `^(${[...Object.values(EXPORTS), "bin"].join("|")})\\.js$|^(chunks|command|types)$|` +
    `^(package\\.json|${[NOTICES, ...PLAIN_FILES].join("|")})$|^sphttp-.*\\.tgz$`,
);

/**
 * Builds the package in a folder, which is emptied before. Rejects with an error, and changes nothing, if
 * there is anything else in it than a package that was built before.
 */
export async function buildPackage(folder: URL): Promise<void> {
  await requireOwn(folder);
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  const library = Object.values(EXPORTS).map((name) => `${name}.ts`);
  await Promise.all([
    writeTypes(ROOT, { library, command: SPHTTP.module }, new URL("types/", folder)),
    writeModules(library, folder),
    Deno.writeTextFile(new URL("package.json", folder), packageJson()),
    ...PLAIN_FILES.map((name) => Deno.copyFile(new URL(name, ROOT), new URL(name, folder))),
  ]);
}

async function requireOwn(folder: URL): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (OWN_NAMES.test(name)) continue;
      const path = fileURLToPath(folder);
      throw new Error(
        `${path} is not emptied for the package, as it has ${name}: name a new folder`,
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Writes the library, and the command, which has a copy of it. */
async function writeModules(library: readonly string[], folder: URL): Promise<void> {
  const outdir = fileURLToPath(folder);
  let bundles: Bundle[];
  try {
    bundles = await Promise.all([
      bundle({
        ...PLATFORM,
        entryPoints: [...library],
        outdir,
        charset: "utf8",
        minifyWhitespace: true,
      }),
      bundleCommand({ ...SPHTTP, name: "bin", program: PROGRAM }, {
        ...PLATFORM,
        outdir,
        chunkNames: "command/[name]-[hash]",
        adapt: withDeno,
        // What the command uses of Deno, and npm/deno.ts does not have.
        logOverride: { "import-is-undefined": "error" },
      }),
    ]);
  } finally {
    await stop();
  }
  await writeBundles(outdir.replace(/[/\\]$/, ""), bundles);
}

/** Options for the runtimes. */
const PLATFORM: BuildOptions = {
  target: TARGETS,
  inject: ["build/npm/symbols.ts"],
  define: { "Symbol.dispose": "dispose", "Symbol.asyncDispose": "asyncDispose" },
  plugins: [mappedImports(OPTIONAL)],
};

/** Modules of the command, and the one of others that it uses, which use Deno. */
const OF_COMMAND = /(\/lib\/(cli|command_line)\/.*|\/cli\.ts|\/prompt_secret\.js)$/;

const STAND_IN = JSON.stringify(fileURLToPath(new URL("npm/deno.ts", import.meta.url)));

/** Lets `npm/deno.ts` stand for Deno in a module of the command; its lines keep their numbers. */
function withDeno(path: string, text: string): string {
  if (!OF_COMMAND.test(path) || !/\bDeno\b/.test(text)) return text;
  return `import * as Deno from ${STAND_IN}; ${text}`;
}

function packageJson(): string {
  const { version, license, imports } = settings;
  const entries = Object.entries(EXPORTS).map(([name, file]) =>
    [name, { types: `./types/${file}.d.ts`, default: `./${file}.js` }] as const
  );
  const content = {
    name: "sphttp",
    version,
    description: "Downloads one file from many HTTP mirrors at once, and delivers it in order",
    keywords: ["download", "http", "mirrors", "multi-source", "range-requests", "streaming"],
    license,
    type: "module",
    engines: { node: ">=20" },
    bin: { sphttp: "bin.js" },
    exports: Object.fromEntries(entries),
    peerDependencies: Object.fromEntries(
      OPTIONAL.map((name) => [name, imports[name].replace(`npm:${name}@`, "^")]),
    ),
    peerDependenciesMeta: Object.fromEntries(OPTIONAL.map((name) => [name, { optional: true }])),
    browser: Object.fromEntries(NODE_MODULES.map((name) => [`node:${name}`, false])),
    sideEffects: ["./bin.js"],
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

if (import.meta.main) {
  const [folder = "npm"] = Deno.args;
  try {
    await buildPackage(pathToFileURL(`${resolve(folder)}/`));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
