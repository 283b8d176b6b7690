/**
 * Turns Ctrl-C, SIGTERM and the closing of the terminal into an abort signal.
 *
 * @module
 */

import { CommandError } from "../../command_line/command_error.ts";
import { STOP_EXIT_CODES, StopSignals, stopSignals } from "../../command_line/process.ts";
import { writeMessage } from "../report/terminal.ts";
import { clearTerminalProgress } from "../report/terminal_progress.ts";

/** The signals that end the command. */
const SIGNALS = stopSignals("SIGINT", "SIGTERM", "SIGHUP");

/** Listens for signals until it is disposed. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #signals = new StopSignals(SIGNALS, {
    first: (name) => this.#controller.abort(new CommandError(STOP_EXIT_CODES[name], "interrupted")),
    again: () => {
      clearTerminalProgress();
      writeMessage("sphttp: interrupted again; exiting at once\n");
    },
  });

  /** Aborts at the first signal; its reason is a {@linkcode CommandError}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#signals[Symbol.dispose]();
  }
}
