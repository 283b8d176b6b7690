import { assert, assertEquals, assertMatch } from "@std/assert";
import { neededPrograms, skippedLines, testFiles, wantsProgram } from "./run.ts";
import { missingOf, missingSuffix, PACKAGES } from "./support/programs/programs.ts";

const ROOT = new URL("..", import.meta.url).pathname;

Deno.test("testFiles() takes paths among the arguments, and all tests without one", async () => {
  const file = `${ROOT}tests/run_test.ts`;
  assertEquals(await testFiles([file, "--filter", "no such path"]), [file]);
  const support = await testFiles(["--fail-fast", `${ROOT}tests/support`]);
  assert(support.length > 5 && support.every((path) => path.startsWith(`${ROOT}tests/support/`)));
});

Deno.test("neededPrograms(): every program of PACKAGES is needed by a test", async () => {
  const needed = await neededPrograms(await testFiles([`${ROOT}tests`]));
  assertEquals([...needed.keys()].sort(), Object.keys(PACKAGES).sort());
});

Deno.test("missingOf() reads what missingSuffix() wrote", () => {
  for (const missing of [[], ["curl"], ["curl", "wget"]]) {
    assertEquals(missingOf(`name (of a test)${missingSuffix(missing)}`), missing);
  }
});

Deno.test("skippedLines() lists tests by what they need, and no others", () => {
  const lines = skippedLines(["a (missing: aria2c)", "b (missing: aria2c, tmpfs)", "on Windows"]);
  assertEquals(lines, [
    "aria2c: not installed (Debian: apt-get install aria2); 2 tests skipped:",
    "  a (missing: aria2c)",
    "  b (missing: aria2c, tmpfs)",
    "tmpfs: no permission to mount one (root on Linux has it); 1 test skipped:",
    "  b (missing: aria2c, tmpfs)",
  ]);
});

Deno.test("wantsProgram(): without the lab of links, a run does not fail", () => {
  const names = ["a", "a (missing: curl)", "a (missing: tmpfs)"];
  assertEquals(names.map(wantsProgram), [false, true, true]);
  assertEquals(wantsProgram("a (missing: netlab, cc)"), false);
  assertMatch(
    skippedLines(["a (missing: netlab)"])[0]!,
    /^netlab: cannot run here, .*; 1 test skipped:$/,
  );
});
