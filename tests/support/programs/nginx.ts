/**
 * Runs nginx over a directory, on several loopback ports: many mirrors of one file, from an independent server that is
 * fast enough to measure the client alone.
 *
 * @module
 */

import { programPath } from "./programs.ts";

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

/** A running nginx. */
export interface NginxServer extends AsyncDisposable {
  /** One port for each listener. */
  readonly ports: readonly number[];
  /** The URLs of a file in the served directory, one for each listener. */
  urls(name: string): string[];
  /** Stops nginx and removes its files. */
  close(): Promise<void>;
}

/** Maximum number of starts when another program takes a port first. */
const MAX_STARTS = 5;
/** Maximum time until nginx listens, in milliseconds. */
const START_TIMEOUT_MS = 10_000;

/**
 * Starts nginx and waits until every port accepts connections.
 *
 * @throws {Error} if nginx is not installed or does not start; the message has its error log
 */
export async function startNginx(options: NginxOptions): Promise<NginxServer> {
  const path = programPath("nginx");
  for (let start = 1;; start++) {
    const ports = freePorts(options.listeners ?? 3);
    const dir = await Deno.makeTempDir({ prefix: "sphttp-nginx-" });
    await Deno.writeTextFile(`${dir}/nginx.conf`, configuration(dir, ports, options));
    const child = new Deno.Command(path, {
      args: ["-p", dir, "-c", `${dir}/nginx.conf`, "-e", `${dir}/error.log`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await listening(child, ports);
      return new RunningNginx(child, dir, ports, options.tls === undefined ? "http" : "https");
    } catch (cause) {
      const log = await Deno.readTextFile(`${dir}/error.log`).catch(() => "no error log");
      await end(child, dir);
      if (start < MAX_STARTS && log.includes("Address already in use")) continue;
      throw new Error(`nginx did not start: ${log.trim()}`, { cause });
    }
  }
}

class RunningNginx implements NginxServer {
  readonly ports: readonly number[];
  readonly #child: Deno.ChildProcess;
  readonly #dir: string;
  readonly #scheme: string;
  #closed: Promise<void> | undefined;

  constructor(child: Deno.ChildProcess, dir: string, ports: readonly number[], scheme: string) {
    this.#child = child;
    this.#dir = dir;
    this.ports = ports;
    this.#scheme = scheme;
  }

  urls(name: string): string[] {
    return this.ports.map((port) => `${this.#scheme}://127.0.0.1:${port}/${name}`);
  }

  close(): Promise<void> {
    this.#closed ??= end(this.#child, this.#dir);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function end(child: Deno.ChildProcess, dir: string): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
  await child.status;
  await Deno.remove(dir, { recursive: true });
}

/** Returns ports that are free now; another program may take them before nginx does. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Waits until every port accepts a connection; fails if nginx ends or the time is over. */
async function listening(child: Deno.ChildProcess, ports: readonly number[]): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (const port of ports) {
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        break;
      } catch (error) {
        if (ended) throw new Error("nginx ended at once", { cause: error });
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
  if (ended) throw new Error("nginx ended at once");
}

function configuration(dir: string, ports: readonly number[], options: NginxOptions): string {
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
