/**
 * Downloads by signed URLs that expire after a while: when one is refused, another one is asked for, and the
 * download goes on where it was. This store signs URLs at `/sign?object=NAME`.
 *
 *     deno run --allow-net --allow-write examples/signed_urls.ts FILE STORE STORE…
 */

import { Downloader } from "@x/sphttp";

/** Asks a store for a URL of an object. */
async function sign(store: string, object: string): Promise<string> {
  const response = await fetch(`${store}/sign?object=${encodeURIComponent(object)}`);
  if (!response.ok) throw new Error(`${store} signs nothing: status ${response.status}`);
  return (await response.text()).trim();
}

/** Returns the bytes of an object that several stores have. */
export async function objectStream(object: string, stores: string[]): Promise<ReadableStream> {
  const urls = await Promise.all(stores.map((store) => sign(store, object)));
  const storeOf = new Map(urls.map((url, index) => [new URL(url).href, stores[index]!]));
  const download = new Downloader(urls, {
    // Called with the URL as it was given above, also if it has been renewed since.
    refresh: (url) => sign(storeOf.get(url)!, object),
  });
  return download.stream();
}

if (import.meta.main) {
  const [path = "file", ...stores] = Deno.args;
  await Deno.writeFile(path, await objectStream(path, stores));
}
