/**
 * A route of Hono that serves films, each from all servers of the studio.
 *
 *     deno run --allow-net --allow-env examples/hono.ts https://one.example https://two.example
 */

import { Hono } from "hono";
import { Downloader } from "@x/sphttp";

/** Returns an application with the films of these servers. */
export function films(servers: string[]): Hono {
  const app = new Hono();
  app.get("/films/:name", async (context) => {
    const name = encodeURIComponent(context.req.param("name"));
    const urls = servers.map((server) => `${server}/${name}`);
    return await new Downloader(urls).response({ headers: { "cache-control": "max-age=3600" } });
  });
  app.onError((error, context) => context.text(error.message, 502));
  return app;
}

if (import.meta.main) Deno.serve(films(Deno.args).fetch);
