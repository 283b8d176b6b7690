/**
 * Ctrl-C, SIGTERM and a terminal that closes as an abort signal; whoever asks twice is not made to wait.
 *
 * @module
 */

import { CommandError } from "../command/command_error.ts";
import { ExitCode } from "./exit_code.ts";
import { writeMessage } from "./terminal.ts";

const EXIT_CODES = {
  SIGINT: ExitCode.INTERRUPTED,
  SIGTERM: ExitCode.TERMINATED,
  SIGHUP: ExitCode.HUNG_UP,
} as const;

type Name = keyof typeof EXIT_CODES;

/** Signals that end the command. Windows knows no SIGTERM, and lets nobody outlive a SIGHUP. */
export const SIGNALS: readonly Name[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * A terminal sends Ctrl-C to every process of a job, and a parent may pass its own on: what comes
 * within this time is the same wish, in milliseconds.
 */
const ECHO_MS = 500;

/** Listens for signals until it is disposed of. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #interruptedAt = -Infinity;
  readonly #listeners: readonly (readonly [Name, () => void])[];

  /** Listens from now on. */
  constructor() {
    this.#listeners = SIGNALS.map((name) =>
      [name, () => this.#interrupt(EXIT_CODES[name])] as const
    );
    for (const [name, listener] of this.#listeners) Deno.addSignalListener(name, listener);
  }

  /** Aborts at the first signal, with a {@linkcode CommandError} that has the exit code. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }

  #interrupt(exitCode: ExitCode): void {
    const now = performance.now();
    if (this.signal.aborted && now - this.#interruptedAt > ECHO_MS) {
      writeMessage("sphttp: interrupted twice; nothing is waited for any more\n");
      Deno.exit(exitCode);
    }
    this.#interruptedAt = now;
    this.#controller.abort(new CommandError(exitCode, "interrupted"));
  }
}
