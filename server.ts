/**
 * The proxy: `GET /proxy?host=URL,URL` serves one file from many HTTP mirrors at once, with ranges, so
 * that a player can seek. `/` is a page that builds such links, plays them, and shows which mirror
 * delivers what. Run it as a command (see `--help`), or mount its handler in your own server. For
 * `deno serve` there is `@x/sphttp/serve`.
 *
 * @example As a command
 * ```sh
 * deno run -A jsr:@x/sphttp/server --port 8080
 * ```
 *
 * @example In a server
 * ```ts
 * import { createHandler } from "@x/sphttp/server";
 * import { assertEquals } from "@std/assert";
 *
 * const proxy = createHandler({ allowHosts: ["*.example.org"] });
 * await using server = Deno.serve({ port: 0, onListen() {} }, proxy);
 *
 * const url = `http://127.0.0.1:${server.addr.port}/proxy?host=http://one.example.com/file`;
 * const response = await fetch(url);
 * assertEquals(response.status, 403); // one.example.com is not allowed
 * assertEquals((await response.json()).title, "Forbidden");
 * ```
 *
 * @module
 */

import { main } from "./lib/proxy/command/main.ts";

export { createHandler, type ProxyHandler } from "./lib/proxy/handler.ts";
export type { ConnectionCounts } from "./lib/proxy/observe/metrics.ts";
export type { AccessLogFormat, CorsOption, ProxyOptions } from "./lib/proxy/options.ts";

// Not awaited, so that `deno serve` reports at once that this module has no default export.
if (import.meta.main) main(Deno.args).then(Deno.exit);
