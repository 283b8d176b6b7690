/**
 * The proxy for `deno serve`, with default options. It serves clients on the same machine only,
 * because `deno serve` listens on all addresses. To serve others, use the command or `createHandler`
 * of `@x/sphttp/server`.
 *
 * @example
 * ```sh
 * deno serve --allow-net jsr:@x/sphttp/serve
 * ```
 *
 * @module
 */

import { problemResponse } from "./lib/proxy/answer/problem_response.ts";
import { isLoopback } from "./lib/proxy/guard/ip_address.ts";
import { createHandler } from "./lib/proxy/handler.ts";
import { Problem } from "./lib/proxy/problem.ts";
import { describeError } from "./lib/http/address/redact.ts";
import { suppressAbortWarning } from "./lib/proxy/request/client_signal.ts";
import { VERSION } from "./lib/version.ts";

const handler = createHandler({
  ownHosts: [],
  log: (line) => console.log(line),
  onError: (error) => console.error(`sphttp-proxy: internal error: ${describeError(error)}`),
});

/** The handler that `deno serve` runs. */
const server: Deno.ServeDefaultExport = {
  fetch: (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> | Response => {
    if (isLocal(info.remoteAddr)) return handler(request, info);
    const detail = "under `deno serve` this proxy serves clients on its own machine only; " +
      "run its command with --host and --token, --allow-host or --open to serve others";
    return problemResponse(new Problem(403, detail), request.method);
  },
  onListen: (address: Deno.Addr) => {
    suppressAbortWarning();
    const where = "port" in address ? `port ${address.port}` : "a socket";
    console.error(`sphttp-proxy ${VERSION} listening on ${where}, for this machine only`);
  },
};

export default server;

function isLocal(client: Deno.Addr): boolean {
  return "hostname" in client ? isLoopback(client.hostname) : client.transport === "unix";
}

if (import.meta.main && Deno.args.length > 0) {
  console.error(
    "sphttp-proxy: `deno serve` takes no arguments for the proxy; use `deno run` with server.ts",
  );
  Deno.exit(2);
}
