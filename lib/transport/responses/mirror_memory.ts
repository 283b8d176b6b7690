/**
 * What a download remembers of one mirror: where its redirects led, whether it serves ranges, and with
 * which validators. Validators belong to the place that answered, the final URL: only those of the URL
 * that is requested go into an `If-Range`. Validators that contradict earlier ones prove nothing, until
 * bytes that came with them have been compared.
 *
 * @module
 */

import { CookieJar } from "../../http/address/cookie_jar.ts";
import { requestedUrl } from "../../http/address/named_address.ts";
import { type MirrorHabits, statedTotal } from "../../http/mirror_habits.ts";
import type { RequestedRange } from "../../http/response/response_check.ts";
import { contradicts, matchesStrongly, type Validators } from "../../http/validators.ts";
import { Conditions } from "./conditions.ts";

/** What a download has learned of a mirror that serves ranges. */
export interface KnownMirror {
  /** Its URL, without credentials. */
  readonly url: string;
  /** Where its redirects led; `undefined` if there were none. */
  readonly location: string | undefined;
  /** The validators with which it served. */
  readonly validators: Validators;
  /** Whether its validators change though the file does not. */
  readonly unreliable?: boolean | undefined;
  /** Whether requests with an `If-Range` failed there: it is asked without. */
  readonly unconditional?: boolean | undefined;
  /** Whether it was compared with the others behind the first bytes of the file. */
  readonly compared?: boolean | undefined;
}

/** Validators that are those of the file. */
interface Accepted {
  readonly validators: Validators;
  /** Whether bytes that came with them were compared; else they are those of the first response. */
  readonly byBytes: boolean;
}

/** What is remembered of a final URL. */
interface Place {
  accepted: readonly Accepted[];
  readonly conditions: Conditions;
}

/** What the validators of a response show. */
export interface Judgement {
  /** What proves that it is the same file: its strong ETag, or else comparing pieces of it. */
  readonly proof: "validators" | "hints" | "pieces";
  /** How they contradict earlier ones; `undefined` if they do not. */
  readonly doubt: string | undefined;
}

/** Maximum number of places that are remembered, and of validators for each. */
const MOST_PLACES = 16;
const MOST_VALIDATORS = 8;
/** Maximum length of a validator in a message. */
const MOST_SHOWN = 100;

/** What is remembered of one mirror. */
export class MirrorMemory {
  /** What identifies it: its URL, without credentials. */
  readonly url: string;
  /** The URL to request from it; another one once that was renewed. */
  requested: string;
  /** Where its redirects led. */
  location: URL | undefined;
  /** Whether it serves ranges: only then may a request have an If-Range. */
  ranges: boolean;
  /** Whether it has ever responded. */
  answered = false;
  /** Cookies that its responses have set. */
  readonly cookies: CookieJar = new CookieJar();
  /** Whether redirects have set cookies for the place that they led to. */
  needsCookies = false;
  /** The file's size, where the totals in its `Content-Range` were found to be wrong. */
  totals: "believed" | { readonly size: number | undefined } = "believed";
  /** Whether it sends less at once than is requested, as far as is known. */
  shortens: "never" | "perhaps" | "always" = "never";
  /** Whether what it sends without a Content-Range is known to be the whole file. */
  sendsWhole = false;
  /** Whether it was caught encoding on the way, with a length that contradicts the range. */
  encodes = false;
  /** Whether its parts are known to be parts, though their lengths say otherwise. */
  sendsParts = false;
  /** Whether its first response was labelled as a text, such as a web page. */
  sendsText = false;
  /** Whether it has answered an If-Range with the whole file: it is asked without. */
  ignoresIfRange = false;
  /** Whether its validators are compared no more: they change though the file does not. */
  unreliable: boolean;
  readonly #known: KnownMirror | undefined;
  /** Whether the validators of its origin were unreliable for other files: they prove nothing. */
  readonly #isSuspect: boolean;
  /** By final URL; the oldest first. */
  readonly #places = new Map<string, Place>();

