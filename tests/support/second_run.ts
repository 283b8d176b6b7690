/**
 * A second run of a few tests that failed, alone: it tells a race, which shows beside other tests only, from what is
 * always wrong. Both are failures.
 *
 * @module
 */

import { type FailedTest, isTestFile } from "./test_report.ts";

/** The module whose `testWith()` registers tests of other files. */
const REGISTRAR = "/support/programs/programs.ts";

/** More failures than this have a common cause, which is no race. */
const MOST_TESTS = 3;

/**
 * Returns arguments for `deno test` that run those tests only, without the others of their batch; `undefined` where they
 * are too many, or where one is a documented example. `users` are the files that register tests by `testWith()`.
 */
export function secondRun(
  failed: readonly FailedTest[],
  users: readonly string[],
): string[] | undefined {
  if (failed.length === 0 || failed.length > MOST_TESTS) return undefined;
  const files = new Set<string>();
  for (const { file } of failed) {
    if (isTestFile(file)) files.add(file);
    else if (!file.endsWith(REGISTRAR)) return undefined;
    else for (const user of users) files.add(user);
  }
  const names = failed.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return ["--no-check", `--filter=/^(?:${names.join("|")})$/`, ...files];
}

/** Returns lines that name the tests that passed alone; `alone` are those that failed there, if it came to an end. */
export function secondRunLines(
  failed: readonly FailedTest[],
  alone: readonly FailedTest[] | undefined,
): string[] {
  if (alone === undefined) return [];
  const passed = failed.filter(({ name }) => !alone.some((one) => one.name === name));
  if (passed.length === 0) return [];
  const count = passed.length === 1 ? "1 test" : `${passed.length} tests`;
  return [
    `${count} failed beside others, but passed alone: a race, in the test or in the product`,
    ...passed.map(({ name, file }) => `  ${name} (${file})`),
  ];
}
