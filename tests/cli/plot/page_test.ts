import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { figuresOf } from "../../../lib/cli/plot/figures.ts";
import { mirrorNames } from "../../../lib/cli/plot/mirror_names.ts";
import { type PageParts, writePage } from "../../../lib/cli/plot/page.ts";
import { reportOf } from "../../../lib/cli/plot/report.ts";
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

Deno.test("writePage() asks for nothing else, and runs nothing", () => {
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

Deno.test("writePage() has a style for light and dark that knows every colour it uses", () => {
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