  /**
   * Starts from what an earlier download has learned of the mirror with this URL, if anything.
   * `isSuspect`: the validators of its origin were unreliable. They prove nothing then, but where they
   * contradict themselves, that is a question all the same.
   */
  constructor(url: string, known?: KnownMirror, options: { isSuspect?: boolean } = {}) {
    this.url = url;
    this.requested = requestedUrl(url);
    this.#known = known;
    this.#isSuspect = options.isSuspect ?? false;
    this.location = known?.location === undefined ? undefined : new URL(known.location);
    this.ranges = known !== undefined;
    this.unreliable = known?.unreliable ?? false;
    if (known !== undefined) {
      this.#add(this.#place, { validators: known.validators, byBytes: false });
    }
  }

  /** Where it is asked, if that is another place than its URL. */
  get elsewhere(): URL | undefined {
    if (this.location !== undefined) return this.location;
    return this.requested === requestedUrl(this.url) ? undefined : new URL(this.requested);
  }

  /** Requests another URL from now on. */
  moveTo(url: string): void {
    if (this.requested === url) return;
    this.requested = url;
    this.location = undefined;
  }

  /** Notes that redirects led from the first URL that was asked to this one, which answered. */
  arrive(
    url: URL,
    { origin, first }: { readonly origin: URL; readonly first: URL },
    headers: Headers,
  ): void {
    if (url !== origin) this.location = url;
    const now = Date.now();
    if (url !== first) this.needsCookies = this.cookies.header(url, now) !== undefined;
    this.cookies.store(headers.getSetCookie(), url, now);
  }

  /** Recalls what earlier downloads have found out about what a response says. */
  recall(habits: MirrorHabits, place: string, headers: Headers, now: number): void {
    if (habits.shortens(place, now)) this.shortens = "always";
    if (this.totals !== "believed") return;
    const stated = statedTotal(place, headers, Date.now());
    this.totals = (stated && habits.sizeBehind(stated, now)) ?? "believed";
  }

  /** How its responses have to be read. */
  get habits(): Pick<RequestedRange, "ignoresTotals" | "shortens" | "encodes"> {
    return {
      ignoresTotals: this.totals !== "believed",
      shortens: this.shortens !== "never",
      encodes: this.encodes,
    };
  }

  /** What a later download may use; `undefined` if the mirror has not served a range. */
  get known(): KnownMirror | undefined {
    const { url, ranges, unreliable } = this;
    const place = this.#places.has(this.#place) ? this.#place : [...this.#places.keys()].at(-1);
    if (!ranges || place === undefined) return undefined;
    const [first, ...others] = this.#places.get(place)!.accepted;
    return {
      url,
      // A later download has no cookies: it has to come by the redirects that set them.
      location: this.needsCookies || place === requestedUrl(url) ? undefined : place,
      validators: first!.validators,
      unreliable: unreliable || others.length > 0 || undefined,
      unconditional: this.#isUnconditional || undefined,
    };
  }

