import { assert, assertInstanceOf, assertMatch } from "@std/assert";
import { type ByteRange, Downloader, type DownloaderOptions, SphttpError } from "../../mod.ts";
import { withMirrors } from "../support/download.ts";
import { otherContent, randomContent, resizedContent } from "../support/lab/content.ts";

const SIZE = 3_000_000;
const FILE = randomContent(SIZE, 21);
const MIRROR = { bytesPerSecond: 8e6, roundTripMs: 5 };

const RANGES: readonly (ByteRange | undefined)[] = [
  undefined,
  { start: 0, end: 2_000_000 },
  { start: 1_200_000, end: 2_900_000 },
  { start: 2_000_000, end: SIZE },
];

/** Returns what is delivered, and the error at the end. */
async function deliver(urls: readonly string[], options: DownloaderOptions) {
  await using running = new Downloader(urls, options);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let error: unknown;
  try {
    for await (const part of running) parts.push(part.slice());
  } catch (caught) {
    error = caught;
  }
  return { bytes: new Uint8Array(await new Blob(parts).arrayBuffer()), error };
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

for (const from of [20_000, 1_000_000, 2_500_000, SIZE - 3000]) {
  Deno.test(`Downloader: two files that differ from byte ${from} on are never put together`, async () => {
    const other = otherContent(FILE, from);
    const lab = [{ ...MIRROR, content: FILE }, { ...MIRROR, content: other }];
    await withMirrors(lab, async (urls) => {
      for (const range of RANGES) {
        // Each mirror is known to begin as the file does.
        const first = new Downloader(urls);
        await first.open();
        const { knownFile } = first;
        await first.cancel();
        for (const options of [{ range }, { range, knownFile }]) {
          const { start, end } = range ?? { start: 0, end: SIZE };
          const { bytes, error } = await deliver(urls, options);
          if (error === undefined) {
            const isOne = [FILE, other].some((file) => areSame(bytes, file.read(start, end)));
            assert(isOne, `bytes of both, or not all, from ${start} to ${end}`);
          } else {
            assertInstanceOf(error, SphttpError);
            assertMatch((error as SphttpError).message, /differ/);
            // Who only counts bytes notices it, too.
            assert(bytes.length < end - start, `${bytes.length} bytes`);
          }
        }
      }
    });
  });
}

/** Where a file ends that zeros follow, and where one that is not complete does. */
const ZEROS: readonly (readonly [file: number, incomplete: number])[] = [
  [SIZE, 1_500_000],
  [2_600_000, 2_000_000],
  [SIZE - 10_240, 2_700_000],
  [2_300_000, 400_000],
];

for (const [end, incompleteEnd] of ZEROS) {
  Deno.test(`Downloader: the file of ${end} bytes and zeros is never put together with zeros from ${incompleteEnd} on`, async () => {
    const file = resizedContent(resizedContent(FILE, end), SIZE);
    const incomplete = resizedContent(resizedContent(FILE, incompleteEnd), SIZE);
    for (const contents of [[file, incomplete], [incomplete, file], [file, incomplete, file]]) {
      const lab = contents.map((content) => ({ ...MIRROR, content }));
      await withMirrors(lab, async (urls) => {
        const { bytes, error } = await deliver(urls, {});
        if (error === undefined) {
          const isOne = contents.some((content) => areSame(bytes, content.read(0, SIZE)));
          assert(isOne, "bytes of both, or not all");
        } else {
          assertInstanceOf(error, SphttpError);
          assertMatch((error as SphttpError).message, /differ/);
          assert(bytes.length < SIZE, `${bytes.length} bytes`);
        }
      });
    }
  });
}
