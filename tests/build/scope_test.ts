import { assertEquals } from "@std/assert";
import { packageNames, projectFiles, renamed } from "../../build/scope.ts";

const ROOT = new URL("../..", import.meta.url);

Deno.test("renamed() replaces whole names only", () => {
  const text = 'import "@a/sphttp"; import "jsr:@a/sphttp@1/cli"; import "@a/sphttp-more";';
  assertEquals(
    renamed(text, "@a/sphttp", "@bc/sphttp"),
    'import "@bc/sphttp"; import "jsr:@bc/sphttp@1/cli"; import "@a/sphttp-more";',
  );
});

Deno.test("packageNames() finds each name once", () => {
  assertEquals(packageNames("@a/sphttp @a/sphttp/cli @b-c/sphttp @a/sphttp-more"), [
    "@a/sphttp",
    "@b-c/sphttp",
  ]);
});

Deno.test("documents and code name the package as deno.json does", async () => {
  const { name } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const wrong: string[] = [];
  let count = 0;
  for (const path of await projectFiles(ROOT)) {
    // This file is about other names.
    if (path === "tests/build/scope_test.ts") continue;
    const names = packageNames(await Deno.readTextFile(new URL(path, ROOT)));
    count += names.length;
    if (names.some((one) => one !== name)) wrong.push(`${path}: ${names.join(" ")}`);
  }
  assertEquals(wrong, []);
  assertEquals(count > 10, true, `only ${count} files name the package`);
});
