import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  type KnownFile,
  NoMirrorLeftError,
  SphttpError,
} from "../../mod.ts";
import { sha256Of } from "../../lib/hashing/platform_hash.ts";
import { bytesContent, otherContent, randomContent } from "../support/lab/content.ts";
import { download, FILE, inTime, QUICK, withMirrors } from "../support/download.ts";
import { letGoWhen, onceDropped, UNTIL_DROPPED } from "../support/held_mirrors.ts";
import type { LabMirror } from "../support/lab/mirror_lab.ts";

/** What a first download learns of the file. */
async function learn(
  urls: readonly string[],
  options: DownloaderOptions = {},
): Promise<KnownFile> {
  await using first = new Downloader(urls, { ...QUICK, ...options });
  await first.open();
  for await (const _ of first) { /* to its end */ }
  return first.knownFile!;
}

Deno.test("Downloader.knownFile spares the next download the probe", async () => {
  const silentAfter = 100_000;
  await withMirrors(
    [{ silentAfter }, { silentAfter, redirect: "relative" }],
    async (urls, mirrors) => {
      // No request is cancelled before it is answered: the mirror itself would be asked again after that.
      const options = { delayRequest: "diff", stallTimeoutMs: 60_000 } as const;
      // None delivers all before both are known to have the file.
      const onEvent = letGoWhen(
        mirrors,
        (event) => event.type === "mirror" && event.state === "ready",
        { count: 2 },
      );
      const knownFile = JSON.parse(JSON.stringify(await learn(urls, { ...options, onEvent })));
      assertEquals(knownFile.mirrors.map(({ url }: { url: string }) => url), urls);
      const range = { start: 500_000, end: 700_000 };
      // Requests that the first download cancelled may still arrive.
      const outcome = await download(urls, {
        ...options,
        knownFile,
        range,
        headers: { "x-download": "second" },
      });
      assertEquals([outcome.error, outcome.bytes], [undefined, 200_000]);
      for (const { requests } of mirrors) {
        const own = requests.filter(({ headers }) => headers["x-download"] === "second");
        for (const { path, range: asked, headers } of own) {
          assert(asked!.start >= range.start, "nothing but what is wanted is asked for");
          // Pieces that are compared are bound to nothing: they show what the mirror has.
          const isCompared = asked!.end - asked!.start <= 1024;
          assert(
            isCompared || headers["if-range"] !== undefined,
            "bound to the file that is known",
          );
          assert(!path.startsWith("/moved"), "straight to where redirects led");
        }
      }
    },
  );
});

Deno.test("Downloader: mirrors that are not known are probed, and held against the known file", async () => {
  const other = { content: randomContent(FILE.size, 99) };
  // The known ones send nothing before it is asked.
  let mirrors: readonly LabMirror[] = [];
  const onFirstRequest = () => {
    for (const known of mirrors.slice(0, 2)) known.setRate(undefined);
  };
  await withMirrors([{}, {}, { onFirstRequest }, other], async (urls, lab) => {
    const knownFile = await learn(urls.slice(0, 2));
    mirrors = lab;
    for (const known of mirrors.slice(0, 2)) known.setRate(0);
    const outcome = await download(urls, { knownFile });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assert(mirrors[2]!.requests.some(({ range }) => range!.start === 0));
    const states = outcome.events.flatMap((event) =>
      event.type === "mirror" && event.state === "dropped" ? [event.mirror] : []
    );
    assert(states.every((url) => url === urls[3]), `${states}`);
  });
});

Deno.test("Downloader: a mirror that takes its time for what is compared is not silent", async () => {
  const piece = { start: 0, end: 300_000, sha256: await sha256Of(FILE.read(0, 300_000)) };
  const options = { knownPieces: [piece], range: { start: 300_000 }, stallTimeoutMs: 700 };
  await inTime(() =>
    withMirrors([{}, { bytesPerSecond: 200_000 }], async (urls, [known, slow]) => {
      const knownFile = await learn(urls.slice(0, 1));
      // The download goes on for long enough.
      known!.setRate(150_000);
      const { error, events } = await download(urls, { ...options, knownFile });
      assertEquals(error, undefined);
      assertEquals(events.filter(({ type }) => type === "failure"), []);
      const compared = slow!.requests.filter(({ range }) => range?.end === piece.end);
      assertEquals(compared.length, 1);
    })
  );
});

