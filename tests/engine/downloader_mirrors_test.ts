import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  MirrorUrlError,
  NoMirrorLeftError,
} from "../../mod.ts";
import { delay } from "@std/async/delay";
import { FILE, inTime, QUICK, readToEnd, withMirrors } from "../support/download.ts";
import { onceDropped } from "../support/held_mirrors.ts";
import { until } from "../support/lab/client.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";

const SLOW = { bytesPerSecond: 800_000 };

/** Reads a download from the first mirrors; calls `change` once bytes have come. */
async function changing(
  urls: readonly string[],
  change: (download: Downloader) => void,
  options: DownloaderOptions = {},
) {
  const download = new Downloader(urls, { ...QUICK, ...options });
  await download.open();
  change(download);
  return await readToEnd(download);
}

function reasonsOf(error: unknown): unknown {
  return error instanceof NoMirrorLeftError ? error.cause.map(({ reason }) => reason) : error;
}

Deno.test("Downloader.addMirror(): a mirror that is added while a download runs delivers some of it", async () => {
  // The slow one never sends the rest, however slow the machine.
  await withMirrors(
    [{ bytesPerSecond: 200_000, silentAfter: 500_000 }, {}],
    async ([slow, fast]) => {
      const { error, sha256, stats } = await changing([slow!], (one) => one.addMirror(fast!));
      assertEquals([error, sha256], [undefined, FILE.sha256()]);
      assertEquals(stats.mirrors.map(({ url }) => url), [slow, fast]);
      assert(stats.mirrors[1]!.bytes > 0);
    },
  );
});

Deno.test("Downloader.addMirror(): one with other bytes of the same size is never used", async () => {
  const lab = [{ ...SLOW, silentAfter: 500_000 }, { content: otherContent(FILE) }];
  await withMirrors(lab, async ([good, wrong], [mirror]) => {
    // The rest comes once the other one was compared, however slow the machine.
    const onEvent = onceDropped([mirror!]);
    const add = (one: Downloader) => one.addMirror(wrong!);
    const options = { stallTimeoutMs: 60_000, onEvent };
    const { error, sha256, stats } = await changing([good!], add, options);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors[1]!.state, "dropped");
  });
});

Deno.test("Downloader.dropMirror(): its requests end, and the others bring the rest", async () => {
  await withMirrors([SLOW, SLOW], async ([first, second], [mirror]) => {
    const { error, sha256, stats } = await changing([first!, second!], (one) => {
      assertEquals([one.dropMirror(first!), one.dropMirror(first!)], [true, false]);
    });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors.map(({ state }) => state)[0], "dropped");
    assertEquals(stats.mirrors[0]!.message, `${first}: was dropped`);
    // The mirror may notice later than the download.
    await until(() => mirror!.openConnections === 0 || undefined);
  });
});

