/**
 * The command behind `deno task scope @NAME`: replaces the scope under which the package is published, in `deno.json`
 * and wherever documentation and code name the package. `@x` is a placeholder, as JSR's scopes have two letters or
 * more.
 *
 * @module
 */

/** Returns a text in which the package has another name. */
export function renamed(text: string, from: string, to: string): string {
  return text.replaceAll(new RegExp(`${RegExp.escape(from)}(?![\\w-])`, "g"), to);
}

/** Returns the names of packages called `sphttp` that a text contains. */
export function packageNames(text: string): string[] {
  return [...new Set(text.match(/@[a-z][a-z0-9-]*\/sphttp(?![\w-])/g))];
}

/** Returns the paths of all text files that git knows or would add, from the project's root. */
export async function projectFiles(root: URL): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
    cwd: root,
  }).output();
  const paths = new TextDecoder().decode(stdout).trim().split("\n");
  return paths.filter((path) => /\.(json|md|service|toml|ts|yml)$/.test(path));
}

async function main(args: readonly string[]): Promise<number> {
  const [scope] = args;
  if (args.length !== 1 || !/^@[a-z][a-z0-9-]{1,19}$/.test(scope!)) {
    console.error("usage: deno task scope @NAME   (2 to 20 of a-z, 0-9 and -, a letter first)");
    return 2;
  }
  const root = new URL("..", import.meta.url);
  const { name } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const path of await projectFiles(root)) {
    const url = new URL(path, root);
    const text = await Deno.readTextFile(url);
    const changed = renamed(text, name, `${scope}/sphttp`);
    if (changed === text) continue;
    await Deno.writeTextFile(url, changed);
    console.log(path);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
