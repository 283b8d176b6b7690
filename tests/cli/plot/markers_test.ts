import { assert, assertEquals } from "@std/assert";
import { markerAttributes, markerPath } from "../../../lib/cli/plot/markers.ts";
import { LIGHT } from "../../../lib/cli/plot/picture.ts";
import { PAGE_STYLE } from "../../../lib/cli/plot/page_style.ts";

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

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

Deno.test("the page's colours stand out from its background, in light and in dark", () => {
  const schemes = PAGE_STYLE.split("@media (prefers-color-scheme: dark)").slice(0, 2);
  assertEquals(schemes.length, 2);
  for (const scheme of schemes) {
    const colours = new Map(
      [...scheme.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, name, value]) => [name!, value!]),
    );
    const panel = colours.get("panel")!;
    for (const [name, colour] of colours) {
      const least = /^mirror/.test(name) ? 3 : /^(ink|faint)$/.test(name) ? 4.5 : 1;
      const found = contrast(colour, panel);
      assert(found >= least, `--${name}: ${colour} on ${panel} has ${found.toFixed(2)}:1`);
    }
    assertEquals([...colours.keys()].filter((name) => name.startsWith("mirror")).length, 7);
  }
});
