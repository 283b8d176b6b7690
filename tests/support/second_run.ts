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
  /** The path of the module that registers it. */
  readonly file: string;
}

/** Reports whether a module is a file of tests. */
export function isTestFile(path: string): boolean {
  return path.endsWith("_test.ts");
}

/** The module whose `testWith()` registers tests of other files. */
const REGISTRAR = "/support/programs/programs.ts";

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
 * a documented example, which no chance makes fail. `users` are the files that register tests by `testWith()`.
 */
export function secondRun(
  failed: readonly FailedTest[],
  output: string,
  users: readonly string[],
): string[] | undefined {
  if (failed.length === 0 || failed.length > MOST_TESTS) return undefined;
  if (failuresSaid(output) !== failed.length) return undefined;
  const files = new Set<string>();
  for (const { file } of failed) {
    if (isTestFile(file)) files.add(file);
    else if (file.endsWith(REGISTRAR)) { for (const user of users) files.add(user); }
    else return undefined;
  }
  const names = failed.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
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
