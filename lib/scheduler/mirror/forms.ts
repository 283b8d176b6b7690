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

/** A form is avoided once so many downloads of a mirror were refused it, but not another one. */
const AVOIDED_FROM = 2;
/** Servers change: it is tried again after this time, in milliseconds. */
const REMEMBERED_MS = 600_000;
/** Number of mirrors that are remembered. */
const MOST_MIRRORS = 256;

interface Memory {
  readonly refusals: Map<RequestForm, number>;
  readonly since: number;
}

/** Remembers for all downloads of a process which forms mirrors refuse. */
export class FormMemory {
  /** By URL without credentials; the oldest first. */
  readonly #mirrors = new Map<string, Memory>();

  /** Number of mirrors that are remembered. */
  get size(): number {
    return this.#mirrors.size;
  }

  /** Returns the forms that a mirror is not to be asked in first. */
  avoided(url: string, now: number): ReadonlySet<RequestForm> {
    const refusals = this.#at(url, now)?.refusals ?? new Map<RequestForm, number>();
    return new Set([...refusals].flatMap(([form, times]) => times >= AVOIDED_FROM ? [form] : []));
  }

  /** Notes that one download was refused these forms, and answered in another one. */
  refused(url: string, forms: readonly RequestForm[], now: number): void {
    if (forms.length === 0) return;
    const { refusals, since } = this.#at(url, now) ?? { refusals: new Map(), since: now };
    for (const form of forms) refusals.set(form, (refusals.get(form) ?? 0) + 1);
    this.#mirrors.set(url, { refusals, since });
    const [oldest] = this.#mirrors.keys();
    if (this.#mirrors.size > MOST_MIRRORS) this.#mirrors.delete(oldest!);
  }

  /** Forgets a mirror: what was remembered did not help. */
  forget(url: string): void {
    this.#mirrors.delete(url);
  }

  #at(url: string, now: number): Memory | undefined {
    const memory = this.#mirrors.get(url);
    if (memory === undefined || now < memory.since + REMEMBERED_MS) return memory;
    this.#mirrors.delete(url);
    return undefined;
  }
}
