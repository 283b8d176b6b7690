/**
 * Starts a lab in another process, so that measurements do not share an event loop with the mirrors.
 *
 * @module
 */

import type { LabReport, LabSpec } from "./lab_process.ts";

/** A lab in another process. */
export interface SpawnedLab extends AsyncDisposable {
  /** URLs of the mirrors, in order. */
  readonly urls: string[];
  /** SHA-256 of the file in hexadecimal, if the spec has `sha256`. */
  readonly sha256?: string;
  readonly pid: number;
  /** Returns the counters of the mirrors, in order. */
  report(): Promise<LabReport[]>;
}

/**
 * Starts `lab_process.ts` and waits until its mirrors listen. Disposing stops the process.
 *
 * @throws {Error} if the process ends before it is ready; its messages are on stderr
 */
export async function spawnLab(spec: LabSpec): Promise<SpawnedLab> {
  const script = new URL("./lab_process.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--quiet", "-A", script.href, JSON.stringify(spec)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const lines = new LineReader(child.stdout);
  const end = async () => {
    // The process may have ended.
    await stdin.close().catch(() => {});
    await lines.cancel();
    await child.status;
  };
  let ready: { urls: string[]; sha256?: string };
  try {
    ready = JSON.parse(await lines.next());
  } catch (cause) {
    await end();
    throw new Error("The lab process ended before it was ready", { cause });
  }
  return {
    ...ready,
    pid: child.pid,
    async report() {
      await stdin.write(new TextEncoder().encode("report\n"));
      return JSON.parse(await lines.next());
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Reads a byte stream line by line. */
class LineReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("The stream ended in the middle of a line");
      this.#text += value;
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
