/**
 * A second run of the few tests that failed among thousands on a machine that others use too: what fails again, alone,
 * is wrong; what passes is named, and is to be mended, but does not hold up a change that has nothing to do with it.
 *
 * @module
 */

import { stripAnsiCode } from "@std/fmt/colors";

/** A test that failed. */
export interface FailedTest {
  readonly name: string;
  /** The path of its file. */
  readonly file: string;
}

/** So many failures can be chance; more are not. */
const MOST_TESTS = 3;

/** Returns how many tests and files `deno test` says failed at the end of its output; `undefined` if it says nothing. */
export function failuresSaid(output: string): number | undefined {
  const said = /\| \d+ passed[^\n]*?\| (\d+) failed/.exec(stripAnsiCode(output));
  return said === null ? undefined : Number(said[1]);
}

/**
 * Returns arguments for `deno test` that run those tests only, without the others of their batch; `undefined` where they
 * are too many, where `deno test` says that more failed (a file that cannot be loaded is in no report), or where one is
 * a documented example, which no chance makes fail.
 */
export function secondRun(failed: readonly FailedTest[], output: string): string[] | undefined {
  if (failed.length === 0 || failed.length > MOST_TESTS) return undefined;
  if (failuresSaid(output) !== failed.length) return undefined;
  if (!failed.every(({ file }) => file.endsWith("_test.ts"))) return undefined;
  const names = failed.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const files = new Set(failed.map(({ file }) => file));
  return ["--no-check", `--filter=/^(?:${names.join("|")})$/`, ...files];
}

/** Returns the lines that name tests that failed at first only. */
export function secondRunLines(failed: readonly FailedTest[]): string[] {
  const count = failed.length === 1 ? "1 test" : `${failed.length} tests`;
  return [
    `${count} failed beside all others, and passed alone; look at the failure above:`,
    ...failed.map(({ name, file }) => `  ${name} (${file})`),
  ];
}
