/**
 * Runs nginx over a directory, on several loopback ports: many mirrors of one file, from an independent server that is
 * fast enough to measure the client alone.
 *
 * @module
 */

import { startWebServer, type WebServer, type WebServerPlace } from "./web_server.ts";

/** Options of {@linkcode startNginx}. */
export interface NginxOptions {
  /** Directory to serve. */
  root: string;
  /** Number of ports. @default 3 */
  listeners?: number;
  /** HTTPS, with HTTP/2 if `http2` is true. @default plain HTTP/1.1 */
  tls?: { certFile: string; keyFile: string; http2?: boolean };
  /** Path of the access log. @default none */
  accessLog?: string;
  /** More directives for the server block. @default none */
  extra?: string;
  /** More directives for the http block; relative paths are in nginx's prefix. @default none */
  httpExtra?: string;
}

/**
 * Starts nginx and waits until every port accepts connections.
 *
 * @throws {Error} if nginx is not installed or does not start; the message has its error log
 */
export function startNginx(options: NginxOptions): Promise<WebServer> {
  return startWebServer({
    program: "nginx",
    listeners: options.listeners,
    scheme: options.tls === undefined ? "http" : "https",
    configuration: (place) => configuration(place, options),
    args: ({ dir, file }) => ["-p", dir, "-c", file, "-e", `${dir}/error.log`],
  });
}

function configuration({ dir, ports }: WebServerPlace, options: NginxOptions): string {
  const { tls } = options;
  // Every version accepts http2 as a parameter of listen; newer ones log that it is deprecated.
  const parameters = tls === undefined ? "" : tls.http2 ? " ssl http2" : " ssl";
  const listen = ports.map((port) => `listen 127.0.0.1:${port}${parameters};`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
pid "${dir}/nginx.pid";
error_log "${dir}/error.log";
${Deno.uid() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
  ${temporary.map((name) => `${name}_temp_path "${dir}/${name}";`).join("\n  ")}
  access_log ${options.accessLog === undefined ? "off" : `"${options.accessLog}"`};
  default_type application/octet-stream;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000;
  ${options.httpExtra ?? ""}
  server {
    ${listen.join("\n    ")}
    ${
    tls === undefined
      ? ""
      : `ssl_certificate "${tls.certFile}";\n    ssl_certificate_key "${tls.keyFile}";`
  }
    root "${options.root}";
    ${options.extra ?? ""}
  }
}
`;
}
