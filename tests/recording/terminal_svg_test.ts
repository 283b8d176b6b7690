import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertWellFormed } from "../cli/plot/well_formed.ts";
import { terminalFrames } from "./terminal_frames.ts";
import { drawTerminal, type Frame } from "./terminal_svg.ts";

const SIZE = { columns: 20, rows: 3 } as const;

Deno.test("terminalFrames() shows what the terminal showed, in color, with lines drawn over", async () => {
  const frames = await terminalFrames(
    [
      { seconds: 0, text: "$ run\r\n" },
      { seconds: 1.02, text: "\x1b[1;32mhalf\x1b[0m done" },
      { seconds: 1.04, text: "\r" },
      { seconds: 1.3, text: "\x1b[Kall" },
      { seconds: 1.6, text: "\r" },
    ],
    SIZE,
    0.1,
  );
  assertEquals(frames.map(({ seconds }) => seconds), [0, 1.04, 1.3]);
  const texts = frames.map(({ rows }) => rows.map((runs) => runs.map((run) => run.text).join("")));
  assertEquals(texts.map((rows) => rows.map((row) => row.trimEnd())), [
    ["$ run", "", ""],
    ["$ run", "half done", ""],
    ["$ run", "all", ""],
  ]);
  const [run] = frames[1]!.rows[1]!;
  assertEquals(run, { column: 0, text: "half", color: 2, bold: true, dim: false });
});

Deno.test("drawTerminal() draws each frame for its time, and the last one where motion is reduced", () => {
  const rows = (text: string) => [[{ column: 0, text }], [{ column: 2, text: "█▌░", color: 2 }]];
  const frames: Frame[] = [{ seconds: 0, rows: rows("<one>") }, { seconds: 3, rows: rows("two") }];
  const svg = drawTerminal(frames, { ...SIZE, title: "A & B", holdSeconds: 1 });
  assertWellFormed(svg);
  assertStringIncludes(svg, ">&lt;one&gt;</text>");
  assertStringIncludes(svg, "@keyframes f0{0%{visibility:visible}75%{visibility:hidden}}");
  assertStringIncludes(svg, "@keyframes f1{0%{visibility:hidden}75%{visibility:visible}}");
  assertStringIncludes(svg, "g{animation:none}#f1{visibility:visible}");
  // One and a half cells, drawn as a shape; the third is faint.
  assertMatch(svg, /<rect x="32.8" y="63" width="12.6" height="14" fill="#8fd460"\/>/);
  assertMatch(svg, /<rect x="49.6" y="63" width="8.4" height="14" fill="#8fd460" fill-opacity/);
  assertStringIncludes(svg, "<title>A &amp; B</title>");
});
