import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  DelayRequestAlgorithm,
  Downloader,
  type DownloaderOptions,
  MirrorBook,
} from "../../mod.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";
import {
  download,
  inTime,
  PIECES,
  QUICK,
  withMirrors,
  withMirrorsAtOnce,
} from "../support/download.ts";
import { firstRanges, LONG_AND_FAST, mostFirstRanges, MUCH } from "../support/first_ranges.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";
import { type Rewriting, rewrittenFetch } from "../support/rewritten_fetch.ts";

const CONTENT = randomContent(6_000_000, 11);
const ADAPTIVE: DownloaderOptions = { ...QUICK, delayRequest: "adaptive" };
const LINK: Partial<MirrorOptions> = { ...LONG_AND_FAST, content: CONTENT };

Deno.test("Downloader: with the same book, a second download requests more at first", async () => {
  // A lone mirror would be asked for everything at once. Of two, the first one leads, and would bring much of a shorter
  // file before the other one is measured.
  const content = randomContent(24_000_000, 12);
  const link = { ...LINK, content };
  await withMirrors([link, link], async (urls, [, mirror]) => {
    let book!: MirrorBook;
    // The other one has to be measured before the first one has brought everything.
    await inTime(async () => {
      book = new MirrorBook();
      const before = mirror!.requests.length;
      const first = await download(urls, { ...ADAPTIVE, book });
      assertEquals(first.sha256, content.sha256());
      const { bytesPerSecond = 0, latencyMs = 0 } = book.get(urls[1]!) ?? {};
      assert(bytesPerSecond > 2e6, `${bytesPerSecond}`);
      assert(latencyMs > 50, `${latencyMs}`);
      assert(firstRanges(mirror!, before) < MUCH, `${firstRanges(mirror!, before)}`);
    });
    const size = await mostFirstRanges(mirror!, async () => {
      const { sha256 } = await download(urls, { ...ADAPTIVE, book });
      assertEquals(sha256, content.sha256());
    });
    assert(size > MUCH, `${size}`);
  });
});

Deno.test("Downloader: what the book says is known of each mirror on its own", async () => {
  await withMirrorsAtOnce([LINK, LINK], async (urls, [one, two]) => {
    const size = await mostFirstRanges(two!, async () => {
      const before = one!.requests.length;
      const book = new MirrorBook();
      book.set(urls[1]!, { bytesPerSecond: 8e6, latencyMs: 100 });
      const { sha256 } = await download(urls, { ...ADAPTIVE, book });
      assertEquals(sha256, CONTENT.sha256());
      assert(firstRanges(one!, before) < MUCH, `${firstRanges(one!, before)}`);
    });
    assert(size > MUCH, `${size}`);
  });
});

Deno.test("Downloader: every delay request algorithm fills the book", async () => {
  await withMirrors([{ content: CONTENT, bytesPerSecond: 20e6 }], async (urls) => {
    for (const delayRequest of Object.values(DelayRequestAlgorithm)) {
      // A process that gets to read only once all has arrived measures nothing.
      await inTime(async () => {
        const book = new MirrorBook();
        await download(urls, { ...ADAPTIVE, delayRequest, book });
        assertEquals(book.size, 1, delayRequest);
      });
    }
  });
});

Deno.test("Downloader: the book is filled also when the download is cancelled or fails", async () => {
  await withMirrors([{ content: CONTENT, bytesPerSecond: 20e6 }], async (urls) => {
    // A process that gets to read only once all has arrived measures nothing.
    await inTime(async () => {
      const cancelled = new MirrorBook();
      let bytes = 0;
      for await (const part of new Downloader(urls, { ...ADAPTIVE, book: cancelled })) {
        bytes += part.byteLength;
        if (bytes > CONTENT.size / 2) break;
      }
      assertEquals(cancelled.size, 1);
    });
    await inTime(async () => {
      const failed = new MirrorBook();
      const downloader = new Downloader(urls, {
        ...ADAPTIVE,
        book: failed,
        onEvent: (event) => {
          if (event.type === "receive" && event.block === 100) throw new Error("listener broke");
        },
      });
      await assertRejects(() => Array.fromAsync(downloader), Error, "listener broke");
      assertEquals(failed.size, 1);
    });
  });
});

