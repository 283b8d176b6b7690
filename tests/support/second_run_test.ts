import { assertEquals } from "@std/assert";
import { secondRun, secondRunLines } from "./second_run.ts";
import { workplace } from "./workplace.ts";

const ONE = { name: "a.b(c) | d: [e]", file: "./tests/a_test.ts" };
const OTHER = { ...ONE, name: "f" };

Deno.test("secondRun() is for three tests at most, and for no example", () => {
  assertEquals(secondRun([], []), undefined);
  assertEquals(secondRun([{ ...ONE, file: "./README.md$10-20.ts" }], []), undefined);
  assertEquals(secondRun([ONE, ONE, ONE, ONE], []), undefined);
  assertEquals(secondRun([ONE, OTHER], [])?.slice(2), ["./tests/a_test.ts"]);
  const registered = { name: "g", file: "./tests/support/programs/programs.ts" };
  const users = ["./tests/u_test.ts", "./tests/v_test.ts"];
  assertEquals(secondRun([registered], users)?.slice(2), users);
});

Deno.test("secondRun() runs the test that failed, whatever its name, and no other", async () => {
  using place = workplace();
  const file = place.at("named_test.ts");
  const names = [ONE.name, "axb(c) | d: [e]", "a.b(c)"];
  const tests = names.map((name) => `Deno.test(${JSON.stringify(name)}, () => {});\n`);
  await Deno.writeTextFile(file, tests.join(""));
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-config", ...secondRun([{ ...ONE, file }], [])!],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(/ok \| (\d+ passed)/.exec(new TextDecoder().decode(stdout))?.[1], "1 passed");
});

Deno.test("secondRunLines() names the tests that passed alone, and their files", () => {
  assertEquals(secondRunLines([ONE, OTHER], [OTHER]).slice(1), [
    "  a.b(c) | d: [e] (./tests/a_test.ts)",
  ]);
  assertEquals(secondRunLines([ONE], [ONE]), []);
  assertEquals(secondRunLines([ONE], undefined), [], "it was killed");
});
