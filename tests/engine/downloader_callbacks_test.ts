import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  type KnownLink,
  MirrorBook,
  NoMirrorLeftError,
  type TraceEvent,
} from "../../mod.ts";
import { FILE, QUICK, withMirrors } from "../support/download.ts";
import { LATE_BLOCK, onceLate } from "../support/held_mirrors.ts";

// The sanitizers of Deno.test find what is left running: requests, timers, clients.

const TYPES: TraceEvent["type"][] = ["ask", "answer", "open", "mirror", "send", "receive", "end"];

/** Reads a download to its end; returns how many bytes came, and the error. */
async function drain(download: Downloader): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0;
  try {
    for await (const part of download) bytes += part.byteLength;
  } catch (error) {
    return { bytes, error };
  }
  return { bytes, error: undefined };
}

for (const type of TYPES) {
  Deno.test(`onEvent that throws at "${type}" ends the download with its error`, async () => {
    await withMirrors([{}, {}], async (urls) => {
      const thrown = new Error("listener broke");
      const events: TraceEvent[] = [];
      const onEvent = (event: TraceEvent) => {
        events.push(event);
        if (event.type === type) throw thrown;
      };
      const { error } = await drain(new Downloader(urls, { ...QUICK, http: "http1", onEvent }));
      assertEquals(error, thrown);
      assertEquals(events.filter(({ type }) => type === "end").length, 1);
    });
  });

  Deno.test(`onEvent may cancel at "${type}"`, async () => {
    await withMirrors([{}, {}], async (urls) => {
      const reason = new Error("enough");
      let cancelled: Promise<void> | undefined;
      const download = new Downloader(urls, {
        ...QUICK,
        onEvent: (event) => {
          if (event.type === type) cancelled ??= download.cancel(reason);
        },
      });
      const { error } = await drain(download);
      await cancelled;
      // At the end there is nothing to cancel but what has not been read.
      assertEquals(error, reason);
    });
  });

  Deno.test(`onEvent may use the download at "${type}"`, async () => {
    await withMirrors([{}, {}], async (urls) => {
      const opened: Promise<unknown>[] = [];
      const events: TraceEvent[] = [];
      let calls = 0;
      const download = new Downloader(urls, {
        ...QUICK,
        stallTimeoutMs: 60_000,
        windowSize: 400_000,
        trace: true,
        onEvent: (event) => {
          events.push(event);
          if (event.type !== type) return;
          calls++;
          opened.push(download.open());
          download.windowSize = calls % 2 === 0 ? 400_000 : 200_000;
          download.maxRate = calls % 2 === 0 ? undefined : 1e9;
          download.stats();
          download.trace();
          void download.knownFile;
        },
      });
      const { bytes, error } = await drain(download);
      assertEquals([bytes, error], [FILE.size, undefined]);
      await Promise.all(opened);
      assert(calls > 0);
      // Nothing was requested that the scheduler did not know of.
      const failures = events.filter(({ type }) => type === "failure");
      assertEquals(failures, []);
    });
  });
}

Deno.test("onEvent may read the bytes", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const reads: Promise<IteratorResult<Uint8Array>>[] = [];
    const download = new Downloader(urls, {
      ...QUICK,
      onEvent: ({ type }) => {
        if (type === "receive") reads.push(iterator.next());
      },
    });
    const iterator = download[Symbol.asyncIterator]();
    let bytes = 0;
    for (let part = await iterator.next(); !part.done; part = await iterator.next()) {
      bytes += part.value.byteLength;
    }
    for (const { value } of await Promise.all(reads)) bytes += value?.byteLength ?? 0;
    assertEquals(bytes, FILE.size);
  });
});

Deno.test("an algorithm may cancel the download", async () => {
  for (const which of ["delayRequest", "duplicateRequest"] as const) {
    await withMirrors(LATE_BLOCK, async (urls, mirrors) => {
      const reason = new Error("enough");
      let cancelled: Promise<void> | undefined;
      const options: DownloaderOptions = {
        stallTimeoutMs: 60_000,
        delayRequest: () => 0,
        [which]: () => {
          cancelled ??= download.cancel(reason);
          return which === "delayRequest" ? 0 : false;
        },
        onEvent: onceLate(urls, mirrors),
      };
      const download = new Downloader(urls, { ...QUICK, ...options });
      const { error } = await drain(download);
      await cancelled;
      assertEquals(error, reason);
    });
  }
});

class BrokenBook extends MirrorBook {
  readonly #broken: "get" | "set";
  readonly error: Error = new Error("book broke");

  constructor(broken: "get" | "set") {
    super();
    this.#broken = broken;
  }

  override get(url: string | URL, now?: number): KnownLink | undefined {
    if (this.#broken === "get") throw this.error;
    return super.get(url, now);
  }

  override set(url: string | URL, known: KnownLink, now?: number): void {
    if (this.#broken === "set") throw this.error;
    super.set(url, known, now);
  }
}

Deno.test("a book that throws ends the download with its error, after all bytes", async () => {
  await withMirrors([{ bytesPerSecond: 5e6 }], async (urls) => {
    const reading = new BrokenBook("get");
    assertEquals(await catching(() => new Downloader(urls, { book: reading })), reading.error);
    const book = new BrokenBook("set");
    const { bytes, error } = await drain(new Downloader(urls, { ...QUICK, book }));
    assertEquals([bytes, error], [FILE.size, book.error]);
  });
});

Deno.test("a book that throws does not hide why a download ended, and leaves nothing running", async () => {
  await withMirrors([{}], async (urls) => {
    const book = new BrokenBook("set");
    const download = new Downloader(urls, { ...QUICK, book });
    const iterator = download[Symbol.asyncIterator]();
    while (download.stats().receivedBytes < 300_000) await iterator.next();
    const reason = new Error("enough");
    await download.cancel(reason);
    assertEquals(await catching(() => iterator.next()), reason);
  });
});

Deno.test("a failure between open() and the first read surfaces as itself, after all bytes before it", async () => {
  const faults = [
    { kind: "reset", afterBytes: 30_000, count: 1 },
    { kind: "status", status: 401, from: 1 },
  ] as const;
  for (const read of ["iterator", "stream"] as const) {
    await withMirrors([{ faults: [...faults] }], async (urls) => {
      const ended = Promise.withResolvers<void>();
      const download = new Downloader(urls, {
        ...QUICK,
        maxConnectionsPerMirror: 1,
        onEvent: ({ type }) => type === "end" && ended.resolve(),
      });
      await download.open();
      await ended.promise;
      const { bufferedBytes } = download.stats();
      assert(bufferedBytes >= 12 * 1024);
      let bytes = 0;
      const source = read === "iterator" ? download : download.stream();
      const error = await catching(async () => {
        for await (const part of source) {
          assertEquals(part, FILE.read(bytes, bytes + part.byteLength));
          bytes += part.byteLength;
        }
      });
      assertInstanceOf(error, NoMirrorLeftError);
      assertEquals(bytes, bufferedBytes);
    });
  }
});

Deno.test("an abort between open() and the first read surfaces as the signal's reason", async () => {
  await withMirrors([{}], async (urls) => {
    const controller = new AbortController();
    const download = new Downloader(urls, { ...QUICK, signal: controller.signal });
    await download.open();
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await drain(download), { bytes: 0, error: reason });
    const late = new Downloader(urls, { ...QUICK, signal: controller.signal });
    assertEquals(await drain(late), { bytes: 0, error: reason });
    await assertRejects(() => late.open(), Error, "enough");
  });
});

/** Returns the error that `act` throws, or rejects with. */
async function catching(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}
