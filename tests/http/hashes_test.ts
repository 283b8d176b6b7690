import { assertEquals } from "@std/assert";
import { contradiction, type Hashes, hashType } from "../../lib/http/hashes.ts";

Deno.test("contradiction() names the strongest type of which two files have different hashes", () => {
  const table: readonly (readonly [Hashes | undefined, Hashes | undefined, string | undefined])[] =
    [
      [undefined, { md5: "a" }, undefined],
      [{ md5: "a" }, { "sha-1": "b" }, undefined],
      [{ md5: "a" }, { md5: "a" }, undefined],
      [{ md5: "a" }, { md5: "b" }, "md5"],
      [{ md5: "a", "sha-256": "c" }, { md5: "b", "sha-256": "d" }, "sha-256"],
      [{ md5: "a", "sha-512": "c" }, { md5: "b", "sha-512": "c" }, "md5"],
    ];
  for (const [one, other, expected] of table) {
    assertEquals(contradiction(one, other), expected);
    assertEquals(contradiction(other, one), expected);
  }
});

Deno.test("hashType() reads the names of IANA, of Metalink 3 and of RFC 3230", () => {
  const table = [["SHA-256", "sha-256"], ["sha256", "sha-256"], ["SHA", "sha-1"], [
    "crc32",
    undefined,
  ]];
  for (const [name, type] of table) assertEquals(hashType(name!), type);
});