  /** Whether its validators turned out to be unreliable, in this download. */
  get wavers(): boolean {
    const learned = this.unreliable && !this.#known?.unreliable;
    return learned || this.ignoresIfRange ||
      [...this.#places.values()].some(({ accepted }) => accepted.length > 1);
  }

  /** Remembers the validators of a first response: nothing was used of what came before it. */
  begin(place: string, validators: Validators): void {
    this.#places.clear();
    this.#add(place, { validators, byBytes: false });
  }

  /**
   * Returns the value of the `If-Range` of a request for a part of the file at `place`; `undefined` if it
   * is to have none.
   */
  ifRange(place: string): string | undefined {
    const distrusted = this.#isSuspect || this.unreliable || this.ignoresIfRange;
    const known = this.#places.get(place);
    if (!this.ranges || distrusted || this.#known?.unconditional) return undefined;
    if (!known?.conditions.isAllowed) return undefined;
    return known.accepted.length === 1 ? known.accepted[0]!.validators.strong : undefined;
  }

  /** Returns what is known of conditional requests to `place`. */
  conditionsAt(place: string): Conditions | undefined {
    return this.#places.get(place)?.conditions;
  }

  /** Compares the validators of a response with earlier ones. */
  judge(place: string, validators: Validators): Judgement {
    if (this.#places.size === 0) this.begin(place, validators);
    if (this.unreliable) return { proof: "pieces", doubt: undefined };
    const found = this.#find(place, validators);
    if (found === undefined) {
      return { proof: "pieces", doubt: this.#contradiction(place, validators) };
    }
    if (!this.#places.has(place)) this.#add(place, { validators, byBytes: found.byBytes });
    const isStrong = matchesStrongly(found.validators.etag, validators.etag);
    const isBare = validators.etag === undefined && validators.lastModified === undefined;
    const provesNothing = this.#isSuspect || found.byBytes || isBare;
    const proof = provesNothing ? "pieces" : isStrong ? "validators" : "hints";
    return { proof, doubt: undefined };
  }

  /** Accepts validators, as bytes that came with them were the file's; reports whether they are new. */
  accept(place: string, validators: Validators): boolean {
    if (this.unreliable) return true;
    if (this.#find(place, validators) !== undefined) return false;
    this.#add(place, { validators, byBytes: true });
    return true;
  }

  get #isUnconditional(): boolean {
    return this.#known?.unconditional === true ||
      [...this.#places.values()].some(({ conditions }) => conditions.isBlamed);
  }

  get #place(): string {
    return (this.location ?? new URL(this.requested)).href;
  }

  #add(place: string, accepted: Accepted): void {
    const known = this.#places.get(place) ?? { accepted: [], conditions: new Conditions() };
    known.accepted = [...known.accepted, accepted].slice(0, MOST_VALIDATORS);
    this.#places.set(place, known);
    if (this.#places.size > MOST_PLACES) this.#places.delete([...this.#places.keys()][0]!);
  }

  /** Returns accepted validators that show the same file. */
  #find(place: string, validators: Validators): Accepted | undefined {
    const here = this.#places.get(place)?.accepted;
    return here?.find((known) => !contradicts(known.validators, validators)) ??
      [...this.#places.values()].flatMap(({ accepted }) => accepted)
        .find((known) => isSame(known.validators, validators));
  }

  /**
   * Names the validators of the mirror's first response and those of this one, of which its size or bytes
   * say that it is another file; empty if neither has any.
   */
  said(place: string, now: Validators): string {
    const before = this.#before(place);
    if (before === undefined) return "";
    const [name, was, is] = NAMES.map(([name, field]) => [name, before[field], now[field]] as const)
      .find(([_, was, is]) => was !== undefined || is !== undefined) ?? [];
    if (name === undefined) return "";
    return difference(before, now) ??
      (was === is
        ? `its ${name} is ${shortened(was!)} as before`
        : `its ${name} was ${shortened(was)} and is ${shortened(is)}`);
  }

  /** Returns how validators contradict those of the first response. */
  #contradiction(place: string, now: Validators): string {
    const [[firstPlace] = []] = this.#places;
    return difference(this.#before(place)!, now) ??
      `it was served by ${pathOf(firstPlace!)} and is by ${pathOf(place)}`;
  }

  /** Returns the first validators from this place, or else from the first one. */
  #before(place: string): Validators | undefined {
    const [[, first] = []] = this.#places;
    return (this.#places.get(place) ?? first)?.accepted[0]?.validators;
  }
}

/** Validators as messages name them. */
const NAMES = [["ETag", "etag"], ["Last-Modified", "lastModified"]] as const;

/** Says how validators differ that both responses have; `undefined` if they do not. */
function difference(before: Validators, now: Validators): string | undefined {
  for (const [name, field] of NAMES) {
    const [was, is] = [before[field], now[field]];
    if (was !== undefined && is !== undefined && was !== is) {
      return `its ${name} was ${shortened(was)} and is ${shortened(is)}`;
    }
  }
  return undefined;
}

/** Reports whether validators of two places are those of one file: strong tags, or dates without tags. */
function isSame(one: Validators, other: Validators): boolean {
  if (one.etag !== undefined || other.etag !== undefined) {
    return matchesStrongly(one.etag, other.etag);
  }
  return one.lastModified !== undefined && one.lastModified === other.lastModified;
}

function shortened(text: string | undefined): string {
  if (text === undefined) return "missing";
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** Returns a URL without its query, which may be secret. */
function pathOf(place: string): string {
  const { origin, pathname } = new URL(place);
  return shortened(origin + pathname);
}
