import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { figuresOf } from "../../../lib/cli/plot/figures.ts";
import { mirrorNames } from "../../../lib/cli/plot/trace_report.ts";
import { drawPicture, type PictureParts, shorten } from "../../../lib/cli/plot/picture.ts";
import { type Recording, reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { longRecording, recording } from "../../trace/sample.ts";
import { assertWellFormed } from "./well_formed.ts";

function parts(of: Recording): PictureParts {
  const report = reportOf(of);
  const names = mirrorNames(report.mirrors.map(({ url }) => url));
  const legend = names.map((name) => ({ name, value: "10 %" }));
  return { title: "a title", subtitle: "and more", figures: figuresOf(of, report, names), legend };
}

Deno.test("drawPicture() draws well-formed SVG with four panels, a legend and a background", () => {
  const svg = drawPicture(parts(recording()));
  assertWellFormed(svg);
  assert(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"));
  const texts = [
    ...["Arrival time by block", "Invalid blocks over time", "Delay by block"],
    ...["Delivered bytes over time", "fast.test", "slow.test", "idle.test", "ideal: in order"],
    ...["MB delivered in order", "mean 0.60", "initial buffering 3.00 s", "a title", "and more"],
  ];
  for (const text of texts) assertStringIncludes(svg, text);
  assertStringIncludes(svg, 'fill="#ffffff"');
});

Deno.test("drawPicture(): few blocks have a tooltip each, in two panels", () => {
  const svg = drawPicture(parts(recording()));
  assertEquals(svg.match(/<title>block /g)?.length, 10);
  assertStringIncludes(svg, "<title>block 1, 4.000 s, slow.test</title>");
});

Deno.test("drawPicture() of many blocks from many mirrors is no large file", () => {
  const svg = drawPicture(parts(longRecording(100_000, new Map(), 32)));
  assertWellFormed(svg);
  assert(svg.length < 500_000, `${svg.length} characters`);
  assertEquals(svg.includes("<title>block"), false);
});

Deno.test("drawPicture() escapes what comes from a trace", () => {
  const name = '<script>alert("&")</script>\u0000\u202e\ud800';
  const all = parts(recording());
  const legend = all.legend.map((entry) => ({ ...entry, name }));
  const svg = drawPicture({ ...all, legend, title: name, subtitle: name });
  assertWellFormed(svg);
  assertEquals(svg.includes("<script"), false);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u0000\u202e]/.test(svg), false);
  assert(svg.isWellFormed());
  assertStringIncludes(svg, "&lt;script&gt;alert(&quot;&amp;&quot;)");
});

Deno.test("drawPicture() takes one block, and blocks that all came at the start", () => {
  for (
    const events of [
      recording().events.slice(0, 4),
      longRecording(3, new Map([[0, 0], [1, 0], [2, 0]])).events,
    ]
  ) {
    assertWellFormed(drawPicture(parts(recording({ events }))));
  }
});

Deno.test("shorten() counts characters, not halves of them", () => {
  assertEquals(shorten("abc", 3), "abc");
  assertEquals(shorten("abcd", 3), "ab…");
  assertEquals(shorten("🙂🙂🙂🙂", 3), "🙂🙂…");
});
