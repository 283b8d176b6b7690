/**
 * Runs lighttpd over a directory, on a loopback port.
 *
 * @module
 */

import { startWebServer, type WebServer } from "./web_server.ts";

/** Options of {@linkcode startLighttpd}. */
export interface LighttpdOptions {
  /** Directory to serve. */
  root: string;
  /** More directives. @default none */
  extra?: string;
}

/**
 * Starts lighttpd and waits until it accepts connections.
 *
 * @throws {Error} if it is not installed or does not start; the message has its error log
 */
export function startLighttpd(
  { root, extra = "" }: LighttpdOptions,
): Promise<WebServer> {
  return startWebServer({
    program: "lighttpd",
    listeners: 1,
    configuration: ({ dir, ports }) => `
server.bind = "127.0.0.1"
server.port = ${ports[0]}
server.document-root = "${root}"
server.errorlog = "${dir}/error.log"
${extra}
`,
    args: ({ file }) => ["-D", "-f", file],
  });
}
