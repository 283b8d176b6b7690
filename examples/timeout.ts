/**
 * Gives a download so much time, and no more.
 *
 *     deno run --allow-net examples/timeout.ts SECONDS URL URL…
 */

import { Downloader } from "@x/sphttp";

/** Returns the bytes of a file, or `undefined` if they have not all come within `ms` milliseconds. */
export async function bytesWithin(ms: number, urls: string[]): Promise<Uint8Array | undefined> {
  const signal = AbortSignal.timeout(ms);
  try {
    return await new Response(new Downloader(urls, { signal }).stream()).bytes();
  } catch (error) {
    // The download fails with the reason of the signal; all of its requests have ended.
    if (error === signal.reason) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const [seconds, ...urls] = Deno.args;
  const bytes = await bytesWithin(Number(seconds) * 1000, urls);
  console.log(bytes === undefined ? "too late" : `${bytes.length} bytes`);
}
