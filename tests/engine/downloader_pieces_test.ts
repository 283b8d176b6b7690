import { assert, assertEquals, assertThrows } from "@std/assert";
import { Downloader, OptionRangeError, OptionTypeError, PieceMismatchError } from "../../mod.ts";
import { download, FILE, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { onceDropped, UNTIL_DROPPED } from "../support/held_mirrors.ts";
import { bytesContent, flippedContent, otherContent, piecesOf } from "../support/lab/content.ts";

const LENGTH = 50_000;
const PIECES = piecesOf(FILE, LENGTH);
const WITH_PIECES = { expectedPieces: PIECES, expectedSize: FILE.size };

Deno.test("Downloader: expected pieces: mirrors that have them deliver the file, without comparisons", async () => {
  await withMirrors([{ etag: '"1"' }, { etag: '"2"' }, { etag: null }], async (urls, mirrors) => {
    const { sha256, error, stats } = await download(urls, WITH_PIECES);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors.map(({ badPieces }) => badPieces), [0, 0, 0]);
    const ifRange = mirrors.flatMap(({ requests }) =>
      requests.map(({ headers }) => headers["if-range"])
    );
    assertEquals(ifRange.filter((field) => field !== undefined), []);
  });
});

for (const algorithm of ["sha-512", "sha-384", "sha-224", "sha-1", "md5"] as const) {
  Deno.test(`Downloader: expected pieces: by ${algorithm}`, async () => {
    const content = flippedContent(FILE, [600_000]);
    await withMirrors([{ content }, {}], async (urls) => {
      const expectedPieces = piecesOf(FILE, LENGTH, algorithm);
      const { sha256, error } = await download(urls, { expectedPieces });
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
    });
  });
}

Deno.test("Downloader: expected pieces: no byte of a bad piece is delivered, and its mirror is named and dropped", async () => {
  const places = Array.from({ length: 21 }, (_, index) => index * LENGTH + 777).slice(0, 20);
  const options = [
    { content: flippedContent(FILE, places) },
    UNTIL_DROPPED,
    UNTIL_DROPPED,
  ];
  await withMirrors(options, async (urls, mirrors) => {
    const { sha256, error, stats, events } = await download(urls, {
      ...WITH_PIECES,
      stallTimeoutMs: 60_000,
      onEvent: onceDropped(mirrors),
    });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    const [liar, ...others] = stats.mirrors;
    assertEquals(liar!.state, "dropped");
    assert(liar!.badPieces > 0);
    assert(
      /has another file: its bytes differ from those that are expected in piece \d+ \(bytes \d+-\d+\)$/
        .test(liar!.message!),
      liar!.message,
    );
    assertEquals(
      others.map(({ badPieces, state }) => [badPieces, state === "dropped"]),
      [[0, false], [0, false]],
    );
    const notes = events.flatMap((event) => event.type === "note" ? [event.message] : []);
    assert(
      notes.some((note) => note.includes("other bytes than expected") && note.includes(urls[0]!)),
      notes.join("\n"),
    );
  });
});

Deno.test("Downloader: expected pieces: only bad pieces are fetched twice", async () => {
  // Every algorithm but adaptive requests whole blocks: no piece is of two mirrors.
  const options = {
    ...WITH_PIECES,
    delayRequest: "diff",
    splitSize: LENGTH,
    duplicateRequest: "none",
    // What a busy machine holds up is not requested again.
    stallTimeoutMs: 60_000,
  } as const;
  await withMirrors([{ content: flippedContent(FILE, [130_000]) }, {}], async (urls, mirrors) => {
    const { sha256, error, stats } = await download(urls, options);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    const sent = mirrors.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    const probe = 12 * 1024;
    // The liar's other requests may have been under way.
    assert(sent <= FILE.size + probe + 6 * LENGTH, `${sent - FILE.size} bytes more than the file`);
    assertEquals(stats.mirrors[0]!.badPieces <= 1, true);
  });
});

Deno.test("Downloader: expected pieces: a whole other file of the same size is found by its first piece", async () => {
  await withMirrors(
    [{ content: otherContent(FILE) }, { content: otherContent(FILE) }, UNTIL_DROPPED],
    async (urls, mirrors) => {
      const onEvent = onceDropped(mirrors, 2);
      const { sha256, error, stats } = await download(urls, {
        ...WITH_PIECES,
        stallTimeoutMs: 60_000,
        onEvent,
      });
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assertEquals(stats.mirrors.map(({ state }) => state === "dropped"), [true, true, false]);
    },
  );
});

Deno.test("Downloader: expected pieces: a piece that no mirror has right is an error that names it and each mirror", async () => {
  const content = flippedContent(FILE, [530_000]);
  await withMirrors([{ content }, { content }], async (urls) => {
    const { error, bytes } = await download(urls, WITH_PIECES);
    assert(error instanceof PieceMismatchError);
    const { piece, start, end, cause, message } = error as PieceMismatchError;
    assertEquals([piece, start, end], [10, 500_000, 550_000]);
    assertEquals(cause.map(({ mirror }) => mirror), urls);
    assert(
      message.startsWith("No mirror has piece 10 (bytes 500000-549999) as it is expected:\n"),
      message,
    );
    assert(bytes <= 500_000);
  });
});

