/**
 * Unpacks an archive while it is downloaded: its bytes come in order, so that `tar` can read them from a pipe.
 *
 *     deno run --allow-net --allow-run=tar examples/tar.ts FOLDER URL URL…
 */

import { Downloader } from "@x/sphttp";

/** Unpacks the archive that is at all of these URLs into a folder. */
export async function unpack(urls: string[], folder: string): Promise<void> {
  const tar = new Deno.Command("tar", { args: ["-xzf", "-", "-C", folder], stdin: "piped" });
  await using child = tar.spawn();
  await new Downloader(urls).stream().pipeTo(child.stdin);
  const { success } = await child.status;
  if (!success) throw new Error("tar could not unpack the archive");
}

if (import.meta.main) {
  const [folder = ".", ...urls] = Deno.args;
  await unpack(urls, folder);
}
