import { assertEquals } from "@std/assert";
import { decodePercent, decodeText, markedEncoding } from "../../lib/http/text_encoding.ts";

Deno.test("decodeText() decodes by a byte order mark, which is removed, else as UTF-8", () => {
  const table = [
    [[0xff, 0xfe, 0x61, 0, 0xe9, 0], "utf-16le", "aé"],
    [[0xfe, 0xff, 0, 0x61, 0, 0xe9], "utf-16be", "aé"],
    [[0xef, 0xbb, 0xbf, 0x61, 0xc3, 0xa9], undefined, "aé"],
    [[0x61, 0xc3, 0xa9], undefined, "aé"],
    [[0xff], undefined, "\ufffd"],
    [[], undefined, ""],
  ] as const;
  for (const [numbers, encoding, text] of table) {
    const bytes = Uint8Array.from(numbers);
    assertEquals([markedEncoding(bytes), decodeText(bytes)], [encoding, text]);
  }
});

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
