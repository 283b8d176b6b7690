/**
 * The forms in which a mirror may be asked for parts of the file, and what became of each. Pure.
 *
 * @module
 */

import type { RequestForm } from "../../http/byte_range.ts";

/** In the order in which they are tried. */
const FORMS: readonly RequestForm[] = ["bounded", "open", "plain"];

export class Forms {
  readonly #refused = new Set<RequestForm>();
  readonly #served = new Set<RequestForm>();

  /** The form in which to ask. */
  get current(): RequestForm {
    return FORMS.find((form) => !this.#refused.has(form)) ?? "plain";
  }

  /** Reports whether a request of this form may be of use, as far as is known. */
  takes(form: RequestForm): boolean {
    return !this.#refused.has(form);
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
    if (form === "plain") return false;
    this.#refused.add(form);
    return true;
  }
}
