/**
 * Downloads all files that a Metalink lists, each from its mirrors, with its size and hashes. (The command
 * does this with `sphttp FILE.meta4`, and resumes.)
 *
 *     deno run --allow-net --allow-read --allow-write examples/metalink.ts FILE.meta4 FOLDER
 */

import { Downloader } from "@x/sphttp";
import { expectedPiecesOf, parseMetalink } from "@x/sphttp/metalink";

/** Downloads the files of a Metalink into a folder; returns their paths. */
export async function downloadAll(metalink: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, size, hashes, pieces, urls } of parseMetalink(metalink).files) {
    // Names are relative and safe; they may have folders.
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const download = new Downloader(urls.map(({ url }) => url), {
      expectedSize: size,
      expectedHashes: hashes,
      // Each piece is compared before it is written, and a bad one comes from another mirror.
      expectedPieces: expectedPiecesOf(pieces),
    });
    await Deno.writeFile(path, download.stream());
    paths.push(path);
  }
  return paths;
}

if (import.meta.main) {
  const [path = "file.meta4", folder = "."] = Deno.args;
  console.log((await downloadAll(await Deno.readTextFile(path), folder)).join("\n"));
}
