import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { besideUrl, searchChecksums } from "../../../lib/cli/checksum/checksum_search.ts";
import { MissingDocument } from "../../../lib/cli/document/document.ts";
import { MirrorError, NoMirrorLeftError } from "../../../mod.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const LONG = "c".repeat(128);

/** Searches servers with these texts by URL; a number is the status of an error. */
async function search(
  files: Readonly<Record<string, string | number>>,
  urls: readonly string[] = ["http://one/p/f.iso"],
  names: readonly string[] = [],
) {
  const asked: string[] = [];
  const read = (url: string) => {
    asked.push(url);
    const text = files[url] ?? files[new URL(url).origin];
    if (text === undefined) return Promise.reject(new MissingDocument());
    if (typeof text === "string") {
      const bytes = new TextEncoder().encode(text);
      return Promise.resolve({ bytes, where: url, url, source: url });
    }
    const status = text || undefined;
    const reason = status === undefined ? "network" : "status";
    const facts = { mirror: url, reason, phase: "headers", status, retryable: false } as const;
    const failure = new MirrorError(`${url}: answered ${text}`, facts);
    const cause = new NoMirrorLeftError([failure]);
    return Promise.reject(new CommandError(text ? 22 : 7, failure.message, { cause }));
  };
  const found = await searchChecksums({ urls, names, read }).catch((error) => error);
  return { asked, found };
}

/** Returns the checksums that are found. */
async function foundIn(...args: Parameters<typeof search>): Promise<string[]> {
  const { found } = await search(...args);
  if (found instanceof Error) throw found;
  return found.map(({ checksum }: { checksum: { name: string; hex: string } }) =>
    `${checksum.name} ${checksum.hex.slice(0, 2)}`
  );
}

Deno.test("searchChecksums() finds what publishers put beside a file", async () => {
  const rows: [name: string, text: string, found: string][] = [
    ["f.iso.sha256", A, "sha-256 aa"],
    ["f.iso.sha256", `${A}  other-name.iso\n${B}  f.iso`, "sha-256 bb"],
    ["SHA256SUMS", `${B}  g\n${A} *f.iso`, "sha-256 aa"],
    ["sha256sum.txt", `${A}  ./f.iso`, "sha-256 aa"],
    ["SHASUMS256.txt", `${A}  f.iso`, "sha-256 aa"],
    ["SHA256", `SHA256 (f.iso) = ${A}`, "sha-256 aa"],
    ["CHECKSUM", `# f.iso: 3 bytes\nSHA256 (f.iso) = ${A}`, "sha-256 aa"],
    ["f.iso.sha512", LONG, "sha-512 cc"],
    ["SHA512SUMS", `${LONG}  f.iso`, "sha-512 cc"],
  ];
  for (const [name, text, found] of rows) {
    assertEquals(await foundIn({ [`http://one/p/${name}`]: text }), [found], name);
  }
});

Deno.test("searchChecksums() keeps credentials, and leaves out the query", async () => {
  const urls = ["http://me:pass@one/p/f%20o.iso?token=5#x"];
  const { asked, found } = await search(
    { "http://me:pass@one/p/f%20o.iso.sha256": `${A}  f o.iso` },
    urls,
  );
  assertEquals(found.length, 1);
  assertEquals(asked[1], "http://me:pass@one/p/SHA256SUMS");
});

Deno.test("searchChecksums() stops at the first names that exist", async () => {
  const { asked } = await search({ "http://one/p/SHA256SUMS": `${A}  f.iso` });
  assertEquals(asked.map((url) => url.slice("http://one/p/".length)), [
    "f.iso.sha256",
    "SHA256SUMS",
    "sha256sum.txt",
    "f.iso.sha256sum",
  ]);
});

