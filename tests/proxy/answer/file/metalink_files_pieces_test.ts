import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { createHandler, type ProxyOptions } from "../../../../server.ts";
import { FILE, withMirrors } from "../../../support/download.ts";
import { flippedContent, otherContent, piecesOf } from "../../../support/lab/content.ts";
import {
  detailOf,
  listing,
  OPTIONS as QUICK,
  query,
  serveDocuments,
} from "../../../support/proxy/metalink_scene.ts";

/** Beside a liar, the good mirror must not be dropped for a few answers that are late. */
const OPTIONS: ProxyOptions = { ...QUICK, download: { ...QUICK.download, stallTimeoutMs: 30_000 } };
const LENGTH = 64 * 1024;
const MIB = 1024 * 1024;

/** Lies behind what mirrors are compared by. */
const LIAR = flippedContent(FILE, [100_000, 400_000, 700_000, FILE.size - 1]);

/** A Metalink with pieces. */
function withPieces(urls: readonly string[], length = LENGTH, content = FILE): string {
  const { algorithm, digests } = piecesOf(content, length);
  return listing(urls, { pieces: { type: algorithm, length, hashes: digests }, hashes: {} });
}

/** What a client has of a response when it ends. */
interface Got {
  readonly response: Response;
  readonly bytes: Uint8Array;
  /** Whether the body ended cleanly. */
  readonly isWhole: boolean;
}

/** Asks one proxy for the file of a Metalink. */
async function withProxy(
  metalink: () => string,
  run: (ask: (headers?: HeadersInit, method?: string) => Promise<Got>) => Promise<void>,
  options: ProxyOptions = OPTIONS,
): Promise<void> {
  await using server = serveDocuments({ "/film.meta4": metalink });
  await using handler = createHandler(options);
  const url = `http://127.0.0.1:8080/proxy?${query(`${server.base}/film.meta4`)}`;
  await run(async (headers = {}, method = "GET") => {
    const response = await handler(new Request(url, { headers, method }));
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let isWhole = true;
    try {
      for await (const part of response.body ?? []) parts.push(part);
    } catch {
      isWhole = false;
    }
    return { response, bytes: new Uint8Array(await new Blob(parts).arrayBuffer()), isWhole };
  });
}

/** Ranges that begin and end in the middle of pieces, at their borders, and at the end of the file. */
const RANGES: [start: number, end: number][] = [
  [99_990, 100_010],
  [LENGTH, 2 * LENGTH],
  [390_000, 720_000],
  [FILE.size - 5, FILE.size],
  [1, FILE.size],
  [0, 10],
];

for (const [name, contents] of [["first", [LIAR, FILE]], ["second", [FILE, LIAR]]] as const) {
  for (const first of ["whole", "a seek", "HEAD"]) {
    Deno.test(`/proxy?metalink=: pieces: the ${name} mirror lies, ${first} at first: all bytes are right`, async () => {
      await withMirrors(contents.map((content) => ({ content })), async (urls) => {
        await withProxy(() => withPieces(urls), async (ask) => {
          if (first === "HEAD") assertEquals((await ask({}, "HEAD")).response.status, 200);
          if (first !== "a seek") assertEquals((await ask()).bytes, FILE.read(0, FILE.size));
          for (const [start, end] of RANGES) {
            const { response, bytes, isWhole } = await ask({ range: `bytes=${start}-${end - 1}` });
            assertEquals([response.status, isWhole], [206, true], `${start}-${end}`);
            assertEquals(
              response.headers.get("content-range"),
              `bytes ${start}-${end - 1}/${FILE.size}`,
            );
            assertEquals(bytes, FILE.read(start, end));
          }
          const several = await ask({ range: "bytes=99990-100009,400000-400009" });
          assertEquals([several.response.status, several.isWhole], [206, true]);
          const text = new TextDecoder("latin1").decode(several.bytes);
          for (const [start, end] of [[99_990, 100_010], [400_000, 400_010]] as const) {
            assert(text.includes(new TextDecoder("latin1").decode(FILE.read(start, end))));
          }
        });
      });
    });
  }
}

