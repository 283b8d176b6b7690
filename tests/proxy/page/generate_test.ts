// Runs in an isolate of its own: the bundler's service outlives the test that ends it by a moment.

import { assertEquals } from "@std/assert";
import { generateBundle } from "../../../lib/proxy/page/generate.ts";

function read(path: string): string {
  return Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url));
}

Deno.test("page_bundle.ts is up to date", async () => {
  const isSame = read("lib/proxy/page/page_bundle.ts") === await generateBundle();
  assertEquals(isSame, true, "run `deno task page` to write lib/proxy/page/page_bundle.ts");
});

Deno.test("the page's compiler options differ from deno.json in `lib` only", () => {
  const { lib, ...options } = JSON.parse(read("lib/proxy/page/source/deno.json")).compilerOptions;
  assertEquals(options, JSON.parse(read("deno.json")).compilerOptions);
  assertEquals(lib.includes("dom"), true);
});
