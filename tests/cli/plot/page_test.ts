import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { figuresOf } from "../../../lib/cli/plot/figures.ts";
import { mirrorNames } from "../../../lib/cli/plot/trace_report.ts";
import { PAGE_STYLE, type PageParts, writePage } from "../../../lib/cli/plot/page.ts";
import { reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { recording } from "../../trace/sample.ts";
import { assertWellFormed } from "./well_formed.ts";

function parts(change: Partial<PageParts> = {}): PageParts {
  const of = recording();
  const report = reportOf(of);
  const names = mirrorNames(report.mirrors.map(({ url }) => url));
  return {
    title: "a title",
    subtitle: "and more",
    notes: [],
    figures: figuresOf(of, report, names),
    legend: names.map((name) => ({ name, value: "10 %" })),
    facts: [["file size", "5.0 MB"]],
    distributions: [["", "mean"], ["invalid blocks", "0.60"]],
    mirrors: [["mirror", "blocks"], ...names.map((name) => [name, "3"])],
    ...change,
  };
}

Deno.test("writePage() writes a well-formed page with figures and tables", () => {
  const page = writePage(parts());
  assertWellFormed(page.replace("<!DOCTYPE html>", ""));
  assertEquals(page.match(/<figure>/g)?.length, 4);
  assertEquals(page.match(/<table/g)?.length, 3);
  for (const text of ["a title", "and more", "5.0 MB", "0.60", "idle.test"]) {
    assertStringIncludes(page, text);
  }
});

Deno.test("writePage() loads nothing else, and runs no script", () => {
  const page = writePage(parts());
  const addresses = [
    ...page.matchAll(/https?:|\/\/[\w.]+|url\(|@import|\b(?:src|href|action)=/gi),
  ];
  assertEquals(addresses.map(([found]) => found), []);
  assertEquals(/<(script|link|img|iframe|object|embed|base)\b|\son\w+=/i.exec(page), null);
  assertMatch(page, /Content-Security-Policy" content="default-src 'none'/);
});

Deno.test("writePage() can be read by those who do not see it", () => {
  const page = writePage(parts());
  assertMatch(page, /<html lang="en">/);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  assertEquals(new Set(ids).size, ids.length);
  const figures = [
    ...page.matchAll(/<svg [^>]*role="img" aria-labelledby="([^"]+)" aria-describedby="([^"]+)"/g),
  ];
  assertEquals(figures.length, 4);
  for (const [, label, description] of figures) {
    assert(ids.includes(label!) && ids.includes(description!));
  }
  assertEquals(page.match(/<figcaption/g)?.length, 4);
  assertEquals(page.match(/<caption>/g)?.length, 3);
  assertEquals(page.match(/<th scope="row">/g)?.length, 5);
});

Deno.test("writePage() has a style for light and dark that knows every color it uses", () => {
  const page = writePage(parts());
  assertStringIncludes(page, "prefers-color-scheme: dark");
  const [light = "", dark = ""] = page.split("prefers-color-scheme: dark");
  for (const [, name] of page.matchAll(/var\((--[\w-]+)\)/g)) {
    assertStringIncludes(light, `${name}: `);
    assertStringIncludes(dark, `${name}: `);
  }
});

Deno.test("writePage() says what should be known first", () => {
  assertEquals(writePage(parts()).includes('role="note"'), false);
  const page = writePage(parts({ notes: ["the trace is <torn>"] }));
  assertStringIncludes(page, '<p class="note" role="note">the trace is &lt;torn&gt;</p>');
});

Deno.test("writePage() escapes what comes from a trace", () => {
  const name = `"><script>alert('&')</script><style>\u0007`;
  const page = writePage(parts({
    title: name,
    subtitle: name,
    legend: [{ name, value: name }],
    facts: [[name, name]],
    mirrors: [[name, name], [name, name]],
  }));
  assertWellFormed(page.replace("<!DOCTYPE html>", ""));
  assertEquals(page.includes("<script"), false);
  assertEquals(page.match(/<style>/g)?.length, 1);
});

/** Relative luminance as WCAG 2 defines it. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

Deno.test("the page's colors stand out from its background, in light and in dark", () => {
  const schemes = PAGE_STYLE.split("@media (prefers-color-scheme: dark)").slice(0, 2);
  assertEquals(schemes.length, 2);
  for (const scheme of schemes) {
    const colors = new Map(
      [...scheme.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, name, value]) => [name!, value!]),
    );
    const panel = colors.get("panel")!;
    for (const [name, color] of colors) {
      const least = /^mirror/.test(name) ? 3 : /^(ink|faint)$/.test(name) ? 4.5 : 1;
      const found = contrast(color, panel);
      assert(found >= least, `--${name}: ${color} on ${panel} has ${found.toFixed(2)}:1`);
    }
    assertEquals([...colors.keys()].filter((name) => name.startsWith("mirror")).length, 7);
  }
});
