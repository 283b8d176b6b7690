import { assertEquals, assertThrows } from "@std/assert";
import { parseJson } from "../../lib/command_line/json.ts";

Deno.test("parseJson() parses what JSON.parse() does, and no other text", () => {
  const deep = "[".repeat(1000) + "]".repeat(1000);
  const brackets = JSON.stringify({ "[{": '\\"'.repeat(2000) + "[".repeat(2000), b: ["{"] });
  for (const text of ["1", '{"a":[1]}', deep, `[${"[],{},".repeat(2000)}1]`, brackets]) {
    assertEquals(JSON.stringify(parseJson(text)), JSON.stringify(JSON.parse(text)));
  }
  for (const text of ["", "{", `"${"a".repeat(2000)}`]) {
    assertThrows(() => parseJson(text), TypeError, "not JSON");
  }
});

Deno.test("parseJson() refuses over 1000 lists and objects within each other", () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"], ['[{"[":', "}]"]]) {
    const text = open!.repeat(1001) + "1" + close!.repeat(1001);
    assertThrows(() => parseJson(text), TypeError, "more than 1000 lists and objects");
  }
});
