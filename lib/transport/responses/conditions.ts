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
 * @module
 */

import { readValidators } from "../../http/validators.ts";

/** What the answers to conditional requests have shown of one place. */
export class Conditions {
  #underWay = 0;
  #honoured = 0;

  /** Reports whether the next request may have an `If-Range`. */
  get isAllowed(): boolean {
    return this.#underWay <= this.#honoured;
  }

  /** Counts a request with this `If-Range` until it is answered, and learns from the response. */
  async watch(ifRange: string, answer: Promise<Response>): Promise<Response> {
    this.#underWay++;
    try {
      const response = await answer;
      const { status, headers } = response;
      const isSame = readValidators(headers, Date.now()).strong === ifRange;
      if (status === 206 && isSame) this.#honoured++;
      return response;
    } finally {
      this.#underWay--;
    }
  }
}
