import { assertEquals } from "@std/assert";
import { pump, undeclared } from "./parser.ts";
import { PARSERS } from "./parsers.ts";
import { holds, textOf } from "./runs.ts";

for (const parser of PARSERS) {
  Deno.test(`parsers throw declared errors only: ${parser.name}`, async () => {
    await holds([textOf(parser.pieces)], async (text) => {
      assertEquals(await undeclared(parser, text), undefined);
    });
    for (const text of parser.hard) {
      assertEquals(await undeclared(parser, pump(text, 5000)), undefined);
    }
  });
}

Deno.test("undeclared() sees errors that a parser does not declare, and mistakes in any class", async () => {
  const parser = (error: unknown) => ({
    name: "",
    pieces: [],
    hard: [],
    declares: [TypeError],
    parse: () => {
      throw error;
    },
  });
  const declared = new TypeError("the size is -1, but must be a positive number");
  assertEquals(await undeclared(parser(declared), ""), undefined);
  for (const error of [new RangeError("no"), new TypeError("Cannot read properties of null")]) {
    assertEquals(await undeclared(parser(error), ""), error);
  }
  assertEquals((await undeclared(parser("text"), ""))?.message, "threw text");
});
