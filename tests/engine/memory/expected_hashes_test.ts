import { assertEquals, assertThrows } from "@std/assert";
import { checkHashes } from "../../../lib/engine/memory/expected_hashes.ts";
import { OptionTypeError } from "../../../lib/errors.ts";

Deno.test("checkHashes() takes hashes in any case, and leaves out those that are missing", () => {
  assertEquals(checkHashes("expectedHashes", { md5: "AB".repeat(16), "sha-256": undefined }), {
    md5: "ab".repeat(16),
  });
});

Deno.test("checkHashes() names what is wrong", () => {
  const table = [
    [{ crc32: "12345678" }, 'expectedHashes has "crc32"'],
    [{ "sha-256": "ab" }, 'expectedHashes.sha-256 is "ab", but must be 64 hexadecimal digits'],
    [{ "sha-256": "x".repeat(64) }, "must be 64 hexadecimal digits"],
    [{ md5: 5 }, "expectedHashes.md5 is 5"],
    ["abc", 'expectedHashes is "abc"'],
  ] as const;
  for (const [value, message] of table) {
    assertThrows(() => checkHashes("expectedHashes", value), OptionTypeError, message);
  }
});
