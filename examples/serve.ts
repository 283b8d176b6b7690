/**
 * Serves one file from all of its mirrors. Each client has a download of its own, which ends when it leaves.
 *
 *     deno run --allow-net examples/serve.ts URL URL…
 *
 * For ranges, so that players can seek, and for limits and metrics, mount the proxy: `createHandler()` of
 * `@x/sphttp/server`.
 */

import { Downloader, SphttpError } from "@x/sphttp";

/** Returns the handler of a server whose only file is at all of these URLs. */
export function fileHandler(urls: string[]): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET") return new Response(null, { status: 405 });
    try {
      return await new Downloader(urls).response();
    } catch (error) {
      if (!(error instanceof SphttpError)) throw error;
      return new Response(error.message, { status: 502 });
    }
  };
}

if (import.meta.main) Deno.serve(fileHandler(Deno.args));