Deno.test("Downloader: mirrors that fail can be replaced, and be added again", async () => {
  await withMirrors([SLOW, SLOW], async ([first, second]) => {
    const { error, sha256 } = await changing([first!], (one) => {
      one.addMirror(second!);
      one.dropMirror(first!);
      one.addMirror(first!);
      one.dropMirror(second!);
    });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("Downloader.dropMirror(): without a mirror, a download fails, before the start and later", async () => {
  await withMirrors([SLOW], async ([url]) => {
    const late = await changing([url!], (one) => assert(one.dropMirror(url!)));
    assertEquals(reasonsOf(late.error), ["dropped"]);
    const early = new Downloader([url!], QUICK);
    early.dropMirror(url!);
    const { error } = await readToEnd(early);
    assertInstanceOf(error, NoMirrorLeftError);
  });
});

Deno.test("Downloader: mirrors that are added and dropped before the start are as if they had been given so", async () => {
  await withMirrors([{}, {}], async ([one, other], [first]) => {
    const download = new Downloader([one!], QUICK);
    download.windowSize = 200_000;
    download.addMirror(other!);
    download.addMirror(new URL(other!));
    assert(download.dropMirror(one!));
    assertEquals(download.windowSize, 200_000);
    const { error, sha256, stats } = await readToEnd(download);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(stats.mirrors.map(({ url }) => url), [other]);
    assertEquals(first!.requests.length, 0);
  });
});

/** A distant mirror sends a piece of so many bytes after each so many milliseconds. */
const PIECE = 256 * 1024;
const PIECE_MS = 10;

/** Returns a `fetch` of a file in memory, so far away that the way there is most of the time of a request. */
function distantFetch(bytes: Uint8Array<ArrayBuffer>, roundTripMs: number): typeof fetch {
  return async (_, init) => {
    await delay(roundTripMs, init?.signal ? { signal: init.signal } : {});
    const range = new Headers(init?.headers).get("range");
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range!)!;
    const end = last === "" ? bytes.length : Math.min(bytes.length, Number(last) + 1);
    let at = Number(first);
    // In pieces, so that a rate can be measured however fast the machine is.
    const body = new ReadableStream({
      async pull(controller) {
        await delay(PIECE_MS);
        const piece = bytes.slice(at, Math.min(at + PIECE, end));
        at += piece.length;
        if (piece.length > 0) controller.enqueue(piece);
        if (at === end) controller.close();
      },
    });
    return new Response(body, {
      status: 206,
      headers: {
        "content-range": `bytes ${first}-${end - 1}/${bytes.length}`,
        "etag": '"distant"',
      },
    });
  };
}

Deno.test("Downloader.addMirror(): before the start, the window goes on growing by itself, unless it was set", async () => {
  // Less than the part of a window that may wait for a consumer while the window grows.
  const fetch = distantFetch(randomContent(8_000_000, 4).read(0, 8_000_000), 400);
  const usual = 32 * 1024 * 1024;
  const run = async (set: number | undefined) => {
    const download = new Downloader(["http://one.test/f"], { fetch });
    if (set !== undefined) download.windowSize = set;
    download.addMirror("http://other.test/f");
    let most = 0;
    let bytes = 0;
    for await (const part of download) {
      bytes += part.byteLength;
      most = Math.max(most, download.windowSize);
      download.release(part);
    }
    assertEquals(bytes, 8_000_000);
    return most;
  };
  // Where the process gets little of the processor, the mirrors are not seen to be fast.
  await inTime(async () => {
    const most = await run(undefined);
    assert(most > usual, `${most}`);
  });
  assertEquals(await run(usual), usual);
});

Deno.test("Downloader.addMirror(): after the end nothing happens, and what is no URL is refused", async () => {
  await withMirrors([{}, {}], async ([one, other], [, second]) => {
    const download = new Downloader([one!], QUICK);
    assertEquals((await readToEnd(download)).error, undefined);
    download.addMirror(other!);
    assertEquals([second!.requests.length, download.stats().mirrors.length], [0, 1]);
    assertThrows(() => download.addMirror("ftp://one.example/file"), MirrorUrlError);
    assertThrows(() => download.dropMirror("file"), MirrorUrlError);
    await using cancelled = new Downloader([one!], QUICK);
    await cancelled.cancel();
    cancelled.addMirror(other!);
    assertInstanceOf((await readToEnd(cancelled).catch((error) => ({ error }))).error, TypeError);
  });
});

Deno.test("Downloader.addMirror(): a download that is aborted while addresses are looked up ends quietly", async () => {
  await withMirrors([SLOW, {}], async ([one, other]) => {
    const abort = new AbortController();
    const options = { ...QUICK, eachAddress: true, signal: abort.signal };
    const download = new Downloader([one!], options);
    const opened = download.open();
    download.addMirror(other!.replace("127.0.0.1", "localhost"));
    download.dropMirror(one!);
    abort.abort(new Error("stop"));
    assertEquals(await opened.catch(({ message }) => message), "stop");
    // An unhandled rejection would fail this test.
    await new Promise((resolve) => setTimeout(resolve));
  });
});

Deno.test("Downloader.addMirror(): where each address is a mirror, an added name is looked up, too", async () => {
  await withMirrors([SLOW, {}], async ([one, other]) => {
    const named = other!.replace("127.0.0.1", "localhost");
    const options = {
      eachAddress: true,
      connect: {
        resolve: { [new URL(other!).host.replace("127.0.0.1", "localhost")]: "127.0.0.1" },
      },
    };
    const { error, sha256, stats } = await changing([one!], (download) => {
      download.addMirror(named);
      download.addMirror(other!);
      download.dropMirror(other!);
    }, options);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    const states = Object.fromEntries(stats.mirrors.map(({ url, state }) => [url, state]));
    assertEquals(states[other!], "dropped");
    assert(states[named] !== "dropped", states[named]);
  });
});
