/**
 * Writes bundles into a folder, with the notices of the packages that are in them.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Bundle } from "./command_bundle.ts";
import { noticesOf } from "./notices.ts";

/** The name of the notices. */
export const NOTICES = "NOTICES.txt";

/** Writes bundles that were made for a folder into it. Its path ends without `/`. */
export async function writeBundles(folder: string, bundles: readonly Bundle[]): Promise<void> {
  const files = bundles.flatMap(({ files }) => files);
  for (const path of new Set([folder, ...files.map(({ path }) => dirname(path))])) {
    await Deno.mkdir(path, { recursive: true });
  }
  for (const { path, contents } of files) await Deno.writeFile(path, contents);
  const notices = await noticesOf(new Set(bundles.flatMap(({ modules }) => modules)));
  await Deno.writeTextFile(`${folder}/${NOTICES}`, notices);
}
