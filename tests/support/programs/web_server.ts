/**
 * Runs a web server that is installed as a program, on loopback ports, with its files in a temporary directory.
 *
 * @module
 */

import { freePort } from "../lab/free_port.ts";
import { type Program, programPath } from "./programs.ts";
import { sendSignal } from "./send_signal.ts";

/** How a web server is started. */
export interface WebServerSpec {
  readonly program: Program;
  /** Number of ports. @default 3 */
  readonly listeners?: number | undefined;
  /** @default "http" */
  readonly scheme?: "http" | "https" | undefined;
  /** Returns its configuration; it must log errors to `error.log` in its directory. */
  configuration(place: WebServerPlace): string;
  /** Returns its arguments; it must stay in the foreground. */
  args(place: WebServerPlace): string[];
}

/** Where a web server runs. */
export interface WebServerPlace {
  /** Directory for its own files. */
  readonly dir: string;
  /** Path of its configuration. */
  readonly file: string;
  readonly ports: readonly number[];
}

/** A running web server. */
export interface WebServer extends AsyncDisposable {
  /** One port for each listener. */
  readonly ports: readonly number[];
  /** The URLs of a file in the served directory, one for each listener. */
  urls(name: string): string[];
  /** Stops the server and removes its files. */
  close(): Promise<void>;
}

/** Maximum number of starts when another program takes a port first. */
const MAX_STARTS = 5;
/** Maximum time until the server listens, in milliseconds. */
const START_TIMEOUT_MS = 10_000;

/**
 * Starts a web server and waits until every port accepts connections.
 *
 * @throws {Error} if it is not installed or does not start; the message has its error log
 */
export async function startWebServer(spec: WebServerSpec): Promise<WebServer> {
  const { program, scheme = "http" } = spec;
  const path = programPath(program);
  for (let start = 1;; start++) {
    const dir = await Deno.makeTempDir({ prefix: `sphttp-${program}-` });
    // Some servers change their user.
    await Deno.chmod(dir, 0o755);
    const ports = freePorts(spec.listeners ?? 3);
    const place = { dir, ports, file: `${dir}/server.conf` };
    await Deno.writeTextFile(place.file, spec.configuration(place));
    const child = new Deno.Command(path, {
      args: spec.args(place),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await listening(program, child, ports);
      return new RunningServer(child, dir, ports, scheme);
    } catch (cause) {
      const log = await Deno.readTextFile(`${dir}/error.log`).catch(() => "no error log");
      await end(child, dir);
      if (start < MAX_STARTS && /Address already in use/.test(log)) continue;
      throw new Error(`${program} did not start: ${log.trim()}`, { cause });
    }
  }
}

class RunningServer implements WebServer {
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
  sendSignal(child, "SIGTERM");
  await child.status;
  await Deno.remove(dir, { recursive: true });
}

/** Returns ports that are free now; another program may take them before the server does. */
function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(freePort());
  return [...ports];
}

/** Waits until every port accepts a connection; fails if the server ends or the time is over. */
async function listening(
  program: string,
  child: Deno.ChildProcess,
  ports: readonly number[],
): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (const port of ports) {
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        break;
      } catch (error) {
        if (ended) throw new Error(`${program} ended at once`, { cause: error });
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
  if (ended) throw new Error(`${program} ended at once`);
}
