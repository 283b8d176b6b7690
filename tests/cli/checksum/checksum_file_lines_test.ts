import { assertEquals } from "@std/assert";
import { type ChecksumEntry, parseChecksumFile } from "../../../lib/cli/checksum/checksum_file.ts";

const HEX = "baaedac5f9f745f80d5ef1f7f1b7fe566c96e9e4bfbba69b73b2d98f0186f1ef";
const UPPER = HEX.toUpperCase();
const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

/** An entry as it is in the usual case. */
function entry(rest: Partial<ChecksumEntry>): ChecksumEntry {
  return { algorithm: undefined, hex: HEX, name: undefined, line: 1, ...rest };
}

const READ: [text: string, entries: ChecksumEntry[]][] = [
  ["", []],
  ["\n \t\r\n# a comment\n; another\n  # and one", []],
  [`${HEX}  f.iso\n`, [entry({ name: "f.iso" })]],
  [`${UPPER} *f.iso\r\n`, [entry({ name: "f.iso" })]],
  [`${HEX}   a name `, [entry({ name: " a name " })]],
  [`${HEX}  *f.iso`, [entry({ name: "*f.iso" })]],
  [`${HEX} f.iso`, [entry({ name: "f.iso" })]],
  [`${HEX}\t*f.iso`, [entry({ name: "f.iso" })]],
  [`${HEX}  dir/f.iso`, [entry({ name: "dir/f.iso" })]],
  [`${HEX}  有効.iso`, [entry({ name: "有効.iso" })]],
  [`\\${HEX}  a\\\\b\\nc\\rd\\x`, [entry({ name: "a\\b\nc\rd\\x" })]],
  [`${HEX}  a\\nb`, [entry({ name: "a\\nb" })]],
  [`SHA256 (f (1).iso) = ${HEX}`, [entry({ name: "f (1).iso", algorithm: "sha256" })]],
  [`\\SHA256 (a\\nb) = ${HEX}`, [entry({ name: "a\nb", algorithm: "sha256" })]],
  [`SHA2-256(f.iso)= ${UPPER}`, [entry({ name: "f.iso", algorithm: "sha2-256" })]],
  [`SHA512/256 (f.iso) = ${HEX}`, [entry({ name: "f.iso", algorithm: "sha512/256" })]],
  [`MD5 (f.iso) = ${MD5} \r`, [entry({ name: "f.iso", algorithm: "md5", hex: MD5 })]],
  [HEX, [entry({})]],
  [`\ufeff  ${UPPER}  \r\n`, [entry({})]],
  [`${HEX}  -`, [entry({})]],
  [`${HEX}\n\n${MD5}  f`, [entry({}), entry({ hex: MD5, name: "f", line: 3 })]],
];

Deno.test("parseChecksumFile() reads what programs write", () => {
  for (const [text, entries] of READ) {
    assertEquals(parseChecksumFile(text), { entries, unreadable: [] }, text);
  }
});

Deno.test("parseChecksumFile() reads what PGP signed, and nothing of the signature", () => {
  const text = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# F.iso: 123 bytes
SHA256 (f.iso) = ${HEX}
- ${MD5}  - of dashes
-----BEGIN PGP SIGNATURE-----
Version: x

${HEX}
=abcd
-----END PGP SIGNATURE-----
${MD5}  behind
`;
  assertEquals(parseChecksumFile(text).entries, [
    entry({ name: "f.iso", algorithm: "sha256", line: 5 }),
    entry({ name: "- of dashes", hex: MD5, line: 6 }),
    entry({ name: "behind", hex: MD5, line: 13 }),
  ]);
  assertEquals(parseChecksumFile(text).unreadable, []);
});

Deno.test("parseChecksumFile() tells lines that say something else", () => {
  const text = `These are the digests:\n${HEX}  f.iso\n<html>\nxyz  f.iso\nSHA256 (f.iso) = xyz\n`;
  const { entries, unreadable } = parseChecksumFile(text);
  assertEquals(entries, [entry({ name: "f.iso", line: 2 })]);
  assertEquals(unreadable.map(({ line }) => line), [1, 3, 4, 5]);
  assertEquals(parseChecksumFile("\0\x1b[2J\ud800").entries, []);
});