Deno.test("Downloader: a known file that has changed is an error, and no byte of it comes", async () => {
  for (const range of [undefined, { start: 300_000 }]) {
    await withMirrors([{}], async (urls, [mirror]) => {
      const knownFile = await learn(urls);
      mirror!.setContent(otherContent(FILE));
      await using second = new Downloader(urls, { ...QUICK, knownFile, range });
      await second.open();
      const failure = await assertRejects(() => Array.fromAsync(second), NoMirrorLeftError);
      assertEquals(failure.cause[0]?.reason, "changed");
      const { etag } = knownFile.mirrors[0]!.validators;
      assertStringIncludes(failure.message, `its ETag was ${etag} and is "`);
      assertStringIncludes(failure.message, "its bytes differ at byte 0");
    });
  }
});

Deno.test("Downloader: a known file whose validators alone have changed is downloaded", async () => {
  for (const range of [undefined, { start: 300_000 }]) {
    await withMirrors([{}], async (urls, [mirror]) => {
      const knownFile = await learn(urls);
      mirror!.setContent(FILE, '"newer"');
      const { error, bytes } = await download(urls, { knownFile, range });
      assertEquals([error, bytes], [undefined, FILE.size - (range?.start ?? 0)]);
    });
  }
});

Deno.test("Downloader: a known file that has changed in the middle is found by its pieces", async () => {
  const read = (from: number, to: number) => {
    const bytes = FILE.read(from, to).slice();
    for (let at = Math.max(from, 400_000); at < Math.min(to, 800_000); at++) bytes[at - from]! ^= 1;
    return bytes;
  };
  const edited = bytesContent(read(0, FILE.size));
  await withMirrors([{}], async (urls, [mirror]) => {
    await using first = new Downloader(urls, QUICK);
    for await (const _ of first) { /* to its end */ }
    const pieces = await first.learnedPieces();
    assert(pieces.length > 16 && pieces.length <= 32, `${pieces.length}`);
    const knownFile = JSON.parse(JSON.stringify({ ...first.knownFile, pieces }));
    mirror!.setContent(edited);
    const inside = pieces.filter(({ start }) => start >= 400_000 && start < 800_000);
    const options = { knownFile: { ...knownFile, pieces: inside }, range: { start: 500_000 } };
    const outcome = await download(urls, options);
    assertEquals(outcome.bytes, 0);
    const { error } = outcome;
    const reasons = error instanceof NoMirrorLeftError ? error.cause.map((one) => one.reason) : [];
    assertEquals(reasons, ["changed"]);
    assertEquals((await download(urls)).sha256, edited.sha256());
  });
});

Deno.test("Downloader: a mirror that joins in the middle of a known file has its bytes compared", async () => {
  const content = otherContent(FILE);
  await withMirrors([{}, { content }], async (urls, [known]) => {
    const knownFile = await learn(urls.slice(0, 1));
    known!.setRate(undefined, UNTIL_DROPPED.silentAfter);
    const { error, sha256, stats } = await download(urls, {
      knownFile,
      range: { start: 300_000 },
      stallTimeoutMs: 60_000,
      onEvent: onceDropped([known!]),
    });
    assertEquals(error, undefined);
    assertEquals(sha256, await sha256Of(FILE.read(300_000, FILE.size)));
    const [, other] = stats.mirrors;
    assertEquals([other!.state, other!.bytes - other!.wastedBytes], ["dropped", 0]);
    assertStringIncludes(other!.message!, "has another file: its bytes differ");
  });
});

Deno.test("Downloader.knownFile of other mirrors is of no use, and does no harm", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const knownFile = await learn(urls.slice(0, 1));
    const outcome = await download(urls.slice(1), { knownFile });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("Downloader: at another place of a known file, mirrors not known are not taken for wrong", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const knownFile = await learn(urls.slice(0, 1));
    for (const range of [{ start: 300_000 }, { start: 0, end: 100 }]) {
      const { events, error } = await download(urls, { knownFile, range });
      assertEquals(error, undefined);
      const dropped = events.filter((event) =>
        event.type === "mirror" && event.state === "dropped"
      );
      assertEquals(dropped, []);
    }
  });
});

Deno.test("Downloader: a file without validators that changes between two downloads is noticed by its known pieces", async () => {
  const before = randomContent(2_000_000, 5);
  const mirror = { content: before, etag: null, lastModified: null };
  await withMirrors([mirror], async (urls, [lab]) => {
    await using first = new Downloader(urls, { ...QUICK, range: { start: 0, end: 1_000_000 } });
    for await (const _ of first) { /* to its end */ }
    const knownFile = { ...first.knownFile!, pieces: await first.learnedPieces() };
    const range = { start: 1_000_000, end: 1_500_000 };
    const same = await download(urls, { knownFile, range });
    assertEquals([same.error, same.bytes], [undefined, 500_000]);
    lab!.setContent(otherContent(before, 500_000), null);
    const { error, bytes } = await download(urls, { knownFile, range });
    assertInstanceOf(error, SphttpError);
    assert(bytes < 500_000, `${bytes} bytes`);
  });
});
