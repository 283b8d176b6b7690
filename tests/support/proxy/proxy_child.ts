/**
 * The proxy's command in a process of its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** The project's root. */
export const ROOT = new URL("../../../", import.meta.url);

/** The flag that maps imports to what can be had everywhere. */
export const MAP = `--import-map=${new URL("import_map.npm.json", ROOT).href}`;

/** Where there are no signals to end it: Windows knows no SIGTERM. */
export const NO_SIGNALS = Deno.build.os === "windows";

/** The longest that a server lives, in milliseconds: a test that waits in vain fails then. */
const LIFE_MS = 60_000;

/** A server in a process of its own, ended with the test. */
export class Child implements AsyncDisposable {
  /** All that it writes to stdout. */
  readonly stdout: Promise<string>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #http = Deno.createHttpClient({});
  readonly #life: ReturnType<typeof setTimeout>;
  /** What it has said so far, as far as that was read. */
  stderr = "";
  /** Where it listens. */
  url = "";

  /** Starts Deno with arguments. */
  constructor(args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#life = setTimeout(() => this.signal("SIGKILL"), LIFE_MS);
    this.stdout = new Response(this.#child.stdout).text();
    this.#lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads stderr until it says that. */
  async said(what: RegExp): Promise<string> {
    for (;;) {
      const match = what.exec(this.stderr);
      if (match !== null) return match[1] ?? match[0];
      const { done, value } = await this.#lines.read();
      if (done) throw new Error(`it ended without a word like ${what}:\n${this.stderr}`);
      this.stderr += value;
    }
  }

  /** Asks it for something, over connections that end with the test. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.url), { ...init, client: this.#http });
  }

  /** Sends it a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** How it ends, with everything that it said. */
  async end(): Promise<{ code: number; stderr: string; stdout: string }> {
    for (;;) {
      const { done, value } = await this.#lines.read();
      if (done) break;
      this.stderr += value;
    }
    const { code } = await this.#child.status;
    return { code, stderr: this.stderr, stdout: await this.stdout };
  }

  /** Ends it, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    clearTimeout(this.#life);
    try {
      this.signal("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#lines.cancel();
    await this.stdout;
    await this.#child.status;
  }
}

/** The command, with no more permissions than it needs. */
export function command(...args: string[]): Child {
  const permissions = ["--no-prompt", "--allow-net", "--allow-read"];
  const script = new URL("server.ts", ROOT).href;
  return new Child(["run", "--quiet", "--no-check", MAP, ...permissions, script, ...args]);
}

/** The command, listening on a free port. */
export async function started(...args: string[]): Promise<Child> {
  const child = command("--port=0", ...args);
  child.url = await child.said(/listening on (\S+)/);
  return child;
}

/** The path at which the proxy has the file of a mirror. */
export function proxied(mirror: { readonly url: string }): string {
  return `/proxy?host=${encodeURIComponent(mirror.url)}`;
}

/** Reads the first bytes of a body; the rest comes from `rest()`. */
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
