/**
 * The proxy: `GET /proxy?host=URL,URL` brings one file from many HTTP mirrors at once, with ranges,
 * so that a player can seek; `/` is a page that makes such a link, plays it, and shows which mirror
 * brings what. Run it as a command (`--help` shows what it can do), or mount it in a server of
 * yours.
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
 * assertEquals(response.status, 403); // one.example.com is none of the hosts that may be used
 * assertEquals((await response.json()).title, "Forbidden");
 * ```
 *
 * @module
 */

import { expectLateAborts } from "./lib/proxy/request/client_signal.ts";
import { createHandler, type ProxyHandler } from "./lib/proxy/handler.ts";
import { classifyAddress, parseIpAddress } from "./lib/proxy/guard/ip_address.ts";
import { Problem, problemResponse } from "./lib/proxy/problem.ts";
import { describeError } from "./lib/http/redact.ts";
import { VERSION } from "./lib/version.ts";

export type { AccessLogFormat } from "./lib/proxy/observe/access_log.ts";
export { createHandler, type ProxyHandler } from "./lib/proxy/handler.ts";
export type { CorsOption } from "./lib/proxy/answer/headers.ts";
export type { ProxyOptions } from "./lib/proxy/options.ts";

let handler: ProxyHandler | undefined;
let served = false;

/**
 * What `deno serve` runs: the proxy with its default options, for clients on this machine only,
 * because `deno serve` listens on every address of it. For others, `createHandler` has options, and
 * the command has flags.
 */
const server: Deno.ServeDefaultExport = {
  fetch: (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> | Response => {
    if (!isLocal(info.remoteAddr)) {
      const detail = "without options this proxy serves its own machine only; " +
        "its command has --host with --token, --allow-host or --open";
      return problemResponse(new Problem(403, detail), { head: request.method === "HEAD" });
    }
    handler ??= createHandler({
      log: (line) => console.log(line),
      onError: (error) =>
        console.error(`sphttp-proxy: a request failed inside: ${describeError(error)}`),
    });
    return handler(request, info);
  },
  onListen: (address: Deno.Addr) => {
    served = true;
    expectLateAborts();
    const where = "port" in address ? `port ${address.port}` : "a socket";
    console.error(`sphttp-proxy ${VERSION} listens on ${where}, for this machine only`);
  },
};

export default server;

function isLocal(client: Deno.Addr): boolean {
  if (!("hostname" in client)) return client.transport === "unix";
  const address = parseIpAddress(client.hostname);
  return address !== undefined && classifyAddress(address) === "loopback";
}

if (import.meta.main) {
  const run = async () => {
    const { main } = await import("./lib/proxy/command/main.ts");
    Deno.exit(await main(Deno.args));
  };
  // For `deno serve` this is the main module too (denoland/deno#29447): it listens as soon as this
  // module has been evaluated.
  if (Deno.build.standalone) await run();
  else {
    if (Deno.args.length > 0) refuseToBeServed();
    setTimeout(() => served || run());
  }
}

/**
 * Makes of the default export what `deno serve` fails with. `deno run` looks at it as well, for an
 * advice, but takes a failure as a reason to give none.
 */
function refuseToBeServed(): void {
  Object.defineProperty(server, "fetch", {
    get() {
      throw new Error(
        "under `deno serve` no arguments are taken; with arguments, run it by `deno run`",
      );
    },
  });
}
