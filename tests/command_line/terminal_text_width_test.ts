import { assertEquals } from "@std/assert";
import { fit, printable, textWidth, truncate } from "../../lib/command_line/terminal_text.ts";

Deno.test("textWidth() counts columns", () => {
  const table: [string, number][] = [
    ["", 0],
    ["file.iso", 8],
    ["é", 1],
    ["e\u0301", 1],
    ["有効.iso", 8],
    ["█▌", 2],
  ];
  for (const [text, width] of table) assertEquals(textWidth(text), width, text);
});

Deno.test("truncate() cuts with an ellipsis, and never through a wide character", () => {
  const table: [string, number, string][] = [
    ["file", 4, "file"],
    ["files", 4, "fil…"],
    ["有効無効", 4, "有…"],
    ["file", 1, "…"],
    ["file", 0, ""],
  ];
  for (const [text, width, cut] of table) assertEquals(truncate(text, width), cut, text);
});

Deno.test("fit() fills up to the width", () => {
  assertEquals(fit("ab", 4), "ab  ");
  assertEquals(fit("有効無効", 6), "有効… ");
});

Deno.test("printable() leaves nothing that steers a terminal", () => {
  assertEquals(printable("a\x1b[2Jb\n\u202e"), "a\ufffd[2Jb\ufffd\ufffd");
});