Deno.test("Downloader: expected pieces: mirrors that are each wrong in another place deliver the file", async () => {
  const places = [[130_000], [530_000], [730_000]];
  const mirrors = places.map((wrong) => ({ content: flippedContent(FILE, wrong) }));
  for (const some of [mirrors, mirrors.slice(1)]) {
    await withMirrors(some, async (urls) => {
      const { sha256, error } = await download(urls, WITH_PIECES);
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
    });
  }
});

Deno.test("Downloader: expected pieces: a lone mirror with a bad piece is an error, after all pieces before it", async () => {
  await withMirrors([{ content: flippedContent(FILE, [530_000]) }], async (urls) => {
    const { error, bytes } = await download(urls, WITH_PIECES);
    assert(error instanceof PieceMismatchError);
    assertEquals([(error as PieceMismatchError).piece, bytes % LENGTH], [10, 0]);
    assert(bytes <= 500_000);
  });
});

Deno.test("Downloader: expected pieces: mirrors without ranges: the file is read again from another one", async () => {
  const ranges = false;
  const content = flippedContent(FILE, [530_000]);
  await withMirrors([{ content, ranges }, { ranges }], async (urls) => {
    const { sha256, error, stats } = await download(urls, {
      ...WITH_PIECES,
      deliverAfter: "first-answer",
    });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors.filter(({ state }) => state === "dropped").length <= 1, true);
  });
});

Deno.test("Downloader: expected pieces: a lone mirror without ranges and without a size", async () => {
  await withMirrors([{ unknownLength: "chunked" }], async (urls) => {
    const { sha256, error } = await download(urls, { expectedPieces: PIECES });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
  });
  await withMirrors(
    [{ unknownLength: "chunked", content: bytesContent(FILE.read(0, 400_000)) }],
    async (urls) => {
      const { error } = await download(urls, { expectedPieces: PIECES, retry: { attempts: 1 } });
      assert(error instanceof Error, "a shorter file");
    },
  );
});

Deno.test("Downloader: expected pieces: mirrors of another size are dropped, though no size is expected", async () => {
  const mirrors = [{ content: bytesContent(FILE.read(0, 999_000)) }, {}, {}];
  await withMirrorsAtOnce(mirrors, async (urls) => {
    const { sha256, error, stats } = await download(urls, { expectedPieces: PIECES });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors[0]!.state, "dropped");
  });
});

Deno.test("Downloader: expected pieces: a range of whole pieces", async () => {
  await withMirrors([{ content: flippedContent(FILE, [130_000]) }, {}], async (urls) => {
    for (const range of [{ start: 100_000, end: 200_000 }, { start: 950_000 }, { end: 50_000 }]) {
      const { sha256, error } = await download(urls, { ...WITH_PIECES, range });
      const { start = 0, end = FILE.size } = range;
      assertEquals([error, sha256], [undefined, bytesContent(FILE.read(start, end)).sha256()]);
    }
  });
});

Deno.test("Downloader: expected pieces: a small window holds two pieces, and no more", async () => {
  const splitSize = 10_000;
  const options = { ...WITH_PIECES, splitSize, windowSize: 2 * LENGTH };
  await withMirrors(
    [{ content: flippedContent(FILE, [130_000, 480_000]) }, {}, {}],
    async (urls) => {
      const { sha256, error, stats } = await download(urls, options);
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assert(stats.peakBufferedBytes <= 3 * LENGTH + 64 * 1024, `${stats.peakBufferedBytes}`);
    },
  );
});

Deno.test("Downloader: expected pieces are checked", () => {
  const urls = ["http://one.example/"];
  const bad = (
    options: object,
    message: string,
    type: typeof OptionTypeError | typeof OptionRangeError,
  ) => {
    const error = assertThrows(() => new Downloader(urls, options), type as typeof OptionTypeError);
    assertEquals(error.message, message);
  };
  const digests = PIECES.digests;
  bad(
    { expectedPieces: { ...PIECES, algorithm: "crc32" } },
    'expectedPieces.algorithm is "crc32", but must be one of sha-512, sha-384, sha-256, sha-224, ' +
      "sha-1, md5",
    OptionTypeError,
  );
  bad(
    { expectedPieces: { ...PIECES, length: 0 } },
    "expectedPieces.length is 0, but must be from 1 to 268435456",
    OptionRangeError,
  );
  bad(
    { expectedPieces: { ...PIECES, digests: ["00"] } },
    'expectedPieces.digests[0] is "00", but must be 64 hexadecimal digits',
    OptionTypeError,
  );
  bad(
    { expectedPieces: PIECES, expectedSize: FILE.size + LENGTH },
    `expectedPieces.digests has 21 digests, but a file of ${
      FILE.size + LENGTH
    } bytes has 22 pieces of 50000 bytes`,
    OptionRangeError,
  );
  bad(
    { expectedPieces: PIECES, range: { start: 1 } },
    "range is 1 to the end, but must begin and end with a piece of 50000 bytes",
    OptionRangeError,
  );
  bad(
    { expectedPieces: PIECES, windowSize: 99_999, splitSize: 1000 },
    "windowSize is 99999, but must be at least twice the length of the pieces, 50000",
    OptionRangeError,
  );
  assertEquals(digests.length, 21);
  const download = new Downloader(urls, {
    expectedPieces: { ...PIECES, length: 64 * 1024 * 1024 },
  });
  assertEquals(download.windowSize, 160 * 1024 * 1024);
  assertThrows(() => download.windowSize = 100 * 1024 * 1024, OptionRangeError);
});
