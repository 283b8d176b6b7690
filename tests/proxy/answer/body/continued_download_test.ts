import { assertEquals, assertRejects } from "@std/assert";
import { NoMirrorLeftError } from "../../../../mod.ts";
import { ContinuedDownload } from "../../../../lib/proxy/answer/body/continued_download.ts";
import { MemoryBudget, ResponseMemory } from "../../../../lib/proxy/capacity/memory_budget.ts";

const SIZE = 20_000_000;
/** Longer than the pause before another download, in milliseconds. */
const WHILE_MS = 600;

/** Responds with parts of a file, until it is gone. */
class Mirror {
  isGone = false;
  requests = 0;

  readonly fetch = (_input: URL | Request | string, init?: RequestInit): Promise<Response> => {
    this.requests++;
    if (this.isGone) return Promise.resolve(new Response(null, { status: 500 }));
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init?.headers).get("range")!)!;
    const start = Number(from);
    const end = to === "" ? SIZE : Math.min(SIZE, Number(to) + 1);
    let at = start;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (this.isGone) return controller.error(new TypeError("gone"));
        const next = Math.min(end, at + 100_000);
        controller.enqueue(new Uint8Array(next - at));
        at = next;
        if (at === end) controller.close();
      },
    });
    const headers = {
      "content-range": `bytes ${start}-${end - 1}/${SIZE}`,
      "content-length": `${end - start}`,
      etag: '"1"',
    };
    return Promise.resolve(new Response(body, { status: 206, headers }));
  };
}

Deno.test("ContinuedDownload: cancelled between two downloads, it requests nothing more", async () => {
  const mirror = new Mirror();
  using memory = new ResponseMemory(new MemoryBudget({ bytes: 16_000_000, maxDownloads: 1 }));
  let drops = 0;
  const download = new ContinuedDownload({
    mirrors: ["https://a.test/film"],
    options: { fetch: mirror.fetch, splitSize: 1_000_000, retry: { attempts: 1 } },
    memory,
    known: undefined,
    range: undefined,
    retryMaxMs: 60_000,
    onEvent: (event) => {
      if (event.type === "mirror" && event.state === "dropped") drops++;
    },
  });
  await download.open();
  await download.next();
  mirror.isGone = true;
  const rest = (async () => {
    while (!(await download.next()).done);
  })();
  rest.catch(() => {});
  // The first download has failed, then another one: it goes on trying, after a pause each time.
  while (drops < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  await download.cancel();
  const { requests } = mirror;
  await assertRejects(() => rest, NoMirrorLeftError);
  await new Promise((resolve) => setTimeout(resolve, WHILE_MS));
  assertEquals(mirror.requests, requests);
});

Deno.test("ContinuedDownload: cancelled as its reader asks for bytes that were dropped, it requests nothing more", async () => {
  const mirror = new Mirror();
  using memory = new ResponseMemory(new MemoryBudget({ bytes: 16_000_000, maxDownloads: 1 }));
  const complete = Promise.withResolvers<void>();
  const download = new ContinuedDownload({
    mirrors: ["https://a.test/film"],
    options: { fetch: mirror.fetch, splitSize: 1_000_000 },
    memory,
    known: undefined,
    range: { start: 0, end: 3_000_000 },
    retryMaxMs: 60_000,
    onEvent: (event) => {
      if (event.type === "end" && event.outcome === "complete") complete.resolve();
    },
  });
  await download.open();
  let { value } = await download.next();
  await complete.promise;
  // Almost all that has arrived is dropped.
  download.windowSize = 1;
  while (download.stats().bufferedBytes > 0) ({ value } = await download.next());
  assertEquals(value !== undefined, true);
  const { requests } = mirror;
  const next = download.next();
  const cancelled = download.cancel();
  await assertRejects(() => next, DOMException);
  await cancelled;
  assertEquals(mirror.requests, requests);
});
