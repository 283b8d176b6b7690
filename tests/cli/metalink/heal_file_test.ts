import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { DownloaderOptions } from "../../../mod.ts";
import type { HashType, MetalinkFile } from "../../../metalink.ts";
import { hashOf } from "../../../lib/cli/metalink/content_hashes.ts";
import { checkFile } from "../../../lib/cli/metalink/file_check.ts";
import { healFile, type Healing } from "../../../lib/cli/metalink/heal_file.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { FILE, inTime, withMirrors } from "../../support/download.ts";
import { bytesContent } from "../../support/lab/content.ts";
import { workplace } from "../../support/workplace.ts";

const BYTES = FILE.read(0, FILE.size).slice();
const LENGTH = 100 * 1024;
const { signal } = new AbortController();

/** Returns what a Metalink says of the file. */
function described(urls: readonly string[], type: HashType): MetalinkFile {
  const starts = Array.from(
    { length: Math.ceil(FILE.size / LENGTH) },
    (_, index) => index * LENGTH,
  );
  const hashes = starts.map((start) => hashOf(type, [BYTES.subarray(start, start + LENGTH)]));
  return {
    name: "f",
    size: FILE.size,
    hashes: {},
    pieces: { type, length: LENGTH, hashes },
    urls: urls.map((url) => ({ url, priority: 1, location: undefined, maxConnections: undefined })),
    rejected: [],
    maxConnections: undefined,
    version: undefined,
    description: undefined,
    publisher: undefined,
    signature: undefined,
  };
}

/** Heals a copy of the file that has other bytes at these places. */
async function heal(
  urls: readonly string[],
  places: readonly number[],
  options: DownloaderOptions = {},
  type: HashType = "sha-256",
): Promise<Healing> {
  using work = workplace();
  const bytes = BYTES.slice();
  for (const place of places) bytes[place]! ^= 1;
  const path = work.write("f", bytes);
  const wanted = described(urls, type);
  const onProgress = () => {};
  const { bad } = await checkFile(path, wanted, { signal, onProgress });
  const healing = await healFile(path, wanted, bad, { signal, options, onProgress });
  assertEquals(work.read("f"), BYTES);
  return healing;
}

Deno.test("healFile() asks a silent mirror once where mirrors are asked in turn, and another one instead", async () => {
  // No mirror is left when all are asked at once, each of them in three forms.
  const gone = { kind: "status", status: 410, count: 3 } as const;
  await inTime(() =>
    withMirrors(
      [{ faults: [gone, { kind: "stall", beforeHeaders: true }] }, { faults: [gone] }],
      async (urls, mirrors) => {
        const { fetched } = await heal(urls, [0, 5 * LENGTH], { maxIdleMs: 500 });
        assertEquals(fetched, 2 * LENGTH);
        assertEquals(mirrors[0]!.requests.length, 4);
      },
    )
  );
});

Deno.test("healFile() asks mirrors that have failed again where no other one has a piece", async () => {
  const busy = { kind: "status", status: 503 } as const;
  await withMirrors(
    [{ faults: [{ ...busy, count: 2 }] }, { faults: [{ kind: "status", status: 404 }] }],
    async (urls) => {
      const { fetched, liars } = await heal(urls, [LENGTH]);
      assertEquals([fetched, liars.size], [LENGTH, 0]);
    },
  );
});

Deno.test("healFile() counts a piece once that a mirror sends wrong twice", async () => {
  const lie = BYTES.slice();
  lie[0]! ^= 1;
  // The second request, which is for the other piece, fails: the mirror is asked again.
  const liar = {
    content: bytesContent(lie),
    faults: [{ kind: "status", status: 503, from: 1, count: 1 } as const],
  };
  await withMirrors([liar, { faults: [{ kind: "status", status: 404 }] }], async (urls) => {
    const error = await assertRejects(() => heal(urls, [0, 5 * LENGTH]), CommandError);
    assertEquals(error.exitCode, 32);
    assertStringIncludes(error.message, `${urls[0]} has other bytes in 1 of the pieces`);
    assertStringIncludes(error.message, "piece 0 (bytes 0-102399) is bad still");
    assertStringIncludes(error.message, "no mirror has 1 of its pieces right");
  });
});

Deno.test("healFile() asks all mirrors at once where it can: a silent one holds up nothing", async () => {
  const silent = { faults: [{ kind: "stall", beforeHeaders: true } as const] };
  await withMirrors([silent, {}, {}], async (urls) => {
    const places = [0, LENGTH, 5 * LENGTH, FILE.size - 1];
    // If it were waited for, the test would take as long.
    const { fetched, liars } = await heal(urls, places, { maxIdleMs: 600_000 });
    assertEquals([fetched, liars.size], [3 * LENGTH + FILE.size % LENGTH, 0]);
  });
});

Deno.test("healFile() takes what is right from mirrors none of which has everything right", async () => {
  const flipped = (place: number) => {
    const bytes = BYTES.slice();
    bytes[place]! ^= 1;
    return { content: bytesContent(bytes) };
  };
  await withMirrors([flipped(7), flipped(5 * LENGTH)], async (urls) => {
    await heal(urls, [0, 5 * LENGTH, 7 * LENGTH], {}, "md5");
  });
});

Deno.test("healFile() says what cannot be healed: files without mirrors, and pieces that are too long", async () => {
  const bad = [{ index: 0, start: 0, end: LENGTH, isMissing: false }];
  const how = { signal, options: {}, onProgress: () => {} };
  const refused = (wanted: MetalinkFile, pieces = bad) =>
    assertRejects(() => healFile("f", wanted, pieces, how), CommandError);
  const error = await refused(described([], "sha-256"));
  assertStringIncludes(error.message, "the Metalink has no http or https URL of f");
  const long = await refused(described(["http://a.example/f"], "sha-256"), [
    { index: 0, start: 0, end: 2 ** 30, isMissing: false },
  ]);
  assertStringIncludes(long.message, "download the file instead");
});
