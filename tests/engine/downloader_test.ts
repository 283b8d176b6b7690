import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { Downloader, type DownloaderOptions, NoMirrorLeftError } from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import { download, FILE, QUICK, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { startMirror } from "../support/lab/mirror_lab.ts";

Deno.test("Downloader.open() returns what the file is, and nothing is requested before", async () => {
  await withMirrorsAtOnce([{ contentType: "video/mp4" }, {}], async (urls, mirrors) => {
    await using downloader = new Downloader(urls, QUICK);
    assertEquals(mirrors.map(({ requests }) => requests.length), [0, 0]);
    const info = await downloader.open();
    assertEquals(info.size, FILE.size);
    assertEquals(new Set(info.mirrors), new Set(urls));
    assert(info.etag?.startsWith('"'));
  });
});

Deno.test("Downloader calls fetch without a receiver, as browsers need it", async () => {
  const receivers: unknown[] = [];
  const fetch = function (this: unknown) {
    receivers.push(this);
    return globalThis.fetch("data:text/plain,abc");
  };
  await Array.fromAsync(new Downloader(["http://one.test/f"], { fetch }));
  assertEquals(new Set(receivers), new Set([undefined]));
});

Deno.test("Downloader.stream() is a body that a Response can have", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const response = new Response(new Downloader(urls, QUICK).stream());
    const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
    assertEquals(new Uint8Array(digest).toHex(), FILE.sha256());
  });
});

Deno.test("Downloader: the bytes can be read only once", async () => {
  await withMirrors([{}], async (urls) => {
    await using downloader = new Downloader(urls, QUICK);
    downloader.stream();
    assertThrows(() => downloader.stream(), TypeError, "only once");
    assertThrows(() => downloader[Symbol.asyncIterator](), TypeError, "only once");
    await assertRejects(() => downloader.response(), TypeError, "only once");
    assertEquals(downloader.stats().elapsedMs, 0);
  });
});

Deno.test("Downloader: after cancel() reading is an error that says so", async () => {
  await withMirrors([{}], async (urls) => {
    const downloader = new Downloader(urls, QUICK);
    await downloader.cancel();
    assertThrows(() => downloader.stream(), TypeError, "cancelled");
    await assertRejects(() => downloader.response(), TypeError, "cancelled");
    await assertRejects(() => downloader.open(), DOMException);
  });
});

Deno.test("Downloader.cancel() cancels every request and a pending read", async () => {
  const stalled = { faults: [{ kind: "stall" as const, afterBytes: 20_000 }] };
  await withMirrors([stalled, stalled], async (urls) => {
    const events: string[] = [];
    const downloader = new Downloader(urls, {
      ...QUICK,
      stallTimeoutMs: 60_000,
      onEvent: (event) => void events.push(event.type === "end" ? event.outcome : event.type),
    });
    const iterator = downloader[Symbol.asyncIterator]();
    // What comes before the mirror at the front stalls.
    while (downloader.stats().consumedBytes < 20_000) await iterator.next();
    const pending = iterator.next();
    const reason = new Error("enough");
    const settled = Promise.allSettled([pending]);
    await downloader.cancel(reason);
    await settled;
    await assertRejects(() => iterator.next(), Error, "enough");
    assertEquals(events.at(-1), "cancelled");
  });
});

/** A signal, and a promise that a listener is removed from it. */
function watchedSignal() {
  const { signal } = new AbortController();
  const removed = Promise.withResolvers<void>();
  const remove = signal.removeEventListener.bind(signal);
  signal.removeEventListener = (name: string, listener: EventListenerOrEventListenerObject) => {
    remove(name, listener);
    removed.resolve();
  };
  return { signal, removed: removed.promise };
}

Deno.test("Downloader: a consumer that counts the bytes, and asks for no more, leaves nothing open", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const { signal, removed } = watchedSignal();
    const options = { ...QUICK, http: "http1", signal } as const;
    const parts = new Downloader(urls, options)[Symbol.asyncIterator]();
    for (let left = FILE.size; left > 0;) left -= (await parts.next()).value!.byteLength;
    await removed;
    assertEquals(await parts.next(), { done: true, value: undefined });
  });
});

Deno.test("Downloader.open(): an empty file, of which nothing is left to read, leaves nothing open", async () => {
  const empty = randomContent(0, 1);
  await withMirrors([{ content: empty }], async (urls) => {
    const { signal, removed } = watchedSignal();
    const info = await new Downloader(urls, { ...QUICK, http: "http1", signal }).open();
    assertEquals(info.size, 0);
    await removed;
  });
});