Deno.test("Downloader: a mirror that delivered little, or a whole file, is not in the book", async () => {
  const little = randomContent(200_000, 3);
  await withMirrors([{ content: little }], async (urls) => {
    const book = new MirrorBook();
    await download(urls, { ...ADAPTIVE, book });
    assertEquals(book.size, 0);
    await new Downloader(urls, { book }).cancel();
    assertEquals(book.size, 0);
  });
  await withMirrors([{ content: CONTENT, ranges: false }], async (urls) => {
    const book = new MirrorBook();
    const { bytes } = await download(urls, { ...ADAPTIVE, book });
    assertEquals([bytes, book.size], [CONTENT.size, 0]);
  });
});

const UNRELIABLE: [name: string, rewriting: Rewriting][] = [
  ["ETags of two machines", { etag: ({ index }) => `"${index % 2}"`, ifRange: "compared" }],
  ["another ETag in each answer", { etag: ({ index }) => `"${index}"` }],
  ["a 200 to If-Range, though nothing has changed", { etag: () => '"a"', ifRange: "whole" }],
];

for (const [name, rewriting] of UNRELIABLE) {
  Deno.test(`Downloader: the book remembers unreliable validators: ${name}`, async () => {
    await withMirrors([{ content: CONTENT }], async (urls) => {
      const book = new MirrorBook();
      const first = rewrittenFetch(rewriting);
      await download(urls, { ...PIECES, fetch: first.fetch, book });
      assert(first.requests.some(({ ifRange }) => ifRange !== undefined));
      assert(book.isUnreliable(urls[0]!));
      // Of another file of the origin they prove nothing from the beginning.
      const later = MirrorBook.fromJSON(JSON.parse(JSON.stringify(book)));
      const second = rewrittenFetch({ etag: () => '"same"' });
      const { sha256, events } = await download(urls, {
        ...PIECES,
        fetch: second.fetch,
        book: later,
      });
      assertEquals(sha256, CONTENT.sha256());
      assertEquals(second.requests.filter(({ ifRange }) => ifRange !== undefined), []);
      const checks = second.requests.filter(({ range }) => range!.end - range!.start === 1024);
      assert(checks.length > 0);
      const compared = checks.reduce((sum, { range }) => sum + range!.end - range!.start, 0);
      assert(compared < 0.005 * CONTENT.size, `${checks.length} checks of ${compared} bytes`);
      assertEquals(events.filter(({ type }) => type === "note"), []);
    });
  });
}

Deno.test("Downloader: a file that changes on an unreliable origin is still found out", async () => {
  await withMirrors([{ content: CONTENT }], async (urls, [mirror]) => {
    const book = new MirrorBook();
    book.distrust(urls[0]!);
    let index = 0;
    const { error } = await download(urls, {
      ...PIECES,
      book,
      fetch: (url, init) => {
        if (index++ === 12) mirror!.setContent(otherContent(CONTENT));
        return fetch(url, init);
      },
    });
    assertMatch(String(error), /the file changed: its ETag was ".*" and is ".*"/);
  });
});

Deno.test("Downloader: the book does not distrust validators that tell the truth", async () => {
  await withMirrors([{ content: CONTENT }, { content: CONTENT }], async (urls, [mirror]) => {
    const book = new MirrorBook();
    const { error } = await download(urls, { ...PIECES, book });
    assertEquals(error, undefined);
    let index = 0;
    await download(urls, {
      ...PIECES,
      book,
      fetch: (url, init) => {
        if (index++ === 12) mirror!.setContent(otherContent(CONTENT));
        return fetch(url, init);
      },
    });
    assertEquals(urls.filter((url) => book.isUnreliable(url)), []);
  });
});

Deno.test("Downloader: unreliable validators are remembered also under a rate limit", async () => {
  await withMirrors([{ content: CONTENT }], async (urls) => {
    const book = new MirrorBook();
    const { fetch } = rewrittenFetch({ etag: ({ index }) => `"${index}"` });
    await download(urls, { ...PIECES, fetch, book, maxRate: 1e9 });
    assertEquals([book.size, book.isUnreliable(urls[0]!)], [0, true]);
  });
});
