/**
 * The command `sphttp` as the benches run it: from its bundle, as it is released and installed, or from its modules.
 *
 * @module
 */

/** What a checkout is run from. */
export type Form = "bundle" | "modules";

const ROOT = new URL("../..", import.meta.url).pathname;

let form: Form = "bundle";

/** A checkout, and what of it runs. */
export interface Checkout {
  /** The path of its folder, which ends with `/`. @default this one */
  readonly root?: string;
  /** @default what was chosen */
  readonly from?: Form | undefined;
}

/** Chooses what the command is run from by all benches of this process. {@linkcode buildBundle} has to make a bundle. */
export function chooseForm(chosen: Form): void {
  form = chosen;
}

/** Says for the reader of figures what they are of. */
export function formText(): string {
  return form === "bundle"
    ? "sphttp runs from its bundle, as it is released (--source: from its modules)"
    : "sphttp runs from its modules (--source), not as it is released";
}

/** Returns the flag for the import map of a checkout. */
export function importMap(root = ROOT): string {
  return `--import-map=${root}import_map.npm.json`;
}

/** Returns the command `sphttp`, without arguments. */
export function sphttp({ root = ROOT, from = form }: Checkout = {}): string[] {
  const deno = [Deno.execPath(), "run", "--quiet", "-A"];
  return from === "bundle"
    // With the flags that `deno install --global` gives to it.
    ? [...deno, "--no-config", `${root}dist/sphttp.js`]
    : [...deno, importMap(root), `${root}cli.ts`];
}

/** Checkouts that this process has bundled. */
const bundled = new Set<string>();

/** Bundles the command of a checkout once, unless it is to be run from its modules. */
export async function buildBundle({ root = ROOT, from = form }: Checkout = {}): Promise<void> {
  if (from === "modules" || bundled.has(root)) return;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", importMap(root), `${root}build/bundle.ts`],
    cwd: root,
    stderr: "inherit",
  }).output();
  if (!success) {
    throw new Error(
      `${root} cannot be bundled, see above; --source runs commands from their modules`,
    );
  }
  bundled.add(root);
}
