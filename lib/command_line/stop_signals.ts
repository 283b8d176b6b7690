/**
 * Signals by which a command is asked to end; whoever asks twice is not made to wait.
 *
 * @module
 */

/** Signals that can end a command, with its exit codes: 128 and the number of the signal. */
export const STOP_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that can end a command. */
export type StopSignal = keyof typeof STOP_EXIT_CODES;

/**
 * A terminal sends Ctrl-C to every process of a job, and a parent may pass its own on: what comes
 * within this time is the same wish, in milliseconds.
 */
const ECHO_MS = 500;

/** Who is told of signals. */
export interface StopListener {
  /** The first one has come. */
  readonly first: (signal: StopSignal) => void;
  /** Another one has come, and the process ends when this returns. */
  readonly again: (signal: StopSignal) => void;
}

/** Those of some signals that the system knows; Windows lets nobody outlive a SIGHUP. */
export function stopSignals(...signals: StopSignal[]): readonly StopSignal[] {
  return Deno.build.os === "windows" ? signals.filter((name) => name === "SIGINT") : signals;
}

/** Listens for signals until it is disposed of. */
export class StopSignals implements Disposable {
  readonly #listener: StopListener;
  readonly #listeners: readonly (readonly [StopSignal, () => void])[];
  #firstAt: number | undefined;

  /** Listens from now on. */
  constructor(signals: readonly StopSignal[], listener: StopListener) {
    this.#listener = listener;
    this.#listeners = signals.map((name) => [name, () => this.#signal(name)] as const);
    for (const [name, heard] of this.#listeners) Deno.addSignalListener(name, heard);
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const [name, heard] of this.#listeners) Deno.removeSignalListener(name, heard);
  }

  #signal(name: StopSignal): void {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#listener.first(name);
    } else if (now - this.#firstAt > ECHO_MS) {
      this.#listener.again(name);
      Deno.exit(STOP_EXIT_CODES[name]);
    }
  }
}
