/**
 * What both commands use of their process: its standard streams, and the signals that end it.
 *
 * @module
 */

/** What text is written to. */
interface Stream {
  writeSync(bytes: Uint8Array): number;
}

/** Writes the whole text. Throws if that fails. */
export function writeFully(stream: Stream, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.byteLength > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/** Writes the whole text. Ignores errors: if stderr is closed, there is nowhere to report them. */
export function writeText(stream: Stream, text: string): void {
  try {
    writeFully(stream, text);
  } catch {
    // Closed, or full and non-blocking.
  }
}

/** The exit codes for signals: 128 and the number of the signal. */
export const STOP_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof STOP_EXIT_CODES;

/**
 * A terminal sends Ctrl-C to every process of a job, and a parent may forward its own: signals within
 * this time count as one. In milliseconds.
 */
const ECHO_MS = 500;

export interface StopListener {
  /** Called for the first signal. */
  readonly first: (signal: StopSignal) => void;
  /** Called for the second signal; the process exits when it returns. */
  readonly again: (signal: StopSignal) => void;
}

/** Returns the signals that can be handled here: on Windows, a process cannot survive SIGHUP. */
export function stopSignals(...signals: StopSignal[]): readonly StopSignal[] {
  return Deno.build.os === "windows" ? signals.filter((name) => name === "SIGINT") : signals;
}

/**
 * Reports whether the process was started to go on when its terminal is closed, as by nohup. Returns false where the
 * system does not say.
 */
export function ignoresHangUp(): boolean {
  try {
    const path = "/proc/self/status";
    // No prompt.
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
    // The last bit is that of signal 1, SIGHUP.
    const [, digit] = /^SigIgn:\s*[\da-f]*([\da-f])$/m.exec(Deno.readTextFileSync(path)) ?? [];
    return digit !== undefined && parseInt(digit, 16) % 2 === 1;
  } catch {
    return false;
  }
}

/**
 * Listens for signals until it is disposed: the first lets the command finish, the second ends it. A SIGHUP that the
 * process was started to ignore stays ignored.
 */
export class StopSignals implements Disposable {
  readonly #listener: StopListener;
  readonly #listeners: readonly (readonly [StopSignal, () => void])[];
  #firstAt: number | undefined;

  constructor(signals: readonly StopSignal[], listener: StopListener) {
    this.#listener = listener;
    const own = signals.map((name) => [name, () => this.#signal(name)] as const);
    // Once a program listens for any signal, Deno ends at each SIGHUP that it does not listen for.
    this.#listeners = ignoresHangUp()
      ? [...own.filter(([name]) => name !== "SIGHUP"), ["SIGHUP", () => {}]]
      : own;
    for (const [name, heard] of this.#listeners) Deno.addSignalListener(name, heard);
  }

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
