/**
 * Ctrl-C, SIGTERM and a terminal that closes as an abort signal.
 *
 * @module
 */

import { CommandError } from "../../command_line/command_error.ts";
import { STOP_EXIT_CODES, StopSignals, stopSignals } from "../../command_line/stop_signals.ts";
import { writeMessage } from "../report/terminal.ts";

/** Signals that end the command. */
export const SIGNALS = stopSignals("SIGINT", "SIGTERM", "SIGHUP");

/** Listens for signals until it is disposed of. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #signals = new StopSignals(SIGNALS, {
    first: (name) => this.#controller.abort(new CommandError(STOP_EXIT_CODES[name], "interrupted")),
    again: () => writeMessage("sphttp: interrupted twice; nothing is waited for any more\n"),
  });

  /** Aborts at the first signal, with a {@linkcode CommandError} that has the exit code. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    this.#signals[Symbol.dispose]();
  }
}