Deno.test("/proxy?metalink=: pieces tell the file from another one, where mirrors have both", async () => {
  await withMirrors([{ content: otherContent(FILE) }, {}], async (urls) => {
    await withProxy(() => withPieces(urls), async (ask) => {
      const { response, bytes } = await ask({ range: "bytes=500000-500099" });
      assertEquals([response.status, bytes], [206, FILE.read(500_000, 500_100)]);
      assertEquals((await ask()).bytes, FILE.read(0, FILE.size));
    });
  });
});

Deno.test("/proxy?metalink=: pieces: where every mirror lies, no wrong byte is sent", async () => {
  await withMirrors([{ content: LIAR }], async (urls) => {
    await withProxy(() => withPieces(urls), async (ask) => {
      const whole = await ask();
      assertEquals([whole.response.status, whole.isWhole], [200, false]);
      assertEquals(whole.bytes, FILE.read(0, LENGTH));
      const seek = await ask({ range: "bytes=400010-400019" });
      assertEquals(seek.response.status, 502);
      assertMatch(detailOf(seek.bytes), /no mirror has piece 6 as the Metalink says/);
      const { mirrors } = JSON.parse(new TextDecoder().decode(seek.bytes));
      assertEquals(mirrors.map(({ reason }: { reason: string }) => reason), ["has other bytes"]);
      // Other pieces are right.
      const right = await ask({ range: "bytes=200000-200009" });
      assertEquals(right.bytes, FILE.read(200_000, 200_010));
    });
  });
});

Deno.test("/proxy?metalink=: the ETag is that of the pieces, whatever mirrors say, and whoever answers", async () => {
  await withMirrors([{ etag: null }, {}], async (urls) => {
    const tags: (string | null)[] = [];
    for (const listed of [urls, urls.slice(0, 1), urls.slice(1)]) {
      await withProxy(() => withPieces(listed), async (ask) => {
        const { response } = await ask({ range: "bytes=70000-70009" });
        tags.push(response.headers.get("etag"));
        const range = { range: "bytes=1-9", "if-range": tags[0]! };
        assertEquals((await ask(range)).response.status, 206);
        tags.push((await ask()).response.headers.get("etag"));
      });
    }
    assertEquals(new Set(tags).size, 1, tags.join());
    assertMatch(tags[0]!, /^"/);
  });
  const other = otherContent(FILE);
  await withMirrors([{ content: other }], async (urls) => {
    await withProxy(() => withPieces(urls, LENGTH, other), async (ask) => {
      const first = (await ask()).response.headers.get("etag");
      assertMatch(first!, /^"/);
      await withMirrors([{}], async (urls) => {
        await withProxy(() => withPieces(urls), async (ask) => {
          assertNotEquals((await ask()).response.headers.get("etag"), first);
        });
      });
    });
  });
});

Deno.test("/proxy?metalink=: pieces fit into the memory of each download; longer ones are not used", async () => {
  // Each gets 2 MiB at least, of which three eighths are its window.
  const options = { ...OPTIONS, memory: 4 * MIB, maxDownloads: 2 };
  const longest = 2 * MIB * 3 / 8 / 2;
  await withMirrors([{ content: LIAR }, {}], async (urls) => {
    await withProxy(() => withPieces(urls, longest), async (ask) => {
      const all = await Promise.all([ask(), ask({ range: "bytes=10-" })]);
      assertEquals(all.map(({ isWhole }) => isWhole), [true, true]);
      assertEquals(all.map(({ bytes }) => bytes), [
        FILE.read(0, FILE.size),
        FILE.read(10, FILE.size),
      ]);
    }, options);
  });
  await withMirrors([{ content: LIAR }], async (urls) => {
    await withProxy(() => withPieces(urls, longest + 1), async (ask) => {
      const { response, bytes } = await ask({ range: "bytes=100000-100009" });
      assertEquals([response.status, bytes], [206, LIAR.read(100_000, 100_010)]);
    }, options);
  });
});
