import { assertEquals } from "@std/assert";
import { markerAttributes, markerPath } from "../../../lib/cli/plot/drawing.ts";
import { LIGHT } from "../../../lib/cli/plot/picture.ts";

Deno.test("32 mirrors have 32 markers", () => {
  const markers = Array.from(
    { length: 32 },
    (_, mirror) => markerAttributes(mirror, 3, LIGHT) + markerPath(mirror, 3, [[10, 20]]),
  );
  assertEquals(new Set(markers).size, 32);
});

Deno.test("markerPath() draws one marker at each place", () => {
  assertEquals(markerPath(0, 2, [[1, 2], [3.33, 4]]), "M1 2h0M3.3 4h0");
  for (let mirror = 0; mirror < 6; mirror++) {
    const path = markerPath(mirror, 2, [[1, 2], [3, 4], [5, 6]]);
    assertEquals(path.match(/M\d/g)?.length, 3, path);
  }
});
