/**
 * What the benches run against: files on one real nginx that plays three mirrors.
 *
 * @module
 */

import { startNginx } from "../support/programs/nginx.ts";

/** Runs a function with the URLs of files on three ports of one nginx; `make` writes the files. */
export async function withNginx(
  make: (folder: string) => Promise<void>,
  run: (urls: (name: string) => string[]) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await make(root);
    await using nginx = await startNginx({ root });
    await run((name) => nginx.urls(name));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Runs a function with the URLs of files of these sizes, which are all holes. */
export async function withHoles(
  sizes: readonly number[],
  run: (urls: (size: number) => string[]) => Promise<void>,
): Promise<void> {
  const make = async (folder: string) => {
    for (const size of sizes) {
      using file = await Deno.create(`${folder}/${size}`);
      await file.truncate(size);
    }
  };
  await withNginx(make, (urls) => run((size) => urls(String(size))));
}
