import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { findChecksum } from "../../../lib/cli/checksum/checksum_file.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

/** Digests that can be told apart, of the length of an algorithm's. */
const md5 = (digit: string) => digit.repeat(32);
const sha1 = (digit: string) => digit.repeat(40);
const sha256 = (digit: string) => digit.repeat(64);
const sha512 = (digit: string) => digit.repeat(128);

const FOUND: [text: string, fileName: string, where: string, name: string, hex: string][] = [
  [`${sha256("a")}  f\n${sha256("b")}  g`, "g", "SHA256SUMS", "sha-256", sha256("b")],
  [`${sha256("a")}  f`, "/tmp/f", "x", "sha-256", sha256("a")],
  [`${sha256("a")}  ./f`, "f", "x", "sha-256", sha256("a")],
  [`${sha256("a")} *dir/f`, "other/f", "x", "sha-256", sha256("a")],
  [`${sha256("a")} *dir\\f`, "f", "x", "sha-256", sha256("a")],
  [`${sha256("a")}  a/f\n${sha256("b")}  b/f`, "b/f", "x", "sha-256", sha256("b")],
  [`${sha256("a")}  a/f\n${sha256("a")}  b/f`, "f", "x", "sha-256", sha256("a")],
  [`${sha256("a")}  a/f\n${sha256("b")}  f`, "f", "x", "sha-256", sha256("b")],
  [md5("a"), "f", "f.md5", "md5", md5("a")],
  [`${sha1("A")}  -`, "f", "x", "sha-1", sha1("a")],
  [`${sha512("a")}  f`, "f", "sha512sum.txt", "sha-512", sha512("a")],
  [`${sha256("a")}  f`, "f", "MD5SUMS", "sha-256", sha256("a")],
  [`${sha256("a")}  f`, "f", "b2-tools.sha256", "sha-256", sha256("a")],
  [`${sha256("a")}  f`, "f", "b2-tools.sums", "sha-256", sha256("a")],
  [`SHA2-512(f)= ${sha512("a")}`, "f", "x", "sha-512", sha512("a")],
  [`SHA-1 (f) = ${sha1("a")}`, "f", "B2SUMS", "sha-1", sha1("a")],
  [
    `MD5 (f) = ${md5("a")}\nSHA256 (f) = ${sha256("b")}\nSHA384 (f) = ${"c".repeat(96)}`,
    "f",
    "CHECKSUM",
    "sha-384",
    "c".repeat(96),
  ],
  [`${"a".repeat(96)}  f`, "f", "x", "sha-384", "a".repeat(96)],
  [`SHA2-224(f)= ${"a".repeat(56)}`, "f", "x", "sha-224", "a".repeat(56)],
  [
    `The digests of the files are:\n\n${md5("a")}  f\nThat is all.`,
    "f",
    "CHECKSUMS.md5",
    "md5",
    md5("a"),
  ],
];

Deno.test("findChecksum() finds the line by name, and the algorithm", () => {
  for (const [text, fileName, where, name, hex] of FOUND) {
    assertEquals(findChecksum(text, [fileName], where), { name, hex }, text);
  }
});

const B2 = `BLAKE2b (f) = ${sha512("a")}`;
const REFUSED: [text: string, fileName: string, where: string, says: string][] = [
  ["", "f", "sums", "sums has no checksums"],
  ["# nothing\n", "f", "sums", "sums has no checksums"],
  [
    "<!doctype html>\n<p>404",
    "f",
    "sums",
    'sums:1: "<!doctype html>" is not a checksum; expected "HEX  NAME"',
  ],
  ["\x1b[2Jf", "f", "sums", 'sums:1: "\ufffd[2Jf" is not a checksum'],
  [`${sha256("a")}  g\nxyz  f`, "f", "sums", 'sums:2: "xyz  f" is not a checksum'],
  [`${sha256("a")}  g`, "f", "sums", 'sums has no line for "f"; it has "g"'],
  [`${sha256("a")}  g\n${sha256("b")}`, "f", "sums", 'sums has no line for "f"'],
  [
    ["a.iso", "f.is", "f.iso2", "x/f-iso", "zzzzzz", "f.img", "g.iso"]
      .map((name) => `${sha256("a")}  ${name}`).join("\n"),
    "/tmp/f.iso",
    "sums",
    'sums has no line for "f.iso"; similar names are "a.iso", "f.is", "f.iso2", "f-iso", "g.iso"',
  ],
  [
    `${sha256("a")}  a/f\n\n${sha256("b")}  b/f`,
    "f",
    "sums",
    'sums has different sha-256 checksums for "f" in lines 1 and 3',
  ],
  [`${sha256("a")}\n${sha256("b")}`, "f", "sums", "different sha-256 checksums"],
  [
    B2,
    "f",
    "sums",
    'sums:1: unsupported checksum for "f" (blake2b); supported are sha-512, sha-384, sha-256',
  ],
  [`${B2}\nCRC32 (f) = ${"a".repeat(8)}`, "f", "sums", "(blake2b, crc32); supported are"],
  [`SHA3-256 (f) = ${sha256("a")}`, "f", "sums", "(sha3-256); supported are"],
  [`SHA512/256 (f) = ${sha256("a")}`, "f", "sums", "(sha512/256); supported are"],
  [`${sha512("a")}  f`, "f", "dir/B2SUMS", "(b2); supported are"],
  [`${sha256("a")}  f`, "f", "f.sha3-256", "(sha3-256); supported are"],
  [`${"a".repeat(56)}  f`, "f", "f.sha512-224", "(sha512-224); supported are"],
  [`${"a".repeat(8)}  f`, "f", "sums", "(crc32); supported are"],
  [`${"a".repeat(63)}  f`, "f", "SHA256SUMS", "(63 digits); supported are"],
  [`SHA256 (f) = ${md5("a")}`, "f", "sums", "(sha256 with 32 digits instead of 64)"],
];

Deno.test("findChecksum() says why there is none that can be used", () => {
  for (const [text, fileName, where, says] of REFUSED) {
    const error = assertThrows(() => findChecksum(text, [fileName], where), CommandError);
    assertEquals(error.exitCode, ExitCode.USAGE);
    assertStringIncludes(error.message, says);
  }
});
