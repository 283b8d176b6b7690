import { assert, assertEquals } from "@std/assert";
import { thin } from "../../../lib/cli/plot/thin.ts";
import { mulberry32 } from "../../support/random.ts";

const itself = (value: number) => value;

Deno.test("thin() returns what is short enough as it is", () => {
  const items = [3, 1, 2];
  assertEquals(thin(items, 3, itself), items);
  assertEquals(thin([], 3, itself), []);
});

Deno.test("thin() keeps the ends, the least and the greatest", () => {
  const items = Array.from({ length: 10_000 }, (_, index) => index % 7);
  items[1234] = 1000;
  items[8765] = -1000;
  const thinned = thin(items, 100, itself);
  assert(thinned.length <= 100, `${thinned.length}`);
  assert(thinned.includes(1000) && thinned.includes(-1000));
  assertEquals([thinned[0], thinned.at(-1)], [items[0], items.at(-1)]);
});

Deno.test("thin() keeps the order, the limit and the extremes of anything", () => {
  const random = mulberry32(5);
  for (let round = 0; round < 200; round++) {
    const items = Array.from({ length: 1 + Math.floor(500 * random()) }, (_, index) => ({
      index,
      value: Math.floor(1000 * random()),
    }));
    const most = 4 + Math.floor(60 * random());
    const thinned = thin(items, most, ({ value }) => value);
    assert(thinned.length <= most, `${thinned.length} of ${items.length}, but ${most}`);
    const values = (of: readonly { value: number }[]) => of.map(({ value }) => value);
    assertEquals(Math.max(...values(thinned)), Math.max(...values(items)));
    assertEquals(Math.min(...values(thinned)), Math.min(...values(items)));
    assertEquals(
      thinned.map(({ index }) => index).toSorted((a, b) => a - b),
      thinned.map(({ index }) => index),
    );
  }
});
