import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { linesOf, unescaped } from "../../lib/command_line/text_file.ts";

Deno.test("linesOf() yields what is between any line ends, and its number", () => {
  const lines = [...linesOf("\ufeffone\n\ntwo\r\nthree\rfour\r\n")];
  assertEquals(lines, [
    { number: 1, text: "one" },
    { number: 2, text: "" },
    { number: 3, text: "two" },
    { number: 4, text: "three" },
    { number: 5, text: "four" },
    { number: 6, text: "" },
  ]);
});

Deno.test("linesOf() splits any text as an expression does", () => {
  const texts = fc.array(fc.constantFrom("\r", "\n", "a", "\u2028")).map((pieces) =>
    pieces.join("")
  );
  fc.assert(fc.property(texts, (text) => {
    const lines = [...linesOf(text)];
    assertEquals(lines.map(({ text }) => text), text.split(/\r\n|\r|\n/));
    assertEquals(lines.map(({ number }) => number), lines.map((_, index) => index + 1));
  }));
});

Deno.test("unescaped() takes the backslashes away that characters follow", () => {
  const table = [["", ""], ['a\\n\\\\b\\"', 'a\n\\b"'], ["\\x\\", "x\\"], ["\\\\", "\\"]];
  for (const [text, expected] of table) assertEquals(unescaped(text!, { n: "\n" }), expected);
});