Deno.test("Downloader: leaving the loop early cancels the download", async () => {
  await withMirrors([{ bytesPerSecond: 1e6 }], async (urls, [mirror]) => {
    for await (const part of new Downloader(urls, QUICK)) {
      assert(part.byteLength > 0);
      break;
    }
    assert(mirror!.requests.length <= 2);
  });
});

Deno.test("Downloader: an iterator that was left has no more parts", async () => {
  await withMirrors([{}], async (urls) => {
    const iterator = new Downloader(urls, QUICK)[Symbol.asyncIterator]();
    await iterator.next();
    assertEquals(await iterator.return?.(), { done: true, value: undefined });
    assertEquals(await iterator.next(), { done: true, value: undefined });
  });
});

Deno.test("Downloader: cancelling the stream cancels the download", async () => {
  await withMirrors([{ bytesPerSecond: 1e6 }], async (urls) => {
    const reader = new Downloader(urls, QUICK).stream().getReader();
    await reader.read();
    await reader.cancel();
  });
});

Deno.test("Downloader: a signal ends it with the signal's reason", async () => {
  await withMirrors([{ bytesPerSecond: 1e6 }], async (urls) => {
    const controller = new AbortController();
    const { error } = await download(urls, {
      signal: controller.signal,
      delayRequest: ({ received }) => {
        if (received === 2) controller.abort(new Error("user left"));
        return 0;
      },
    });
    assertEquals((error as Error).message, "user left");
  });
});

Deno.test("Downloader: with a signal that has aborted, nothing is requested", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    const { error } = await download(urls, { signal: AbortSignal.abort(new Error("too late")) });
    assertEquals((error as Error).message, "too late");
    assertEquals(mirror!.requests.length, 0);
  });
});

Deno.test("Downloader: an error of the caller's listener ends the download with it", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const downloader = new Downloader(urls, {
      ...QUICK,
      onEvent: () => {
        throw new Error("listener broke");
      },
    });
    await assertRejects(() => Array.fromAsync(downloader), Error, "listener broke");
  });
});

Deno.test("Downloader: a URL that is given twice counts once, and is reported", async () => {
  await withMirrors([{}], async ([url], [mirror]) => {
    const outcome = await download([url!, `${url}#again`]);
    assertEquals([outcome.error, outcome.stats.mirrors.length], [undefined, 1]);
    const [note] = outcome.events.filter(({ type }) => type === "note");
    assert(note?.type === "note" && note.message.includes(url!));
    assertEquals(mirror!.requests.filter(({ range }) => range?.start === 0).length, 1);
  });
});

Deno.test("Downloader reports the first requests to mirrors, and their responses", async () => {
  await withMirrorsAtOnce([{ path: "/place" }, { ranges: false }], async ([place, other]) => {
    await using redirecting = await startMirror({
      content: FILE,
      redirectTo: `${place}?key=s3cret`,
    });
    const urls = [redirecting.url, other!];
    const { events, error } = await download(urls);
    assertEquals(error, undefined);
    const asked = events.filter((event) => event.type === "ask");
    assertEquals(asked.map(({ mirror, start }) => [mirror, start]), urls.map((url) => [url, 0]));
    const answers = events.filter((event) => event.type === "answer");
    const [moved, whole] = urls.map((url) => answers.find(({ mirror }) => mirror === url));
    assertEquals([moved?.status, moved?.size, moved?.request], [206, FILE.size, 0]);
    assertEquals([whole?.status, whole?.size, whole?.location], [200, FILE.size, undefined]);
    assertEquals(moved?.location, place);
    assert(moved?.etag?.startsWith('"'), `${moved?.etag}`);
  });
});

Deno.test("Downloader.open(): one that fails leaves nothing running, and reports its end", async () => {
  await withMirrors([{ faults: [{ kind: "status", status: 404 }] }], async (urls) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (
      listeners--, remove(...args)
    );
    const ends: string[] = [];
    const onEvent: DownloaderOptions["onEvent"] = (event) => {
      if (event.type === "end") ends.push(event.outcome);
    };
    // A client of its own, which the test would miss.
    const downloader = new Downloader(urls, { ...QUICK, http: "http1", signal, onEvent });
    await assertRejects(() => downloader.open(), NoMirrorLeftError);
    while (listeners > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals(ends, ["failed"]);
  });
});

for (
  const [name, broken] of [
    ["a listener", { onEvent: ({ type }) => type === "open" && fail() }],
    ["an algorithm", { delayRequest: fail }],
    ["a certificate", {
      caCerts: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    }],
  ] as [string, DownloaderOptions][]
) {
  Deno.test(`Downloader reports its end if ${name} of the caller fails`, async () => {
    await withMirrors([{}], async (urls) => {
      const ends: string[] = [];
      const { onEvent } = broken;
      const downloader = new Downloader(urls, {
        ...{ ...QUICK, ...broken },
        onEvent: (event) => {
          if (event.type === "end") ends.push(event.outcome);
          onEvent?.(event);
        },
      });
      await assertRejects(() => Array.fromAsync(downloader));
      assertEquals(ends, ["failed"]);
    });
  });
}