Deno.test("searchChecksums() asks three mirrors that respond, and a bounded number in all", async () => {
  const mirrors = Array.from({ length: 30 }, (_, index) => `http://m${index}/f`);
  const nothing = await search({}, mirrors);
  assertEquals(new Set(nothing.asked.map((url) => new URL(url).host)).size, 3);
  assertEquals(nothing.asked.length, 36);
  const dead = Object.fromEntries(mirrors.slice(0, 2).map((url) => [new URL(url).origin, 0]));
  const some = await search({ ...dead, "http://m3/SHA256SUMS": `${A}  f` }, mirrors);
  assertEquals(some.found.length, 1);
  const allDead = Object.fromEntries(mirrors.map((url) => [new URL(url).origin, 0]));
  const none = await search(allDead, mirrors);
  assertEquals(none.asked.length, 32);
  assertEquals(none.found.exitCode, 7);
  // Names of the same folder and file are one place, whatever their queries.
  assertEquals((await search({}, ["http://one/f?a", "http://one/f?b"])).asked.length, 12);
});

Deno.test("searchChecksums() refuses mirrors that contradict each other", async () => {
  const urls = ["http://one/f.iso", "http://two/f.iso"];
  const { found } = await search({
    "http://one/SHA256SUMS": `${A}  f.iso`,
    "http://two/f.iso.sha256": B,
  }, urls);
  assertEquals(found.exitCode, 56);
  assertStringIncludes(found.message, "the mirrors have different sha-256 checksums");
  assertStringIncludes(found.message, `${A}  http://one/SHA256SUMS`);
  assertStringIncludes(found.message, `${B}  http://two/f.iso.sha256`);
  // One mirror may contradict itself, too.
  const [one] = urls;
  const alone = await search({ "http://one/SHA256SUMS": `${A}  f.iso`, [`${one}.sha256`]: B }, [
    one!,
  ]);
  assertEquals(alone.found.exitCode, 56);
  const both = { "http://one/SHA256SUMS": `${A}  f.iso`, "http://two/f.iso.sha512": LONG };
  assertEquals(await foundIn(both, urls), ["sha-256 aa", "sha-512 cc"]);
});

Deno.test("searchChecksums() says what it found instead", async () => {
  const rows: [name: string, answer: string | number, says: string][] = [
    ["SHA256SUMS", "<!DOCTYPE html><title>Not found</title>", "is a web page, not a checksum file"],
    ["SHA256SUMS", `${A}  other`, 'has no line for "f.iso"; it has "other"'],
    // Which file is meant?
    ["SHA256SUMS", A, "has no checksums"],
    ["f.iso.sha256", "oops", '"oops" is not a checksum'],
    ["f.iso.sha256", "", "has no checksums"],
    ["CHECKSUM", `MD5 (f.iso) = ${"a".repeat(32)}`, "has md5 only"],
    ["SHA256SUMS", 500, "answered 500"],
  ];
  for (const [name, answer, says] of rows) {
    const { found } = await search({ [`http://one/p/${name}`]: answer });
    assertEquals(found.exitCode, 22, found.message);
    assertStringIncludes(found.message, "no checksum was found beside the file");
    assertStringIncludes(found.message, `http://one/p/${name}`);
    assertStringIncludes(found.message, says);
  }
});

Deno.test("searchChecksums() passes on errors that are not about a document", async () => {
  const read = () => Promise.reject(new CommandError(130, "interrupted"));
  const error = await assertRejects(
    () => searchChecksums({ urls: ["http://one/f"], names: [], read }),
    CommandError,
  );
  assertEquals(error.exitCode, 130);
});

Deno.test("besideUrl() names a file in the same folder", () => {
  assertEquals(besideUrl("http://a/b/c", "X"), "http://a/b/X");
  assertEquals(besideUrl("http://a/b/c$&", "*.x"), "http://a/b/c$&.x");
  assertEquals(besideUrl("http://a/b/", "*.x"), undefined);
  assertEquals(besideUrl("http://a/", "X"), "http://a/X");
});
