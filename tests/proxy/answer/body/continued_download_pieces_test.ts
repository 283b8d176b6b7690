import { assert, assertEquals } from "@std/assert";
import {
  ContinuedDownload,
  type ContinuedOptions,
} from "../../../../lib/proxy/answer/body/continued_download.ts";
import { MemoryBudget, ResponseMemory } from "../../../../lib/proxy/capacity/memory_budget.ts";
import { FILE, withMirrors } from "../../../support/download.ts";
import { onceDropped, UNTIL_DROPPED } from "../../../support/held_mirrors.ts";
import { flippedContent, piecesOf } from "../../../support/lab/content.ts";

const LENGTH = 64 * 1024;
const PIECES = piecesOf(FILE, LENGTH);
/** It begins, and ends, in the middle of a piece. */
const RANGE = { start: 150_001, end: 700_003 };

/** Runs a function with a download of {@linkcode RANGE} whose pieces are proved. */
async function withDownload(
  options: Partial<ContinuedOptions> & Pick<ContinuedOptions, "mirrors">,
  run: (download: ContinuedDownload) => Promise<void>,
): Promise<void> {
  const budget = new MemoryBudget({ bytes: 4 * 1024 * 1024, maxDownloads: 2 });
  using memory = new ResponseMemory(budget);
  const download = new ContinuedDownload({
    ...{ memory, known: undefined, range: RANGE, retryMaxMs: 60_000, onEvent() {} },
    ...options,
    options: {
      ...{ splitSize: 50_000, expectedPieces: PIECES, expectedSize: FILE.size },
      ...{ retry: { attempts: 1 }, ...options.options },
    },
  });
  try {
    await run(download);
  } finally {
    await download.cancel();
  }
}

/** Takes the bytes of {@linkcode RANGE}; others may follow, up to the end of the piece. */
async function take(
  download: ContinuedDownload,
  onPart = () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(RANGE.end - RANGE.start);
  for (let at = 0; at < bytes.length;) {
    const { value } = await download.next();
    bytes.set(value!.subarray(0, bytes.length - at), at);
    at += value!.byteLength;
    onPart();
  }
  return bytes;
}

Deno.test("ContinuedDownload: a mirror with wrong bytes of a piece is dropped, and no such byte delivered", async () => {
  const liar = flippedContent(FILE, [140_000, 300_000, 500_000]);
  await withMirrors([{ content: liar }, UNTIL_DROPPED], async (mirrors, [, good]) => {
    const options = { splitSize: 50_000, stallTimeoutMs: 60_000 };
    const onEvent = onceDropped([good!]);
    await withDownload({ mirrors, options, onEvent }, async (download) => {
      const bytes = await take(download);
      assertEquals(bytes, FILE.read(RANGE.start, RANGE.end));
      const [dropped, used] = download.stats().mirrors;
      assertEquals([dropped!.state, used!.badPieces], ["dropped", 0]);
      assert(dropped!.badPieces > 0 && used!.state !== "dropped");
    });
  });
});

Deno.test("ContinuedDownload: whole pieces are downloaded; the position is that of the client", async () => {
  await withMirrors([{}], async (mirrors) => {
    await withDownload({ mirrors }, async (download) => {
      const start = 2 * LENGTH;
      assertEquals(download.range, { start, end: 11 * LENGTH });
      assertEquals(start + download.stats().consumedBytes, RANGE.start);
      const { value } = await download.next();
      assertEquals(value, FILE.read(RANGE.start, RANGE.start + value!.byteLength));
      assertEquals(start + download.stats().consumedBytes, RANGE.start + value!.byteLength);
    });
  });
});

Deno.test("ContinuedDownload: where mirrors fail in the middle of a piece, it goes on with the next byte", async () => {
  await withMirrors([{}], async (mirrors) => {
    let failures = 0;
    let part = Promise.withResolvers<void>();
    /** Requests that are answered, each with up to 200 000 bytes; of these, some are taken before it breaks. */
    const flaky: typeof fetch = async (input, init) => {
      if (failures % 2 === 1) return new Response(null, { status: 500 });
      const taken = part.promise;
      const response = await fetch(input, init);
      let left = 200_000;
      const cut = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        async transform(chunk, controller) {
          left -= chunk.byteLength;
          if (left >= 0) return controller.enqueue(chunk);
          await taken;
          throw new TypeError("gone");
        },
      });
      const { status, headers } = response;
      return new Response(response.body!.pipeThrough(cut), { status, headers });
    };
    const onEvent: ContinuedOptions["onEvent"] = ({ type }) => {
      if (type === "failure") failures++;
    };
    const onPart = () => {
      part.resolve();
      part = Promise.withResolvers();
    };
    const options = { fetch: flaky, splitSize: 50_000 };
    await withDownload({ mirrors, options, onEvent }, async (download) => {
      assertEquals(await take(download, onPart), FILE.read(RANGE.start, RANGE.end));
      assert(failures > 0);
    });
  });
});
