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

/** Returns the command `sphttp`, without arguments. */
export function sphttp({ root = ROOT, from = form }: Checkout = {}): string[] {
  const deno = [Deno.execPath(), "run", "--quiet", "-A"];
  return from === "bundle"
    // With the flags that `deno install --global` gives to it.
    ? [...deno, "--no-config", `${root}dist/sphttp.js`]
    : [...deno, `--import-map=${root}import_map.npm.json`, `${root}cli.ts`];
}

/** Bundles the command of a checkout, unless it is to be run from its modules. */
export async function buildBundle({ root = ROOT, from = form }: Checkout = {}): Promise<void> {
  if (from === "modules") return;
  const map = `--import-map=${root}import_map.npm.json`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", map, `${root}build/bundle.ts`],
    cwd: root,
  }).output();
  if (!success) throw new Error(`${root} cannot be bundled: use --source for both checkouts`);
}
