import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { growsTooFast, isHopeless } from "./growth.ts";
import { hard, type Parser } from "./parser.ts";
import { PARSERS } from "./parsers.ts";
import { holds, RUNS, textOf } from "./runs.ts";

for (const parser of PARSERS) {
  Deno.test(`parsers do linear work: ${parser.name}`, async () => {
    for (const text of parser.hard) {
      assertEquals(await growsTooFast(parser, text), undefined, JSON.stringify(text));
    }
    const repeated = fc.tuple(...[1, 2, 3].map(() => textOf(parser.pieces)));
    await holds([repeated], async ([before, some, after]) => {
      const text = { before: before!, repeated: some! || "x", after: after! };
      assert(!await isHopeless(parser, text));
    }, RUNS / 10);
  });
}

Deno.test("growsTooFast() sees quadratic work", async () => {
  const quadratic: Parser = {
    name: "",
    pieces: [],
    declares: [],
    hard: [],
    parse: (text) => /\s+$/.test(text),
  };
  assert(await growsTooFast(quadratic, hard("| |x")) !== undefined);
  assertEquals(await growsTooFast(quadratic, hard("|x|")), undefined);
});
