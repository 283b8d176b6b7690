/**
 * The event queue and virtual clock of the simulator.
 *
 * @module
 */

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Runs actions in order of time; actions for the same time run in order of insertion. */
export class EventQueue {
  /** A binary heap, the earliest entry first. */
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;

  /** The virtual time, in milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Schedules `action` at the time `at`. */
  at(at: number, action: () => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, action });
    for (let index = heap.length - 1; index > 0;) {
      const parent = (index - 1) >>> 1;
      if (!earlier(heap[index]!, heap[parent]!)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Schedules `action` in `delayMs`. */
  after(delayMs: number, action: () => void): void {
    this.at(this.#now + delayMs, action);
  }

  /** Runs the next action; reports whether there was one. */
  step(): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return false;
    const last = heap.pop()!;
    if (heap.length > 0) heap[0] = last;
    for (let index = 0;;) {
      let next = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && earlier(heap[child]!, heap[next]!)) next = child;
      }
      if (next === index) break;
      this.#swap(index, next);
      index = next;
    }
    this.#now = first.at;
    first.action();
    return true;
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other]!, heap[one]!];
  }
}

function earlier(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
