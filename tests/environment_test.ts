import { assertEquals } from "@std/assert";
import { environmentVariable, mayRead } from "../lib/environment.ts";

const NAME = "SPHTTP_TEST_VARIABLE";

Deno.test({
  name: "environmentVariable() reads what may be read",
  permissions: { env: [NAME] },
  fn: () => {
    assertEquals([mayRead(NAME), environmentVariable(NAME)], [true, undefined]);
    Deno.env.set(NAME, "x");
    assertEquals(environmentVariable(NAME), "x");
    Deno.env.delete(NAME);
  },
});

Deno.test({
  name: "environmentVariable() is undefined where the permission is missing, without a prompt",
  permissions: { env: false },
  fn: () => assertEquals([mayRead("PATH"), environmentVariable("PATH")], [false, undefined]),
});
