/**
 * How many requests to one place may have an `If-Range` at the same time: one more than were answered as
 * hoped, with the range and the same strong validator. Follows RFC 9110 section 13.1.5.
 *
 * A server that answers `If-Range` with the whole file, though that is the same, or is several machines
 * with an entity tag each, sends as many whole files as there are such requests before its first answer.
 * The requests beside them are as safe without it: the validators of every response are compared, and
 * ranges may be joined under equal strong ones (section 15.3.7.3), whatever was requested. What
 * `If-Range` adds is a clear answer where the file has become shorter: the new file, and not a bare 416.
 * Weak entity tags, and files without validators, never have one.
 *
 * Other servers reset the connection, send an error, or nothing at all, whenever a request has one. Until
 * the first was honoured, whatever goes wrong with such a request is put down to its `If-Range`: there are
 * no more of them, and the request is sent again without. So is a silence that lasted until the request was
 * cancelled: a client of the proxy that seeks elsewhere leaves before it is known what it means.
 *
 * @module
 */

import { readValidators } from "../../http/validators.ts";
import { isWebPage } from "../../runtime.ts";
import { startedWithin } from "../../after_running.ts";
import { discard } from "./redirects.ts";

/**
 * For so long, the first answer to an `If-Range` is waited for, in milliseconds. A request that is cancelled
 * after a quarter of it would perhaps have had no answer.
 */
const ANSWER_MS = 2000;

/** The whole file or a part of it, or that the file is the same: answers to the condition. */
const ANSWERS: readonly number[] = [200, 203, 206, 304];
/** A server that is busy is not asked again at once. */
const BUSY: readonly number[] = [429, 503];

/** What the answers to conditional requests have shown of one place. */
export class Conditions {
  readonly #answerMs: number;
  #underWay = 0;
  #honoured = 0;
  #isBlamed = false;

  /** @param answerMs for so long, the first answer is waited for, in milliseconds */
  constructor(answerMs: number = ANSWER_MS) {
    this.#answerMs = answerMs;
  }

  /** Whether a request failed that had one, before any was honoured. */
  get isBlamed(): boolean {
    return this.#isBlamed;
  }

  /** Reports whether the next request may have an `If-Range`. */
  get isAllowed(): boolean {
    return !this.#isBlamed && this.#underWay <= this.#honoured;
  }

  /**
   * Sends a request with this `If-Range`, counts it until it is answered, and learns from the response.
   * Returns `undefined` if it is to be sent without.
   */
  async try(
    ifRange: string,
    send: (signal: AbortSignal) => Promise<Response>,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    this.#underWay++;
    let isEarly = true;
    try {
      const response = this.#honoured > 0
        ? await send(signal)
        : await startedWithin(this.#answerMs, signal, send, () => isEarly = false);
      const { status, headers, body } = response;
      const isSame = readValidators(headers, Date.now()).strong === ifRange;
      if (status === 206 && isSame) this.#honoured++;
      const isRedirect = status >= 300 && status < 400;
      if (this.#honoured > 0 || isRedirect || ANSWERS.includes(status)) return response;
      this.#isBlamed = true;
      if (BUSY.includes(status)) return response;
      await discard(body);
    } catch (error) {
      if (this.#honoured > 0) throw error;
      this.#isBlamed ||= !signal.aborted || !isEarly;
      if (signal.aborted) throw error;
    } finally {
      this.#underWay--;
    }
    return undefined;
  }
}

/**
 * Reports whether a request to `url` may have an `If-Range`. With it, a browser first asks another origin
 * for permission (a preflight request), which few servers of files give; `Range` alone needs none. Without
 * it, validators are compared as responses come.
 */
export function mayBeConditional(url: URL): boolean {
  return !isWebPage() || url.origin === globalThis.location.origin;
}
