import { assertEquals, assertThrows } from "@std/assert";
import {
  checkHashes,
  checkKnownFile,
  type KnownFile,
} from "../../../lib/engine/memory/known_file.ts";
import { OptionTypeError } from "../../../lib/option_errors.ts";

const URL = "https://one.test/file";

const KNOWN: KnownFile = {
  info: {
    size: 1000,
    contentType: "video/mp4",
    fileName: "film.mp4",
    etag: undefined,
    lastModified: undefined,
    hashes: { "sha-256": "cd".repeat(32) },
    mirrors: [URL],
  },
  digest: "0123456789abcdef",
  digestStart: 0,
  mirrors: [{
    url: URL,
    location: "https://two.test/file",
    validators: { etag: '"a"', lastModified: undefined, strong: '"a"' },
    unreliable: true,
    unconditional: true,
    compared: true,
  }],
  pieces: [{ start: 5, end: 10, sha256: "ab".repeat(32) }],
};

Deno.test("checkKnownFile() returns a copy, also of what went through JSON", () => {
  assertEquals(checkKnownFile(KNOWN), KNOWN);
  assertEquals(checkKnownFile(JSON.parse(JSON.stringify(KNOWN))), KNOWN);
  const copy = checkKnownFile(KNOWN);
  assertEquals(copy === KNOWN || copy.mirrors === KNOWN.mirrors, false);
  const withNull = { ...KNOWN, digest: null, info: { ...KNOWN.info, etag: null } };
  assertEquals(checkKnownFile(withNull), { ...KNOWN, digest: undefined });
  assertEquals(checkKnownFile({ ...KNOWN, pieces: null }), { ...KNOWN, pieces: undefined });
  const many = Array.from({ length: 1000 }, () => KNOWN.pieces![0]);
  assertEquals(checkKnownFile({ ...KNOWN, pieces: many }).pieces!.length, 64);
});

Deno.test("checkKnownFile() names the field that is wrong, and shows no credential", () => {
  const [mirror] = KNOWN.mirrors;
  const info = (parts: object) => ({ ...KNOWN, info: { ...KNOWN.info, ...parts } });
  const mirrors = (parts: object) => ({ ...KNOWN, mirrors: [{ ...mirror, ...parts }] });
  const table: [value: unknown, message: string][] = [
    [null, "knownFile is null, but must be an object"],
    ["{}", 'knownFile is "{}", but must be an object'],
    [{}, "knownFile.info is undefined, but must be an object"],
    [info({ size: undefined }), "knownFile.info.size is undefined, but must be a whole number"],
    [info({ size: "1000" }), 'knownFile.info.size is "1000", but must be a whole number'],
    [info({ size: 0 }), "knownFile.info.size is 0, but must be at least 1"],
    [info({ etag: 5 }), "knownFile.info.etag is 5, but must be a string"],
    [
      info({ hashes: { md5: "ab" } }),
      'knownFile.info.hashes.md5 is "ab", but must be 32 hexadecimal digits',
    ],
    [info({ mirrors: URL }), `knownFile.info.mirrors is "${URL}", but must be a list`],
    [
      info({ mirrors: [5] }),
      "knownFile.info.mirrors[0] is 5, but must be an http or https URL",
    ],
    [{ ...KNOWN, digest: 5 }, "knownFile.digest is 5, but must be a string"],
    [{ ...KNOWN, digestStart: 0.5 }, "knownFile.digestStart is 0.5, but must be a whole number"],
    [{ ...KNOWN, mirrors: undefined }, "knownFile.mirrors is undefined, but must be a list"],
    [
      mirrors({ unreliable: "yes" }),
      'knownFile.mirrors[0].unreliable is "yes", but must be true or false',
    ],
    [{ ...KNOWN, pieces: 5 }, "knownFile.pieces is 5, but must be a list"],
    [
      { ...KNOWN, pieces: [{}] },
      "knownFile.pieces[0].start is undefined, but must be a whole number",
    ],
    [{ ...KNOWN, mirrors: [7] }, "knownFile.mirrors[0] is 7, but must be an object"],
    [
      mirrors({ url: "ftp://me:secret@one.test/" }),
      "knownFile.mirrors[0].url is another string, but must be an http or https URL",
    ],
    [
      mirrors({ location: "/file" }),
      "knownFile.mirrors[0].location is another string, but must be an http or https URL",
    ],
    [
      mirrors({ validators: undefined }),
      "knownFile.mirrors[0].validators is undefined, but must be an object",
    ],
    [
      mirrors({ validators: { strong: [] } }),
      "knownFile.mirrors[0].validators.strong is a list, but must be a string",
    ],
  ];
  for (const [value, message] of table) {
    assertEquals(assertThrows(() => checkKnownFile(value), Error).message, message);
  }
});

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
