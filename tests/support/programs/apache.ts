/**
 * Runs Apache over a directory, on loopback ports, with the modules that serve files.
 *
 * @module
 */

import { startWebServer, type WebServer, type WebServerPlace } from "./web_server.ts";

/** Options of {@linkcode startApache}. */
export interface ApacheOptions {
  /** Directory to serve; every user must be able to read it. */
  root: string;
  /** Number of ports. @default 1 */
  listeners?: number;
  /** More directives. @default none */
  extra?: string;
}

/** Debian's directory of modules. */
const MODULES = "/usr/lib/apache2/modules";
const LOADED = [
  "mpm_event",
  "authz_core",
  "mime",
  "headers",
  "env",
  "setenvif",
  "filter",
  "deflate",
  "ratelimit",
];

/**
 * Starts Apache and waits until every port accepts connections.
 *
 * @throws {Error} if it is not installed or does not start; the message has its error log
 */
export function startApache(options: ApacheOptions): Promise<WebServer> {
  return startWebServer({
    program: "apache2",
    listeners: options.listeners ?? 1,
    configuration: (place) => configuration(place, options),
    args: ({ dir, file }) => ["-DFOREGROUND", "-d", dir, "-f", file, "-E", `${dir}/error.log`],
  });
}

function configuration(
  { dir, ports }: WebServerPlace,
  { root, extra = "" }: ApacheOptions,
): string {
  return `
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
${Deno.uid() === 0 ? "User www-data\nGroup www-data" : ""}
${ports.map((port) => `Listen 127.0.0.1:${port}`).join("\n")}
ServerName localhost
PidFile ${dir}/pid
ErrorLog ${dir}/error.log
DefaultRuntimeDir ${dir}
Mutex file:${dir}
TypesConfig /dev/null
DocumentRoot ${root}
<Directory ${root}>
  Require all granted
</Directory>
KeepAlive On
${extra}
`;
}
