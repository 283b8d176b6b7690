import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { checksumIn, findChecksum } from "../../../lib/cli/checksum/checksum_file.ts";
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
  [`sha256:${sha256("a")}  f\nsha256:${sha256("b")}  g`, "f", "x", "sha-256", sha256("a")],
  [`sha512:${sha512("A")}`, "f", "x", "sha-512", sha512("a")],
  [`SHA256: ${sha256("A")}`, "f", "x", "sha-256", sha256("a")],
  [`f: ${sha256("a")}\ng: ${sha256("b")}`, "g", "x", "sha-256", sha256("b")],
  // As gpg --print-md and --print-mds write them.
  [`f: ${"AAAAAAAA ".repeat(8)}\ng: ${"BBBBBBBB ".repeat(8)}`, "g", "x", "sha-256", sha256("b")],
  [
    `a/f: AAAAAAAA ${"AAAAAAAA ".repeat(8)}\n       ${"AAAAAAAA ".repeat(7).trim()}`,
    ...["f", "f.sha512", "sha-512", sha512("a")] as const,
  ],
  [
    `${"f".repeat(50)}: \n  ${"AAAA ".repeat(10)}`,
    ...["f".repeat(50), "x", "sha-1", sha1("a")] as const,
  ],
  [
    `f:    MD5 = ${"AA ".repeat(16)}\nf: RMD160 = ${"AAAA ".repeat(10)}\nf: SHA256 = ${
      "BBBBBBBB ".repeat(4)
    }\n            ${"BBBBBBBB ".repeat(4)}`,
    ...["f", "x", "sha-256", sha256("b")] as const,
  ],
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

Deno.test("checksumIn() decodes what Windows writes", () => {
  const text = `\ufeff${sha256("a")}  f\r\n`;
  for (const isLittle of [true, false]) {
    const bytes = new Uint8Array(2 * text.length);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < text.length; at++) view.setUint16(2 * at, text.charCodeAt(at), isLittle);
    const found = checksumIn({ bytes, where: "sums", url: undefined, source: "sums" }, ["f"]);
    assertEquals(found, { name: "sha-256", hex: sha256("a") });
  }
});

Deno.test("findChecksum() reads long lines of colons, spaces and digits at once", () => {
  for (const part of [":", " ", "a:", ": ", "AB ", "a: AB "]) {
    const text = `f:${part.repeat(1_000_000 / part.length)}z`;
    assertThrows(() => findChecksum(text, ["f"], "sums"), CommandError);
  }
});
