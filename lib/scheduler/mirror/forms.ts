/**
 * The forms in which a mirror may be asked for parts of the file, and what became of each, in this download
 * and in earlier ones. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { RequestForm } from "../../http/byte_range.ts";

/** In the order in which they are tried. */
const FORMS: readonly RequestForm[] = ["bounded", "open", "plain"];

export class Forms {
  readonly #refused = new Set<RequestForm>();
  readonly #served = new Set<RequestForm>();
  #avoided: ReadonlySet<RequestForm> = new Set();
  /** Number of refused forms that were reported. */
  #reported = 0;

  /** The form in which to ask. */
  get current(): RequestForm {
    const left = FORMS.filter((form) => !this.#refused.has(form));
    return left.find((form) => !this.#avoided.has(form)) ?? left[0] ?? "plain";
  }

  /** Tries these forms last: earlier downloads were refused what they asked for in them. */
  avoid(forms: ReadonlySet<RequestForm>): void {
    this.#avoided = forms;
  }

  /** Reports whether a request of this form may be of use, as far as is known. */
  takes(form: RequestForm): boolean {
    if (this.#refused.has(form)) return false;
    return !this.#avoided.has(form) || form === this.current;
  }

  /** Reports whether bytes of a range were delivered that was asked for in this form. */
  hasServed(form: RequestForm): boolean {
    return this.#served.has(form);
  }

  /** Notes that bytes of a range have come that was asked for in this form. */
  served(form: RequestForm): void {
    this.#served.add(form);
  }

  /** Notes that what is asked for in this form is refused. Reports whether there is another one to try. */
  refuse(form: RequestForm): boolean {
    const isLast = form === "plain" && this.#avoided.size === 0;
    if (isLast) return false;
    this.#refused.add(form);
    return this.#refused.size < FORMS.length;
  }

  /** Returns the forms refused since the last call, once a request of another form is answered. */
  refusedBefore(answered: RequestForm): readonly RequestForm[] {
    if (this.#refused.has(answered) || this.#refused.size === this.#reported) return [];
    const refused = [...this.#refused].slice(this.#reported);
    this.#reported = this.#refused.size;
    return refused;
  }
}
