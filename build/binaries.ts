/**
 * The command behind `deno task binaries [TARGET…]`: compiles both commands for the named targets of
 * `deno compile --target`, or for all five, and packs them with completions, manual pages and the license into an
 * archive for each in `dist/`, with the checksums of all in `SHA256SUMS`.
 *
 * The programs are made of the bundles of `deno task bundle`, and have the permissions of the tasks `sphttp` and
 * `proxy`. Deno fetches its runtime for each target once.
 *
 * @module
 */

import { toHex } from "../lib/stand_ins.ts";
import { VERSION } from "../lib/version.ts";
import { completions, SHELLS } from "../lib/cli/completions/completions.ts";
import { buildBundles } from "./bundle.ts";
import { NOTICES } from "./bundle/write.ts";
import { writeManuals } from "./manuals.ts";

/** The platforms that `deno compile` makes programs for. */
export const TARGETS = [
  "aarch64-apple-darwin",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "x86_64-unknown-linux-gnu",
] as const;

export type Target = typeof TARGETS[number];

/** The programs, and the tasks of `deno.json` that run them from a clone. */
const PROGRAMS = [["sphttp", "sphttp"], ["sphttp-proxy", "proxy"]] as const;

const ROOT = new URL("..", import.meta.url);

/** Returns the arguments of `deno` that compile a bundle for a target, with the permissions that a task has. */
export function compileArguments(
  task: string,
  bundle: string,
  target: Target,
  output: string,
): string[] {
  const permissions = task.split(" ").filter((word) => word.startsWith("--allow-"));
  return [
    ...["compile", "--quiet", "--no-check", "--no-config", `--target=${target}`, "-o", output],
    ...permissions,
    bundle,
  ];
}

/** Returns the content of a file of checksums as `sha256sum` writes and reads it. */
export function sumsText(sums: ReadonlyMap<string, string>): string {
  return [...sums].toSorted().map(([name, sum]) => `${sum}  ${name}\n`).join("");
}

/** Compiles and packs the bundles in a folder for one target; returns the path of the archive in another. */
export async function pack(target: Target, bundles: string, folder: string): Promise<string> {
  const name = `sphttp-${VERSION}-${target}`;
  const place = `${folder}/${name}`;
  await Deno.mkdir(`${place}/completions`, { recursive: true });
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const ending = target.includes("windows") ? ".exe" : "";
  for (const [program, task] of PROGRAMS) {
    const output = `${place}/${program}${ending}`;
    const { command } = tasks[task];
    const args = compileArguments(command, `${bundles}/${program}.js`, target, output);
    await run(Deno.execPath(), args);
  }
  for (const shell of SHELLS) {
    await Deno.writeTextFile(`${place}/completions/sphttp.${shell}`, completions(shell));
  }
  await writeManuals(`${place}/man`);
  for (const text of ["LICENSE", "README.md"]) {
    await Deno.copyFile(new URL(text, ROOT), `${place}/${text}`);
  }
  await Deno.copyFile(`${bundles}/${NOTICES}`, `${place}/${NOTICES}`);
  const archive = `${place}.tar.gz`;
  await run("tar", ["-czf", archive, "-C", folder, name]);
  await Deno.remove(place, { recursive: true });
  return archive;
}

/** Runs a program in the project's folder. Rejects if it fails. */
async function run(program: string, args: string[]): Promise<void> {
  const { code } = await new Deno.Command(program, { args, cwd: ROOT, stdin: "null" }).spawn()
    .status;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with code ${code}`);
}

async function sha256(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => !TARGETS.includes(arg as Target));
  if (unknown.length > 0) {
    console.error(`unknown target ${unknown.join(" ")}; targets are ${TARGETS.join(", ")}`);
    return 2;
  }
  const folder = `${Deno.cwd()}/dist`;
  await Deno.mkdir(folder, { recursive: true });
  // Not in `dist/`: all that is there is released.
  const bundles = await Deno.makeTempDir({ prefix: "sphttp-bundles-" });
  const sums = new Map<string, string>();
  try {
    await buildBundles(bundles);
    for (const target of args.length > 0 ? args as Target[] : TARGETS) {
      const archive = await pack(target, bundles, folder);
      sums.set(archive.slice(folder.length + 1), await sha256(archive));
      console.log(archive);
    }
  } finally {
    await Deno.remove(bundles, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/SHA256SUMS`, sumsText(sums));
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