function fail(): never {
  throw new Error("it is broken");
}

Deno.test("Downloader: held bytes stay within the window while the consumer stands still", async () => {
  const content = randomContent(3_000_000, 5);
  await withMirrors([{ content }, { content }, { content, ranges: true }], async (urls) => {
    const windowSize = 400_000;
    const downloader = new Downloader(urls, { ...QUICK, windowSize });
    assertThrows(() => downloader.windowSize = NaN, TypeError, "windowSize is NaN, but must be");
    assertThrows(
      () => downloader.windowSize = 0,
      RangeError,
      "windowSize is 0, but must be at least 2000",
    );
    const least = "windowSize is 99999, but must be at least twice the block size of 50000";
    assertThrows(() => downloader.windowSize = 99_999, RangeError, least);
    assertThrows(() => downloader.maxRate = 0, RangeError, "maxRate is 0, but must be at least 1");
    assertThrows(
      () => downloader.maxRate = NaN,
      RangeError,
      "maxRate is NaN, but must be at least 1",
    );
    const iterator = downloader[Symbol.asyncIterator]();
    let bytes = (await iterator.next()).value!.byteLength;
    // Nobody reads: the mirrors fill the window as far as they may, and then nothing is under way.
    const still = () => downloader.stats().mirrors.every(({ state }) => state !== "busy");
    while (!still()) await new Promise((resolve) => setTimeout(resolve, 1));
    const held = downloader.stats().bufferedBytes;
    assert(held > windowSize / 2 && held <= windowSize, `${held} bytes held`);
    for await (const part of iterator) bytes += part.byteLength;
    assertEquals(bytes, content.size);
    assert(downloader.stats().peakBufferedBytes <= windowSize);
  });
});

Deno.test("Downloader: the body of a whole file is read within the window only", async () => {
  const content = randomContent(3_000_000, 5);
  await withMirrors([{ content, ranges: false }], async (urls) => {
    const windowSize = 300_000;
    const downloader = new Downloader(urls, { ...QUICK, windowSize, idleTimeoutMs: 500 });
    const iterator = downloader[Symbol.asyncIterator]();
    let bytes = (await iterator.next()).value!.byteLength;
    while (downloader.stats().bufferedBytes < windowSize) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Longer than the idle timeout: the silence is the consumer's, not the mirror's.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    for await (const part of iterator) bytes += part.byteLength;
    assertEquals(bytes, content.size);
    const { peakBufferedBytes, mirrors } = downloader.stats();
    assertEquals([peakBufferedBytes <= windowSize, mirrors[0]!.failures], [true, 0]);
  });
});

Deno.test("Downloader.stats() adds up when it has ended", async () => {
  await withMirrors([{}, { bytesPerSecond: 5e6 }], async (urls) => {
    const { stats } = await download(urls);
    assertEquals([stats.size, stats.receivedBytes, stats.consumedBytes], Array(3).fill(FILE.size));
    assertEquals(stats.bufferedBytes, 0);
    const bytes = stats.mirrors.reduce((sum, mirror) => sum + mirror.bytes, 0);
    assertEquals(bytes - stats.wastedBytes, FILE.size);
    assert(stats.firstByteMs! > 0 && stats.firstByteMs! <= stats.elapsedMs);
  });
});

Deno.test("Downloader.trace() keeps send and receive events with the option", async () => {
  await withMirrors([{}], async (urls) => {
    for (const trace of [true, false]) {
      const downloader = new Downloader(urls, { ...QUICK, trace });
      for await (const part of downloader) assertInstanceOf(part, Uint8Array);
      // The caller's own copies.
      const events = downloader.trace();
      for (const event of events.splice(0)) event.atMs = -1;
      assertEquals(downloader.trace().filter(({ atMs }) => atMs < 0), []);
      const receives = downloader.trace().filter(({ type }) => type === "receive");
      assertEquals(receives.length, trace ? 21 : 0);
    }
  });
});

Deno.test("Downloader.release(): memory serves again, and no byte is wrong", async () => {
  const content = randomContent(12_000_000, 77);
  await withMirrors([{ content }, { content }], async (urls) => {
    const downloader = new Downloader(urls, QUICK);
    let offset = 0;
    for await (const part of downloader) {
      const expected = content.read(offset, offset + part.byteLength);
      assert(part.every((byte, index) => byte === expected[index]), `wrong from ${offset} on`);
      offset += part.byteLength;
      downloader.release(part);
      downloader.release(part);
    }
    assertEquals(offset, content.size);
  });
});
