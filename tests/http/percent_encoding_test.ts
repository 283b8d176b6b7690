import { assertEquals } from "@std/assert";
import { decodePercent } from "../../lib/http/percent_encoding.ts";

Deno.test("decodePercent() decodes UTF-8, and leaves what cannot be decoded", () => {
  const table = [
    ["", ""],
    ["a b", "a b"],
    ["a%20b%2Fc", "a b/c"],
    ["%e6%9c%89", "有"],
    // ISO 8859-1, a cut character, and percent signs that encode nothing.
    ["f%FC", "f%FC"],
    ["%e6%9c", "%e6%9c"],
    ["100%", "100%"],
    ["%zz%20", "%zz%20"],
  ] as const;
  for (const [text, decoded] of table) assertEquals(decodePercent(text), decoded, text);
});
