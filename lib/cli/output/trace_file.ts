/**
 * Writes the events of a download as lines of JSON (NDJSON), for analysis. The first line holds the
 * mirrors and options. No line contains credentials.
 *
 * @module
 */

import type { DownloaderOptions, TraceEvent } from "../../../mod.ts";
import { CommandError } from "../../command_line/command_error.ts";
import { writeFully } from "../../command_line/process.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { ExitCode } from "../failure/exit_code.ts";

/** Number of buffered characters at which `send` and `receive` events are written. */
const BATCH = 16 * 1024;

export interface StartLine {
  type: "start";
  version: 1;
  sphttp: string;
  /** URLs of the mirrors, without credentials. */
  urls: string[];
  /** Bytes in a block. */
  splitSize: number;
  /** First requested byte; not 0 if a part file is continued. */
  start: number;
  /** Options by their names in the library, without those that may be secret. */
  options: Record<string, unknown>;
}

/** Options that are written as they are. */
const TRACED = [
  "delayRequest",
  "initialDelay",
  "initialDelayCoefficient",
  "duplicateRequest",
  "invalidBlockThreshold",
  "closeBadConnections",
  "maxConnectionsPerMirror",
  "eachAddress",
  "deliverAfter",
  "windowSize",
  "http",
  "connectTimeoutMs",
  "retry",
] as const satisfies (keyof DownloaderOptions)[];

function startLine(
  sphttp: string,
  urls: readonly string[],
  options: DownloaderOptions,
): StartLine {
  const { splitSize = 1_000_000, range, staticDelays } = options;
  return {
    type: "start",
    version: 1,
    sphttp,
    urls: urls.map(redactUrl),
    splitSize,
    start: range?.start ?? 0,
    options: {
      ...Object.fromEntries(TRACED.map((name) => [name, options[name]])),
      staticDelays: staticDelays && Object.fromEntries(
        Object.entries(staticDelays).map(([url, blocks]) => [redactUrl(url), blocks]),
      ),
    },
  };
}

/** A trace file that is open for writing. */
export class TraceFile implements Disposable {
  readonly #file: Deno.FsFile;
  #begun = false;
  #pending = "";
  #error: unknown;

  /**
   * Creates the file, or truncates an existing one.
   *
   * @throws {CommandError} it cannot be written
   */
  constructor(path: string) {
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (cause) {
      throw new CommandError(
        ExitCode.WRITE,
        `cannot write the trace: ${cause instanceof Error ? cause.message : cause}`,
      );
    }
  }

  /**
   * Writes the first line. A file has the trace of one download: where another one takes its place, what the
   * first has written is removed.
   */
  begin(sphttp: string, urls: readonly string[], options: DownloaderOptions): void {
    if (this.#begun) this.#empty();
    this.#begun = true;
    this.write(startLine(sphttp, urls, options));
  }

  /** Writes one line. Never throws: {@linkcode TraceFile.finish} throws the first error. */
  write(line: StartLine | TraceEvent): void {
    this.#pending += `${JSON.stringify(line)}\n`;
    const frequent = line.type === "send" || line.type === "receive";
    if (!frequent || this.#pending.length >= BATCH) this.#flush();
  }

  /**
   * Writes the buffered lines.
   *
   * @throws {CommandError} a line could not be written
   */
  finish(): void {
    this.#flush();
    if (this.#error === undefined) return;
    const why = this.#error instanceof Error ? this.#error.message : this.#error;
    throw new CommandError(ExitCode.WRITE, `the trace is incomplete: ${why}`);
  }

  /** Writes the buffered lines and closes the file. */
  [Symbol.dispose](): void {
    this.#flush();
    this.#file.close();
  }

  #empty(): void {
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#file.truncateSync(0);
      this.#pending = "";
    } catch {
      // What a pipe or a device has taken stays.
    }
  }

  #flush(): void {
    const text = this.#pending;
    this.#pending = "";
    if (this.#error !== undefined) return;
    try {
      writeFully(this.#file, text);
    } catch (error) {
      this.#error = error;
    }
  }
}
