/**
 * `--limit-rate` for all files of a command together. Each download keeps a limit of its own, so the
 * common one is divided: evenly, but what one file does not use goes to the others (max-min fairness).
 *
 * @module
 */

/** What has a limit: a download. */
export interface LimitedDownload {
  /** In bytes per second. */
  maxRate: number | undefined;
  /** Returns the number of bytes that have arrived. */
  arrived(): number;
}

interface Member {
  readonly download: LimitedDownload;
  /** Bytes that had arrived at the last measurement. */
  arrived: number;
  /** What it can use, in bytes per second; `Infinity` while it uses all that it gets. */
  demand: number;
}

/** Time between two measurements, in milliseconds. */
const PERIOD_MS = 1000;
/** A download that uses this part of its share uses all of it, as far as one can tell. */
const FULL = 0.75;
/** Room for more than a download has used, so that it can grow. */
const GROWTH = 1.5;
/** The least share of a download, as a part of an even one. */
const LEAST = 0.1;

export class SharedRate implements Disposable {
  readonly #bytesPerSecond: number;
  readonly #members = new Set<Member>();
  readonly #timer: ReturnType<typeof setInterval>;
  #measuredAt = performance.now();

  /** Starts measuring. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#timer = setInterval(() => this.measure(performance.now()), PERIOD_MS);
  }

  /** Gives a download its share until the returned object is disposed. */
  add(download: LimitedDownload): Disposable {
    const member = { download, arrived: download.arrived(), demand: Infinity };
    this.#members.add(member);
    this.#divide();
    return {
      [Symbol.dispose]: () => {
        this.#members.delete(member);
        this.#divide();
      },
    };
  }

  /** Finds out what the downloads use, and divides the rate anew; `now` is in milliseconds. */
  measure(now: number): void {
    const seconds = (now - this.#measuredAt) / 1000;
    if (seconds <= 0) return;
    this.#measuredAt = now;
    const least = LEAST * this.#bytesPerSecond / this.#members.size;
    for (const member of this.#members) {
      const arrived = member.download.arrived();
      const rate = (arrived - member.arrived) / seconds;
      member.arrived = arrived;
      const isFull = rate >= FULL * member.download.maxRate!;
      member.demand = isFull ? Infinity : Math.max(least, GROWTH * rate);
    }
    this.#divide();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #divide(): void {
    const members = [...this.#members];
    const shares = divide(this.#bytesPerSecond, members.map(({ demand }) => demand));
    for (const [index, { download }] of members.entries()) {
      const share = Math.max(1, shares[index]!);
      if (download.maxRate !== share) download.maxRate = share;
    }
  }
}

/**
 * Divides `total`: each gets an even share or its demand, whichever is less, and what is left is divided
 * again. What none demands is divided evenly, since demands may grow.
 */
export function divide(total: number, demands: readonly number[]): number[] {
  const shares = new Array<number>(demands.length).fill(0);
  let left = total;
  let open = demands.map((_, index) => index).sort((one, two) => demands[one]! - demands[two]!);
  while (open.length > 0) {
    const [index] = open;
    const even = left / open.length;
    // The first demands least: if an even share is not enough for it, it is for none.
    if (demands[index!]! > even) {
      for (const one of open) shares[one] = even;
      return shares;
    }
    shares[index!] = demands[index!]!;
    left -= shares[index!]!;
    open = open.slice(1);
  }
  return shares.map((share) => share + left / shares.length);
}
