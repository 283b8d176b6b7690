/**
 * Tells that a client has left before it has its answer. The signal of a request of `Deno.serve`
 * aborts after an answer that went well too: from the answer on, only its body tells who has left.
 *
 * @module
 */

/** Follows the signal of a request until it is disposed of. */
export class ClientSignal implements Disposable {
  readonly #request: AbortSignal;
  readonly #left = new AbortController();
  readonly #onAbort = (): void => this.#left.abort(this.#request.reason);

  constructor(request: Request) {
    this.#request = request.signal;
    if (this.#request.aborted) this.#onAbort();
    else this.#request.addEventListener("abort", this.#onAbort);
  }

  /** Aborts when the client leaves before it has its answer. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** The answer is there. */
  [Symbol.dispose](): void {
    this.#request.removeEventListener("abort", this.#onAbort);
  }
}

/** How Deno begins to say that the signal of a request aborts after success too. */
const WARNING = "Deno.serve: request.signal aborts on successful responses";

/**
 * Keeps Deno from saying so in a line for the operator, who can do nothing about it: whoever has a
 * {@linkcode ClientSignal} knows. Only for a process that is the proxy's own.
 */
export function suppressAbortWarning(): void {
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (!String(data[0]).startsWith(WARNING)) warn(...data);
  };
}
