/**
 * The notices of the packages that are in a bundle: their names, licenses and copyrights.
 *
 * @module
 */

import { dirname } from "node:path";
import { ROOT } from "./command_bundle.ts";

/** What `package.json` says of a package. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author?: string | { readonly name: string };
  readonly homepage?: string;
}

/** A package, its folder, and its modules that are bundled. */
interface Bundled extends Package {
  readonly folder: string;
  readonly modules: readonly string[];
}

const LINE = "-".repeat(80);

/** Returns the notices of the packages that have some of these modules, by their absolute paths. */
export async function noticesOf(modules: ReadonlySet<string>): Promise<string> {
  const packages = new Map<string, Bundled>();
  for (const path of [...modules].filter(isForeign)) {
    const found = await packageOf(path);
    const known = packages.get(found.folder);
    packages.set(found.folder, { ...found, modules: [...known?.modules ?? [], path] });
  }
  const notices: string[] = [];
  for (const one of [...packages.values()].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const { name, version, license, homepage } = one;
    const title = [`${name} ${version} (${license})`, homepage].filter(Boolean).join(", ");
    notices.push(`${LINE}\n${title}\n\n${(await licenseOf(one)).trim()}\n`);
  }
  return ["sphttp contains modules of these packages.\n", ...notices].join("\n");
}

function isForeign(path: string): boolean {
  return path.includes("/node_modules/") || !path.startsWith(ROOT);
}

/** Returns the package of a module. */
async function packageOf(path: string): Promise<Omit<Bundled, "modules">> {
  const folder = dirname(path);
  if (folder === path) throw new Error("a module that is bundled belongs to no package");
  const text = await Deno.readTextFile(`${folder}/package.json`).catch(() => "{}");
  const { name, version, license, author, homepage }: Partial<Package> = JSON.parse(text);
  if (name === undefined || version === undefined) return await packageOf(folder);
  if (license === undefined) throw new Error(`${name} ${version} names no license`);
  return {
    ...{ name, version, license, folder },
    ...(author && { author }),
    ...(homepage && { homepage }),
  };
}

/** Returns the license that a package has with it, or that of its name with its own copyright. */
async function licenseOf(one: Bundled): Promise<string> {
  for await (const { name } of Deno.readDir(one.folder)) {
    if (/^licen[cs]e(\.(md|txt))?$/i.test(name)) {
      return await Deno.readTextFile(`${one.folder}/${name}`);
    }
  }
  const terms = one.license === "ISC" ? ISC : one.license === "MIT" ? await ownTerms() : undefined;
  if (terms === undefined) throw new Error(`${one.name} comes without its license, ${one.license}`);
  return `${await copyrightOf(one)}\n\n${terms}`;
}

/** Returns the copyright that the modules of a package name, or its author. */
async function copyrightOf({ name, author, modules }: Bundled): Promise<string> {
  for (const path of modules) {
    const [, found] = /^\W*(Copyright .*?\.)(?:\s|$)/m.exec(await Deno.readTextFile(path)) ?? [];
    if (found !== undefined) return found;
  }
  const holder = typeof author === "object" ? author.name : author;
  if (holder === undefined) throw new Error(`${name} names neither a copyright nor an author`);
  return `Copyright ${holder.replace(/ <.*/, "")}`;
}

/** Returns the terms of the license of sphttp, without its copyright. */
async function ownTerms(): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}LICENSE`);
  return text.slice(text.indexOf("Permission is hereby granted"));
}

const ISC = `Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`;
