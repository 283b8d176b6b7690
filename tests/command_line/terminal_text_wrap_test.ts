import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fitMessage, textWidth, wrapLines } from "../../lib/command_line/terminal_text.ts";

Deno.test("wrapLines() breaks lines between words, and indents what follows", () => {
  const table: [text: string, width: number, wrapped: string][] = [
    ["", 10, ""],
    ["one two", 10, "one two"],
    ["one two three", 8, "one two\n  three"],
    ["one two three four", 8, "one two\n  three\n  four"],
    ["  deep one two", 10, "  deep one\n    two"],
    ["see https://a.example/long now", 12, "see\n  https://a.example/long\n  now"],
    ["a b\nsecond line here", 11, "a b\nsecond line\n  here"],
    ["\u65e5\u672c \u8a9e\u6587", 6, "\u65e5\u672c\n  \u8a9e\u6587"],
  ];
  for (const [text, width, wrapped] of table) assertEquals(wrapLines(text, width), wrapped, text);
});

Deno.test("wrapLines() loses no word, and no line with two words is too wide", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(words, fc.integer({ min: 5, max: 60 }), (words, width) => {
    const wrapped = wrapLines(words.join(" "), width);
    assertEquals(wrapped.split(/\s+/), words);
    for (const line of wrapped.split("\n")) {
      assert(textWidth(line) <= width || !line.trim().includes(" "), line);
    }
  }));
});

Deno.test("fitMessage() leaves lines alone if the terminal does not say how wide it is", () => {
  const text = "a message of several words";
  assertEquals(fitMessage(text, 0), text);
  assertEquals(fitMessage(text, 20), "a message of\n  several words");
});
