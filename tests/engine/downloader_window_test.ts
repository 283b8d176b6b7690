import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { Downloader, type DownloaderOptions } from "../../mod.ts";
import { delay } from "@std/async/delay";
import { QUICK, withMirrors } from "../support/download.ts";
import { randomContent } from "../support/lab/content.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";

const FILE = randomContent(6_000_000, 23);
const FULL = 2_000_000;
const SMALL = 150_000;
/** What a body may have read already when the window shrank. */
const CHUNK = 64 * 1024;
/** The most bodies that a mirror sends at once. */
const MOST_BODIES = 8;

/** Shrinks the window of a download whose consumer has paused, and reads on. */
async function shrink(
  lab: readonly Partial<MirrorOptions>[],
  options: DownloaderOptions = {},
): Promise<void> {
  await withMirrors(lab.map((mirror) => ({ content: FILE, ...mirror })), async (urls) => {
    // However long the process stands still, no mirror fails.
    const usual = { ...QUICK, windowSize: FULL, stallTimeoutMs: 60_000 };
    const downloader = new Downloader(urls, { ...usual, ...options });
    const iterator = downloader[Symbol.asyncIterator]();
    const hash = createHash("sha256");
    hash.update((await iterator.next()).value!);
    while (downloader.stats().bufferedBytes < FULL * 3 / 4) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    downloader.windowSize = SMALL;
    const after = downloader.stats().bufferedBytes;
    assert(after > 0 && after <= SMALL, `${after} bytes held`);
    let read = 0;
    for await (const part of iterator) {
      hash.update(part);
      read += part.byteLength;
      const { bufferedBytes } = downloader.stats();
      // All bodies may have read some when the window shrank; what lay in it then has been taken after its length.
      const bodies = read < FULL ? urls.length * MOST_BODIES : 1;
      assert(bufferedBytes <= SMALL + bodies * CHUNK, `${bufferedBytes} bytes held behind ${read}`);
    }
    assertEquals(hash.digest("hex"), FILE.sha256());
    for (const { failures } of downloader.stats().mirrors) assertEquals(failures, 0);
  });
}

for (
  const [name, options] of Object.entries(
    {
      adaptive: { delayRequest: undefined },
      classic: { delayRequest: "diff" },
    } satisfies Record<string, DownloaderOptions>,
  )
) {
  Deno.test(`Downloader.windowSize: what is over a smaller one is given back, ${name}`, () =>
    shrink([{}, {}, {}], options));

  Deno.test(`Downloader.windowSize: also of a lone mirror, ${name}`, () => shrink([{}], options));
}

Deno.test("Downloader.open() alone fetches little; what reads gets the whole window", async () => {
  const content = randomContent(8_000_000);
  await withMirrors([{ content }, { content }], async (urls) => {
    await using downloader = new Downloader(urls, { windowSize: 6_000_000 });
    await downloader.open();
    let received = -1;
    while (received < downloader.stats().receivedBytes) {
      received = downloader.stats().receivedBytes;
      await delay(150);
    }
    assert(received <= 2 * 1024 * 1024, `${received} bytes`);
    assertEquals(downloader.windowSize, 6_000_000);
    assertEquals((await Array.fromAsync(downloader)).length > 0, true);
    assertEquals(downloader.stats().receivedBytes, content.size);
  });
});

Deno.test("Downloader.open(): a download that nobody reads does not keep the process alive", async () => {
  // The response never ends, and the connection stays open.
  await withMirrors([{ content: randomContent(64_000_000), bytesPerSecond: 50_000_000 }], async (
    [url],
  ) => {
    const library = new URL("../../mod.ts", import.meta.url).href;
    const script = `import { Downloader } from ${JSON.stringify(library)};
      await new Downloader([${JSON.stringify(url)}]).open(); console.log("open");`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      cwd: new URL("../..", import.meta.url),
      signal: AbortSignal.timeout(60_000),
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "open\n"]);
  });
});
