/**
 * How much to request at once from a mirror that serves short responses only: its connections break early,
 * or it refuses long ranges, or sends a part of them, as gateways and caches do that limit their responses. Pure.
 *
 * @module
 */

/** A connection that breaks after so many bytes is no reason to request less. */
const ENOUGH = 8 * 1024 * 1024;
/** No less than this is requested, in bytes. */
const LEAST_PART = 64 * 1024;
/** After so many whole responses of about the most bytes, twice as many bytes are requested at once. */
const ENOUGH_COMPLETED = 16;
/** So many times as many whole responses are needed once longer ones were refused, or shortened. */
const REFUSED_GROWTH = 4;
const PROVES = 0.9;
/** After so many responses in a row that are shorter than requested, there is a bound. */
const MOST_SHORTENED = 2;

export class LengthBound {
  /** Bytes that its last response brought before it broke; `undefined` if it did not. */
  #brokeAfter: number | undefined;
  #mostBytes = Infinity;
  /** Whether it ever was less. */
  #isLearned = false;
  /** Number of responses of so many bytes that did not break. */
  #completed = 0;
  #enough = ENOUGH_COMPLETED;
  /** The longest response that it has begun, and how many in a row were shorter than requested. */
  #longest = 0;
  #shortened = 0;
  /** Whether less is requested because it refused more, and it has not answered since. */
  #isDoubtful = false;
  /** Whether it has refused what it has served, and has not answered since: length is not the reason. */
  #isRuledOut = false;
  /** Requests that it has refused since it last answered, whether for their length or not. */
  #refusals = 0;

  /** The most bytes that are worth a request. */
  get mostBytes(): number {
    return this.#mostBytes;
  }

  /** The same, where something was learned of that and responses have shown it; `undefined` if not. */
  get shown(): number | undefined {
    return this.#isLearned && !this.#isDoubtful ? this.#mostBytes : undefined;
  }

  /** Begins with what an earlier download was refused, and was not. */
  recall(mostBytes: number): void {
    if (mostBytes !== Infinity) this.#restrict(mostBytes);
  }

  /**
   * Notes that it has begun a response of so many bytes to a request for more, or as many. Where two in a row
   * are shorter, no more is requested at once than it has sent.
   */
  answered(bytes: number, requested = bytes): void {
    if (bytes < requested) this.#shortened++;
    else if (bytes >= this.#longest) this.#shortened = 0;
    this.#longest = Math.max(this.#longest, bytes);
    const most = Math.max(LEAST_PART, this.#longest);
    if (this.#shortened >= MOST_SHORTENED && most < Math.min(ENOUGH, this.#mostBytes)) {
      this.#restrict(most);
    }
    this.#isRuledOut = false;
    this.#refusals = 0;
    if (bytes <= this.#mostBytes) this.#isDoubtful = false;
  }

  /**
   * Notes that it has refused a request for so many bytes. Reports whether it may serve fewer, which are
   * requested from now on: half as many, or as many as it has served. `first`: how many refusals in a row say
   * so at the earliest.
   */
  refused(bytes: number, first = 1): boolean {
    if (++this.#refusals < first || this.#isRuledOut) return false;
    if (bytes <= Math.max(LEAST_PART, this.#longest)) {
      this.#isRuledOut = true;
      if (this.#isDoubtful) this.#mostBytes = Infinity;
      this.#isDoubtful = false;
      return false;
    }
    // It was requested before this was known.
    if (bytes > this.#mostBytes) return true;
    const half = Math.floor(Math.min(bytes, ENOUGH) / 2);
    this.#restrict(Math.max(LEAST_PART, this.#longest, half));
    this.#isDoubtful = true;
    return true;
  }

  /** Notes that a response broke after so many bytes. Where two in a row do, less is requested at once. */
  broke(bytes: number): void {
    const shortest = Math.min(bytes, this.#brokeAfter ?? Infinity);
    const again = this.#brokeAfter !== undefined;
    this.#brokeAfter = bytes;
    this.#completed = 0;
    if (again && shortest < ENOUGH) this.#limit(Math.max(LEAST_PART, shortest));
  }

  /** Limits what is requested at once for longer than where connections break: the mirror itself does so. */
  #restrict(mostBytes: number): void {
    this.#limit(mostBytes);
    this.#completed = 0;
    this.#enough *= REFUSED_GROWTH;
  }

  #limit(mostBytes: number): void {
    this.#mostBytes = mostBytes;
    this.#isLearned = true;
  }

  /** Notes that a response did not break; after some of them, more is requested at once. */
  completed(bytes: number): void {
    this.#brokeAfter = undefined;
    if (bytes < PROVES * this.#mostBytes || ++this.#completed < this.#enough) return;
    this.#completed = 0;
    this.#mostBytes = 2 * this.#mostBytes < ENOUGH ? 2 * this.#mostBytes : Infinity;
  }
}
