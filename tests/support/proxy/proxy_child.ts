/**
 * Runs the proxy's command as a child process.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { denoArguments } from "../programs/own_commands.ts";
import { sendSignal } from "../programs/send_signal.ts";

/** The project's root. */
export const ROOT = new URL("../../..", import.meta.url);

/** The option that maps imports to npm. */
export const MAP = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;

/** Whether the platform has no SIGTERM. */
export const NO_SIGNALS = Deno.build.os === "windows";

/** Maximum lifetime of a child, in milliseconds: longer than a test takes on a busy machine. */
const LIFE_MS = 300_000;

/** A child process that is killed at the end of the test. */
export class Child implements AsyncDisposable {
  /** Everything written to stdout. */
  readonly stdout: Promise<string>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #http = Deno.createHttpClient({});
  readonly #life: ReturnType<typeof setTimeout>;
  /** Everything read from stderr so far. */
  stderr = "";
  /** The URL it listens on. */
  url = "";

  /** Starts Deno, or another program, with arguments, more variables of the environment, in a folder. */
  constructor(
    args: string[],
    env: Record<string, string> = {},
    program = Deno.execPath(),
    cwd = Deno.cwd(),
  ) {
    this.#child = new Deno.Command(program, {
      args,
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", ...env },
    }).spawn();
    this.#life = setTimeout(() => this.signal("SIGKILL"), LIFE_MS);
    this.stdout = new Response(this.#child.stdout).text();
    this.#lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads stderr until it matches. */
  async said(what: RegExp): Promise<string> {
    for (;;) {
      const match = what.exec(this.stderr);
      if (match !== null) return match[1] ?? match[0];
      const { done, value } = await this.#lines.read();
      if (done) throw new Error(`the child ended before it printed ${what}:\n${this.stderr}`);
      this.stderr += value;
    }
  }

  /** Requests a path over connections that close with the test. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.url), { ...init, client: this.#http });
  }

  /** The number of its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal; does nothing if it has ended. */
  signal(name: Deno.Signal): void {
    sendSignal(this.#child, name);
  }

  /** Waits for its exit and returns the code and all output. */
  async end(): Promise<{ code: number; stderr: string; stdout: string }> {
    for (;;) {
      const { done, value } = await this.#lines.read();
      if (done) break;
      this.stderr += value;
    }
    const { code } = await this.#child.status;
    return { code, stderr: this.stderr, stdout: await this.stdout };
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    clearTimeout(this.#life);
    this.signal("SIGKILL");
    await this.#lines.cancel();
    await this.stdout;
    await this.#child.status;
  }
}

/** Starts the command with only the permissions it needs. */
export function command(...args: string[]): Child {
  const permissions = ["--allow-net", "--allow-read", "--allow-env=SPHTTP_TOKEN"];
  return new Child([...denoArguments("server.ts", permissions), ...args]);
}

/** Starts the command on a free port. */
export async function started(...args: string[]): Promise<Child> {
  const child = command("--port=0", ...args);
  child.url = await child.said(/listening on (\S+)/);
  return child;
}

/** Returns the path of a mirror's file on the proxy. */
export function proxied(mirror: { readonly url: string }): string {
  return `/proxy?host=${encodeURIComponent(mirror.url)}`;
}

/** Reads the first chunk of a body; `rest()` returns the whole body. */
export async function begin(response: Response) {
  assertEquals(response.status, 200);
  const reader = response.body!.getReader();
  const parts = [(await reader.read()).value!];
  return {
    rest: async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
        parts.push(value);
      }
    },
  };
}
