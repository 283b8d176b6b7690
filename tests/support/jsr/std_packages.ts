/**
 * Packages of `@std` for a registry of tests, with the modules that `deno.json` maps. Their files are those of the npm
 * package to which `import_map.npm.json` maps the same names.
 *
 * @module
 */

import type { PackageVersion } from "./package_files.ts";

/** Returns the packages of `@std` among mapped names, each with the lowest version that is asked for. */
export function stdPackages(
  imports: Readonly<Record<string, string>>,
): (readonly [name: string, version: string, PackageVersion])[] {
  const mapped = Object.entries(imports).flatMap(([name, target]) => {
    const [, packageName, version, path] = /^jsr:(@std\/\w+)@\^([\d.]+)(\/.+)?$/.exec(target) ?? [];
    if (packageName === undefined || version === undefined) return [];
    return [{ packageName, version, path: `.${path ?? ""}`, url: import.meta.resolve(name) }];
  });
  return [...Map.groupBy(mapped, ({ packageName }) => packageName)].map(([name, modules]) => {
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    const exports: Record<string, string> = {};
    for (const { path, url } of modules) {
      // The folder of the npm package has a folder for each package of @std.
      const root = new URL("..", url);
      exports[path] = `./${url.slice(root.href.length)}`;
      addWithImports(files, url, root);
    }
    return [name, modules[0]!.version, { exports, files }] as const;
  });
}

function addWithImports(
  files: Map<string, Uint8Array<ArrayBuffer>>,
  url: string,
  root: URL,
): void {
  const path = url.slice(root.href.length);
  if (files.has(path)) return;
  const content = Deno.readFileSync(new URL(url));
  files.set(path, content);
  const code = new TextDecoder().decode(content);
  for (const [, specifier] of code.matchAll(/^(?:import|export)\b[^;"']*?from "(\.[^"]+)"/gm)) {
    addWithImports(files, new URL(specifier!, url).href, root);
  }
}
