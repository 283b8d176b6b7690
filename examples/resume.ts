/**
 * Goes on with a file where an earlier run was interrupted. What is known of the file is kept beside it, so
 * that bytes of two versions are never joined. (The command does this with `-C -`, and survives crashes.)
 *
 *     deno run --allow-net --allow-read --allow-write examples/resume.ts FILE URL URL…
 */

import { Downloader, type KnownFile } from "@x/sphttp";

/** Downloads to `path`, appending to what is there. */
export async function resume(path: string, urls: string[], signal?: AbortSignal): Promise<void> {
  const record = `${path}.json`;
  const knownFile: KnownFile | undefined = await Deno.readTextFile(record).then(
    JSON.parse,
    () => undefined,
  );
  // Without its record, what is there may be of another file.
  using file = await Deno.open(path, { write: true, create: true, truncate: !knownFile });
  const start = await file.seek(0, Deno.SeekMode.End);
  if (start > 0 && start === knownFile?.info.size) return;
  const download = new Downloader(urls, { range: { start }, knownFile, signal });
  await download.open();
  await Deno.writeTextFile(record, JSON.stringify(download.knownFile ?? null));
  for await (const part of download) await writeAll(file, part);
  await Deno.remove(record);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}

if (import.meta.main) {
  const [path = "file", ...urls] = Deno.args;
  await resume(path, urls);
}
