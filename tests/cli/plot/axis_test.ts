import { assert, assertEquals } from "@std/assert";
import { axis, byteUnit, plain } from "../../../lib/cli/plot/axis.ts";

const ticks = (values: number[], options = {}) => axis(0, 100, values, options).ticks.map(plain);

Deno.test("axis() writes round numbers beside it", () => {
  const table: [values: number[], expected: string[]][] = [
    [[], ["0", "0.2", "0.4", "0.6", "0.8", "1"]],
    [[3], ["0", "0.5", "1", "1.5", "2", "2.5", "3"]],
    [[0.3], ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]],
    [[64], ["0", "10", "20", "30", "40", "50", "60"]],
    [[-1.6, 0.4], ["-1.5", "-1", "-0.5", "0"]],
    [[-3, -1], ["-3", "-2.5", "-2", "-1.5", "-1", "-0.5", "0"]],
  ];
  for (const [values, expected] of table) assertEquals(ticks(values), expected, `${values}`);
});

Deno.test("axis() writes whole numbers only, where there are no others", () => {
  assertEquals(ticks([3], { whole: true }), ["0", "1", "2", "3"]);
  assertEquals(ticks([1], { whole: true }), ["0", "1"]);
  assertEquals(ticks([40], { whole: true }), ticks([40]));
});

Deno.test("axis() includes the given minimum", () => {
  const bytes = axis(0, 230, [64e6], { least: 41e6 });
  assertEquals(bytes.ticks.map((tick) => tick / 1e6), [45, 50, 55, 60]);
  assertEquals([bytes.at(41e6), bytes.at(64e6)], [0, 230]);
});

Deno.test("axis() reaches its ends at its pixels, in either direction", () => {
  const down = axis(200, 20, [-1, 3]);
  assertEquals([down.at(-1), down.at(1), down.at(3)], [200, 110, 20]);
  const flat = axis(0, 10, [0, 0]);
  assert(Number.isFinite(flat.at(0)));
});

Deno.test("byteUnit() is the one in which a size is at least 1", () => {
  const names = [0, 999, 1000, 5e6, 7e9, 1e12, 1e18].map((bytes) => byteUnit(bytes).name);
  assertEquals(names, ["B", "B", "kB", "MB", "GB", "TB", "TB"]);
});
