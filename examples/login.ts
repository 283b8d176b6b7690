/**
 * Sends a token that has to be fetched, by a `fetch` of one's own. (For a fixed one, `headers` is enough:
 * `new Downloader(urls, { headers: { authorization: "Bearer …" } })`.)
 *
 *     deno run --allow-net --allow-env=TOKEN examples/login.ts URL URL…
 */

import { Downloader } from "@x/sphttp";

/** Returns a `fetch` that sends a token to these origins only, whatever redirects say. */
export function fetchWithToken(
  origins: readonly string[],
  token: () => Promise<string>,
): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (origins.includes(new URL(request.url).origin)) {
      request.headers.set("authorization", `Bearer ${await token()}`);
    }
    return await fetch(request);
  };
}

if (import.meta.main) {
  const urls = Deno.args;
  const token = () => Promise.resolve(Deno.env.get("TOKEN") ?? "");
  const fetch = fetchWithToken(urls.map((url) => new URL(url).origin), token);
  await new Downloader(urls, { fetch }).stream().pipeTo(Deno.stdout.writable);
}
