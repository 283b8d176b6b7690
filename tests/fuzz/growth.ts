/**
 * How the work of a parser grows with the length of its text. Times are compared with one another only, in one
 * run: a text of four times the length may cost four times as much, and somewhat more for the collector of
 * garbage, but not sixteen times.
 *
 * @module
 */

import { type HardText, type Parser, pump, undeclared } from "./parser.ts";

/** Lengths that are tried first: there, work that grows with the square shows before it takes minutes. */
const SHORT = [4_000, 16_000, 64_000];
/** The lengths whose times are compared. */
const LONG = [125_000, 500_000] as const;
/** A greater ratio is no noise: 4 would be linear, 16 quadratic. */
const WORST_RATIO = 9;
/** Shorter times, in milliseconds, say nothing: a pause of the collector is as long. */
const LEAST_MS = 10;
/** A short text that takes longer for a character, in milliseconds, is not tried at full length. */
const HOPELESS_MS = 1000 / 64_000;
/** Shorter times, in milliseconds, are not hopeless: the process may have stood still. */
const LEAST_HOPELESS_MS = 500;
/** Number of measurements of which the median counts, once a first one looks bad. */
const MEASUREMENTS = 5;

/** Returns how the parser's work grows too fast with a text; `undefined` if it does not. */
export async function growsTooFast(parser: Parser, text: HardText): Promise<string | undefined> {
  for (const length of SHORT) {
    const ms = await measure(parser, pump(text, length));
    if (ms > Math.max(LEAST_HOPELESS_MS, length * HOPELESS_MS)) {
      return `${length} characters took ${ms.toFixed()} ms`;
    }
  }
  return await compare(parser, text, 1) === undefined
    ? undefined
    : await compare(parser, text, MEASUREMENTS);
}

/** Length at which quadratic work takes many times the time that linear work can. */
const TELLING = 32_000;
/** No parser takes so long, in milliseconds, for so short a text, but by work that grows too fast. */
const TELLING_MS = 400;

/** Reports whether the parser takes very long for a short text, each time. */
export async function isHopeless(parser: Parser, text: HardText): Promise<boolean> {
  for (let i = 0; i < MEASUREMENTS; i++) {
    if (await measure(parser, pump(text, TELLING)) < TELLING_MS) return false;
  }
  return true;
}

async function compare(
  parser: Parser,
  text: HardText,
  measurements: number,
): Promise<string | undefined> {
  const [shorter, longer] = await Promise.all(LONG.map(async (length) => {
    const times: number[] = [];
    for (let i = 0; i < measurements; i++) times.push(await measure(parser, pump(text, length)));
    return times.sort((one, other) => one - other)[measurements >> 1]!;
  }));
  if (longer! < LEAST_MS || longer! < WORST_RATIO * shorter!) return undefined;
  return `${LONG[0]} characters took ${shorter!.toFixed()} ms, ${LONG[1]} ${longer!.toFixed()} ms`;
}

/** Returns the processor time in milliseconds that a parser takes for a text. */
async function measure(parser: Parser, text: string): Promise<number> {
  const startedAt = processorMs();
  const error = await undeclared(parser, text);
  const ms = processorMs() - startedAt;
  if (error !== undefined) throw error;
  return ms;
}

/**
 * Returns the processor time of this thread, which other work of the machine does not lengthen; elsewhere than on
 * Linux, the time of the clock.
 */
function processorMs(): number {
  if (Deno.build.os !== "linux") return performance.now();
  return Number(Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ")[0]) / 1e6;
}
