import { assert, assertEquals } from "@std/assert";
import { batches, writeBatches } from "./batches.ts";
import { workplace } from "./workplace.ts";

Deno.test("batches() have every file once, and neighbours apart", () => {
  assertEquals(batches(["b", "a", "d", "e", "c"], 2), [["a", "c", "e"], ["b", "d"]]);
  assertEquals(batches(["a"], 3), [["a"]]);
  // The first batches start first, so they get what takes longest.
  const long = ["tests/cli_test.ts", "tests/proxy/kinds_test.ts"];
  assertEquals(batches(["tests/b", "tests/a", ...long], 2), [
    [long[1]!, "tests/a"],
    [long[0]!, "tests/b"],
  ]);
  assertEquals(batches([], 3), []);
});

Deno.test("writeBatches() imports files by URL, and leaves those alone that say so", () => {
  using place = workplace();
  const files = ["a #1_test.ts", "b_test.ts"].map((name) => place.write(name, ""));
  const alone = place.write("c_test.ts", "// Runs in an isolate of its own: for a reason.\n");
  const modules = writeBatches(place.path, [...files, alone], 1);
  assert(modules.every((path) => path.endsWith("_test.ts")));
  const [text, other, ...rest] = modules.map((path) => Deno.readTextFileSync(path));
  assertEquals(rest, []);
  assertEquals(other, `import "file://${alone}";\n`);
  assertEquals(text!.match(/^import "file:.*";$/gm)!.length, 2);
  assert(text!.includes("a%20%231_test.ts"));
});
