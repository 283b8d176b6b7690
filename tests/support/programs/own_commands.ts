/**
 * The commands `sphttp` and `sphttp-proxy` in processes of their own. A run of all tests bundles both once, as they are
 * installed and released, and starts them from there in two thirds of the processor time; a run of some tests starts
 * their modules. Tests of what a command loads, or of the permissions that it needs, start the modules themselves.
 *
 * @module
 */

/** The project's root. */
const ROOT = new URL("../../..", import.meta.url);

/** The variable with the folder of the bundles. */
export const BUNDLES_VARIABLE = "SPHTTP_TEST_BUNDLES";

/** The bundle of each command, by its module. */
const BUNDLES = { "cli.ts": "sphttp.js", "server.ts": "sphttp-proxy.js" } as const;

/** Returns the arguments by which Deno runs a command with permissions, without the command's own arguments. */
export function denoArguments(
  module: keyof typeof BUNDLES,
  permissions: readonly string[] = ["--allow-all"],
): string[] {
  const folder = Deno.env.get(BUNDLES_VARIABLE);
  const options = ["run", "--quiet", "--no-check", "--no-prompt"];
  return folder === undefined
    ? [
      ...options,
      `--import-map=${new URL("import_map.npm.json", ROOT).href}`,
      ...permissions,
      new URL(module, ROOT).href,
    ]
    : [...options, "--no-config", ...permissions, `${folder}/${BUNDLES[module]}`];
}
