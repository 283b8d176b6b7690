import { assert, assertEquals, assertThrows } from "@std/assert";
import { Downloader, MirrorBook, type TraceEvent } from "../../mod.ts";
import { download, FILE, inTime, withMirrors } from "../support/download.ts";

/** The file in half a second. */
const RATE = 2 * FILE.size;

/** Waits for the timers, and the clocks, not being in step, in milliseconds. */
const SLACK_MS = 150;

/** What holds up the front may be requested so long before it is paid for, in milliseconds. */
const MOST_DEBT_MS = 300;

/** Returns options by which a download measures how long it takes at most until a response begins. */
function measuring() {
  const measured = { longestMs: 0 };
  const sentAt = new Map<string, number>();
  // What is requested may be held up before `fetch` is called.
  const onEvent = (event: TraceEvent) => {
    if (event.type !== "ask" && event.type !== "send") return;
    sentAt.set(`${event.mirror} ${event.start}`, performance.now());
  };
  const timed: typeof globalThis.fetch = async (url, init) => {
    const [, start] = /^bytes=(\d+)/.exec(new Headers(init?.headers).get("range")!)!;
    const askedAt = sentAt.get(`${url} ${start}`) ?? performance.now();
    const response = await fetch(url, init);
    measured.longestMs = Math.max(measured.longestMs, performance.now() - askedAt);
    return response;
  };
  return { options: { fetch: timed, onEvent }, measured };
}

for (const delayRequest of ["adaptive", "diff"] as const) {
  Deno.test(`maxRate: ${delayRequest} delivers the right bytes over the wire, and not too soon`, async () => {
    const links = [{ roundTripMs: 4 }, { bytesPerSecond: 1e6, roundTripMs: 10 }, {
      roundTripMs: 20,
    }];
    await withMirrors(links, async (urls, mirrors) => {
      const maxRate = FILE.size / 2;
      const { options: measures, measured } = measuring();
      const options = { delayRequest, maxRate, ...measures, stallTimeoutMs: 60_000 };
      const { sha256, error, stats } = await download(urls, options);
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assertEquals(stats.mirrors.map(({ failures }) => failures), [0, 0, 0]);
      // Nothing burst at the beginning, either: every request was for little, if for a round trip, which a busy machine
      // makes long.
      const longest = Math.max(
        ...mirrors.flatMap(({ requests }) =>
          requests.map(({ range }) => range!.end - range!.start)
        ),
      );
      const longestMs = Math.max(160, 2 * measured.longestMs);
      assert(longest <= (maxRate * longestMs) / 1000, `${longest} bytes, ${longestMs} ms`);
      // When the last request was sent, all others were paid for, but for the debt.
      const leastMs = 1000 * (FILE.size - longest) / maxRate - MOST_DEBT_MS;
      assert(stats.elapsedMs >= leastMs, `${stats.elapsedMs} ms, at least ${leastMs}`);
    });
  });
}

for (const unknownLength of [undefined, "chunked"] as const) {
  Deno.test(`maxRate: a whole file (${unknownLength ?? "of known size"}) is read no faster than that`, async () => {
    const options = unknownLength ? { unknownLength } : { ranges: false };
    await withMirrors([options], async (urls) => {
      const { sha256, error, stats } = await download(urls, { maxRate: RATE });
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assert(stats.elapsedMs >= 500 - SLACK_MS, `${stats.elapsedMs} ms`);
      assertEquals(stats.mirrors[0]!.failures, 0);
    });
  });
}

Deno.test("Downloader.maxRate may be set at any time, and ends a wait", async () => {
  for (const ranges of [true, false]) {
    await withMirrors([{ ranges }], async (urls) => {
      // It would take almost three hours.
      const downloader = new Downloader(urls, { maxRate: 100 });
      assertEquals(downloader.maxRate, 100);
      let bytes = 0;
      for await (const part of downloader) {
        bytes += part.byteLength;
        downloader.maxRate = undefined;
      }
      assertEquals([bytes, downloader.maxRate], [FILE.size, undefined]);
    });
  }
});

Deno.test("Downloader.maxRate: a download that waits can be cancelled, and refuses nonsense", async () => {
  for (const ranges of [true, false]) {
    await withMirrors([{ ranges }], async (urls) => {
      await using downloader = new Downloader(urls, { maxRate: 1 });
      await downloader.open();
      assertThrows(
        () => downloader.maxRate = 0,
        RangeError,
        "maxRate is 0, but must be at least 1",
      );
      assertEquals(downloader.maxRate, 1);
    });
  }
});

Deno.test("maxRate: nothing is recorded of links that were not fully used", async () => {
  await withMirrors([{ bytesPerSecond: 3e6, roundTripMs: 5 }], async (urls) => {
    const book = new MirrorBook();
    assertEquals((await download(urls, { book, maxRate: RATE })).error, undefined);
    assertEquals(book.size, 0);
    // A process that gets to read only once all has arrived measures nothing.
    await inTime(async () => {
      assertEquals((await download(urls, { book })).error, undefined);
      assertEquals(book.size, 1);
    });
  });
});

Deno.test("maxRate: what small probes found out serves another download, but for their digest", async () => {
  await withMirrors([{}, {}], async ([known, other]) => {
    await using limited = new Downloader([known!], { maxRate: 20_000 });
    await limited.open();
    const { knownFile } = limited;
    assertEquals([knownFile?.info.size, knownFile?.digest], [FILE.size, undefined]);
    // A mirror that is new is compared by more bytes than the first one was.
    const { error, sha256, stats } = await download([known!, other!], { knownFile });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors.map(({ state }) => state === "dropped"), [false, false]);
  });
});
