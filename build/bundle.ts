/**
 * Bundles both commands into `dist/`, `deno task bundle`, or into the folder that is given: `sphttp.js` and
 * `sphttp-proxy.js`, with the files that they load in `chunks/`, and the notices of the packages that are in them. They
 * start faster than the modules they are made of, and need nothing but Deno: no network, no import map.
 *
 * @module
 */

import { basename } from "node:path";
import { stop } from "esbuild";
import { type Bundle, bundleCommand, type Command, ROOT } from "./bundle/command_bundle.ts";
import { mappedImports } from "./bundle/imports.ts";
import { writeBundles } from "./bundle/write.ts";

/** What every plain download imports dynamically; `tests/cli_startup_test.ts` holds what else it may load. */
export const PLAIN_DOWNLOAD = [
  "lib/cli/process/interruption.ts",
  "lib/cli/report/text_report.ts",
  "lib/cli/run/run_downloads.ts",
] as const;

/** The command `sphttp` and its module. */
export const SPHTTP = {
  name: "sphttp",
  module: "cli.ts",
  usual: [
    ...PLAIN_DOWNLOAD,
    // Unless the download is silent, or from addresses: small, and a file of its own would cost more.
    "lib/cli/report/live_display.ts",
    "lib/transport/connections/dead_address.ts",
  ],
} as const;

/** The commands, for Deno. */
const COMMANDS: readonly Command[] = [
  { ...SPHTTP, program: programOf(SPHTTP.module) },
  {
    name: "sphttp-proxy",
    module: "lib/proxy/command/main.ts",
    usual: [],
    program: programOf("lib/proxy/command/main.ts"),
  },
];

function programOf(module: string): string {
  return `import { main } from "./${module}"; Deno.exit(await main(Deno.args));`;
}

/** Bundles both commands into a folder, where older files of them are replaced. Its path ends without `/`. */
export async function buildBundles(folder: string): Promise<void> {
  const bundles: Bundle[] = [];
  try {
    for (const command of COMMANDS) {
      bundles.push(
        await bundleCommand(command, { outdir: folder, plugins: [mappedImports()] }),
      );
    }
  } finally {
    await stop();
  }
  await writeBundles(folder, bundles);
  const names = new Set(bundles.flatMap(({ files }) => files).map(({ path }) => basename(path)));
  for await (const { name } of Deno.readDir(`${folder}/chunks`)) {
    if (!names.has(name)) await Deno.remove(`${folder}/chunks/${name}`);
  }
}

if (import.meta.main) await buildBundles(Deno.args[0] ?? `${ROOT}dist`);
