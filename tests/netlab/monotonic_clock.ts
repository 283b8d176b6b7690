/**
 * The clock of the lab's statistics, CLOCK_MONOTONIC, which no interface of Deno shows: `performance.now()`
 * counts from the start of the process.
 *
 * @module
 */

/** A clock; disposing of it closes the C library. */
export interface MonotonicClock extends Disposable {
  /** Returns the seconds since an arbitrary time that is the same for all processes. */
  seconds(): number;
}

const CLOCK_MONOTONIC = 1;

/** Opens the clock, on Linux with the GNU C library. */
export function openClock(): MonotonicClock {
  const library = Deno.dlopen("libc.so.6", {
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const time = new BigInt64Array(2);
  return {
    seconds() {
      library.symbols.clock_gettime(CLOCK_MONOTONIC, time);
      return Number(time[0]) + Number(time[1]) / 1e9;
    },
    [Symbol.dispose]: () => library.close(),
  };
}
