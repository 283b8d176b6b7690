import { assert, assertEquals } from "@std/assert";
import { batches, writeBatches } from "./batches.ts";
import { workplace } from "./workplace.ts";

Deno.test("batches() have every file once, those that take long first, and neighbours apart", () => {
  const usual = Array.from({ length: 64 }, (_, index) => `tests/${index + 10}_test.ts`);
  const long = ["tests/cli_test.ts", "tests/proxy/kinds_test.ts"];
  const [first, second, ...rest] = batches([...usual, ...long], 2);
  assertEquals(first, [long[1]]);
  assertEquals(second!.slice(0, 3), [long[0], usual[0], usual[16]]);
  assertEquals([...first!, ...second!, ...rest.flat()].sort(), [...usual, ...long].sort());
  assertEquals(batches(["b", "a"], 3), [["a", "b"]]);
  assertEquals(batches([], 3), []);
});

Deno.test("batches() are shares of what is left, and none is too short to be worth an isolate", () => {
  const files = Array.from({ length: 400 }, (_, index) => `tests/${index}_test.ts`);
  const lengths = batches(files, 4).map(({ length }) => length);
  assertEquals(lengths, lengths.toSorted((one, other) => other - one));
  assertEquals(lengths[0], 66);
  assert(lengths.length > 8 && lengths.length < 20, lengths.join());
  assert(lengths.slice(0, -1).every((length) => length >= 20), lengths.join());
});

Deno.test("writeBatches() imports files by URL, and leaves those alone that say so", () => {
  using place = workplace();
  const files = ["a #1_test.ts", "b_test.ts"].map((name) => place.write(name, ""));
  const alone = place.write("c_test.ts", "// Runs in an isolate of its own: for a reason.\n");
  const modules = writeBatches(place.path, [...files, alone], 1);
  assert(modules.every((path) => path.endsWith("_test.ts")));
  const [text, other, ...rest] = modules.map((path) => Deno.readTextFileSync(path));
  assertEquals(rest, []);
  const forgets = `import "${new URL("forget_mirrors.ts", import.meta.url)}";\n`;
  assertEquals(other, `${forgets}import "file://${alone}";\n`);
  assert(text!.startsWith(forgets), text);
  assertEquals(text!.match(/^import "file:.*";$/gm)!.length, 3);
  assert(text!.includes("a%20%231_test.ts"));
});
