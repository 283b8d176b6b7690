/**
 * A signal that aborts when a client disconnects before it gets a response. `request.signal` of
 * `Deno.serve` also aborts after success; once there is a response, cancellation of its body reports
 * a client that disconnects.
 *
 * @module
 */

/** Follows the signal of a request until it is disposed of. */
export class ClientSignal implements Disposable {
  readonly #request: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#controller.abort(this.#request.reason);

  constructor(request: Request) {
    this.#request = request.signal;
    if (this.#request.aborted) this.#onAbort();
    else this.#request.addEventListener("abort", this.#onAbort);
  }

  /** Aborts when the client disconnects before the signal is disposed of. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops following, because there is a response. */
  [Symbol.dispose](): void {
    this.#request.removeEventListener("abort", this.#onAbort);
  }
}

/** The start of the warning that Deno prints about this signal. */
const WARNING = "Deno.serve: request.signal aborts on successful responses";

/**
 * Suppresses Deno's warning, since {@linkcode ClientSignal} handles that case. It replaces
 * `console.warn`, so it is for a process that runs nothing but the proxy.
 */
export function suppressAbortWarning(): void {
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (!String(data[0]).startsWith(WARNING)) warn(...data);
  };
}
