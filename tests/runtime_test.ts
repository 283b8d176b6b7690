import { assertEquals } from "@std/assert";
import { isWebPage, nodeProcess, runtimeName } from "../lib/runtime.ts";

// What they return elsewhere is tested there: tests/build/npm_test.ts.
Deno.test("runtimeName() is Deno, which is no web page and not taken for Node.js", () => {
  assertEquals(runtimeName(), `Deno ${Deno.version.deno}`);
  assertEquals(nodeProcess(), undefined);
  assertEquals(isWebPage(), false);
});
