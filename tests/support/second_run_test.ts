import { assertEquals } from "@std/assert";
import { failuresSaid, secondRun, secondRunLines } from "./second_run.ts";
import { workplace } from "./workplace.ts";

const SAID =
  "\x1b[0m\x1b[31mFAILED\x1b[0m | 4095 passed (49 steps) | 1 failed \x1b[38m(5m52s)\x1b[0m";
const ONE = { name: "a.b(c) | d: [e]", file: "./tests/a_test.ts" };

Deno.test("failuresSaid() reads the count of deno test, in colours too", () => {
  assertEquals(failuresSaid(SAID), 1);
  assertEquals(failuresSaid("ok | 3 passed | 0 failed (1s)"), 0);
  assertEquals(failuresSaid("error: Module not found"), undefined);
});

Deno.test("secondRun() is for three tests at most, and for none where a file failed, or an example", () => {
  const said = (count: number) => `FAILED | 9 passed | ${count} failed (1 step) (2s)`;
  assertEquals(secondRun([], SAID, []), undefined);
  assertEquals(secondRun([ONE], said(2), []), undefined, "a file could not be loaded");
  assertEquals(secondRun([ONE], "", []), undefined, "deno test was killed");
  assertEquals(secondRun([{ ...ONE, file: "./README.md$10-20.ts" }], SAID, []), undefined);
  assertEquals(secondRun([ONE, ONE, ONE, ONE], said(4), []), undefined);
  const files = secondRun([ONE, { ...ONE, name: "f" }], said(2), [])?.slice(2);
  assertEquals(files, ["./tests/a_test.ts"]);
  const registered = { name: "g", file: "./tests/support/programs/programs.ts" };
  const users = ["./tests/u_test.ts", "./tests/v_test.ts"];
  assertEquals(secondRun([registered], SAID, users)?.slice(2), users);
});

Deno.test("secondRun() runs the test that failed, whatever its name, and no other", async () => {
  using place = workplace();
  const file = place.at("named_test.ts");
  const names = [ONE.name, "axb(c) | d: [e]", "a.b(c)"];
  const tests = names.map((name) => `Deno.test(${JSON.stringify(name)}, () => {});\n`);
  await Deno.writeTextFile(file, tests.join(""));
  const args = secondRun([{ ...ONE, file }], SAID, [])!;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-config", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(/ok \| (\d+ passed)/.exec(new TextDecoder().decode(stdout))?.[1], "1 passed");
});

Deno.test("secondRunLines() names each test and its file", () => {
  assertEquals(secondRunLines([ONE]).slice(1), ["  a.b(c) | d: [e] (./tests/a_test.ts)"]);
});
