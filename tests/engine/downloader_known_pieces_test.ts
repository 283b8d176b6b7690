import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { type KnownPiece, NoMirrorLeftError } from "../../mod.ts";
import { otherContent } from "../support/lab/content.ts";
import { download, FILE, withMirrors } from "../support/download.ts";

/** Digests of pieces of the file, as of a part file that has its beginning. */
async function piecesOf(...ranges: readonly (readonly [number, number])[]): Promise<KnownPiece[]> {
  return await Promise.all(ranges.map(async ([start, end]) => {
    const digest = await crypto.subtle.digest("SHA-256", FILE.read(start, end));
    return { start, end, sha256: new Uint8Array(digest).toHex() };
  }));
}

const PIECES = await piecesOf([0, 65_536], [131_072, 196_608], [262_144, 300_000]);

/** The file, changed in its first bytes only, as when a second mirror has another version. */
const OTHER = otherContent(FILE);

for (const maxConnectionsPerMirror of [1, 2] as const) {
  Deno.test(`Downloader: a mirror that has the known pieces is used (${maxConnectionsPerMirror})`, async () => {
    for (const ranges of [true, false]) {
      await withMirrors([{ ranges }], async (urls, [mirror]) => {
        const range = { start: 300_000 };
        const options = { knownPieces: PIECES, range, maxConnectionsPerMirror };
        const { error, bytes } = await download(urls, options);
        assertEquals([error, bytes], [undefined, FILE.size - 300_000]);
        const compared = mirror!.requests.filter(({ range }) => range && range.end <= 300_000);
        assertEquals(compared.length, ranges ? PIECES.length : 0);
      });
    }
  });
}

Deno.test("Downloader: a lone mirror without the known pieces is an error, and no byte of it comes", async () => {
  for (const ranges of [true, false]) {
    await withMirrors([{ content: OTHER, ranges }], async (urls) => {
      const { error, bytes } = await download(urls, {
        knownPieces: PIECES,
        range: { start: 300_000 },
      });
      assertInstanceOf(error, NoMirrorLeftError, `ranges: ${ranges}`);
      assertEquals([(error as NoMirrorLeftError).cause[0]?.reason, bytes], ["mismatch", 0]);
      assertStringIncludes(`${error}`, "its bytes differ from those that are known at byte");
    });
  }
});

Deno.test("Downloader: known pieces break a tie", async () => {
  for (const others of [[{ content: OTHER }], [{ content: OTHER }, { content: OTHER }]]) {
    await withMirrors([...others, {}], async (urls) => {
      const { error, sha256, stats } = await download(urls, { knownPieces: PIECES });
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assert(stats.mirrors.slice(0, -1).every(({ bytes, wastedBytes }) => bytes === wastedBytes));
    });
  }
});

Deno.test("Downloader: a size that is expected breaks a tie, and refuses others", async () => {
  const shorter = { content: FILE };
  await withMirrors([shorter], async (urls) => {
    const { error, bytes } = await download(urls, { expectedSize: FILE.size + 1 });
    assertInstanceOf(error, NoMirrorLeftError);
    assertEquals([(error as NoMirrorLeftError).cause[0]?.reason, bytes], ["mismatch", 0]);
    assertStringIncludes(
      `${error}`,
      `has ${FILE.size} bytes, but ${FILE.size + 1} are expected`,
    );
    const right = await download(urls, { expectedSize: FILE.size });
    assertEquals([right.error, right.sha256], [undefined, FILE.sha256()]);
  });
});
