/**
 * Downloads a file whose checksum is known. The last bytes are delivered only if it is right.
 *
 *     deno run --allow-net --allow-write examples/checksum.ts FILE SHA256 URL URL…
 */

import { DigestMismatchError, Downloader } from "@x/sphttp";

/** Downloads to `path`; removes the file and returns `false` if it has another SHA-256. */
export async function downloadVerified(
  path: string,
  sha256: string,
  urls: string[],
): Promise<boolean> {
  const download = new Downloader(urls, { expectedHashes: { "sha-256": sha256 } });
  try {
    await Deno.writeFile(path, download.stream());
    return true;
  } catch (error) {
    await Deno.remove(path);
    if (error instanceof DigestMismatchError) return false;
    throw error;
  }
}

if (import.meta.main) {
  const [path = "file", sha256 = "", ...urls] = Deno.args;
  if (!await downloadVerified(path, sha256, urls)) {
    console.error(`${path}: wrong checksum`);
    Deno.exitCode = 1;
  }
}
