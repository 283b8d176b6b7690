import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { MirrorMismatchError, NoMirrorLeftError, RangeNotSatisfiableError } from "../../mod.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";
import { download, FILE, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { each, letGoAt, onceDropped, UNTIL_DROPPED } from "../support/held_mirrors.ts";

const OTHER_SIZE = randomContent(999_999, 3);
const OTHER_BYTES = otherContent(FILE);

Deno.test("Downloader: a mirror with a file of another size is outvoted, though it answers first", async () => {
  // The others send nothing before it has answered, and not everything before its first bytes are known.
  const later = { bytesPerSecond: 0 };
  await withMirrorsAtOnce([{ content: OTHER_SIZE }, later, later], async (urls, mirrors) => {
    const others = mirrors.slice(1);
    const outcome = await download(urls, {
      stallTimeoutMs: 60_000,
      onEvent: each(letGoAt("answer", others, UNTIL_DROPPED), onceDropped(others)),
    });
    assertEquals(outcome.error, undefined);
    assertEquals(outcome.sha256, FILE.sha256());
    assertEquals(outcome.stats.mirrors[0]!.state, "dropped");
    assertStringIncludes(outcome.stats.mirrors[0]!.message ?? "", "999999 bytes");
  });
});

Deno.test("Downloader: a mirror with other bytes of the same size is outvoted", async () => {
  await withMirrorsAtOnce([{ content: OTHER_BYTES }, {}, {}], async (urls) => {
    const outcome = await download(urls);
    assertEquals(outcome.sha256, FILE.sha256());
    assertStringIncludes(outcome.stats.mirrors[0]!.message ?? "", "different content");
  });
});

for (const content of [OTHER_SIZE, OTHER_BYTES]) {
  Deno.test(`Downloader: two mirrors with files of ${content.size} and ${FILE.size} bytes are an error`, async () => {
    await withMirrorsAtOnce([{ content }, {}], async (urls) => {
      const { error, bytes } = await download(urls);
      assertInstanceOf(error, MirrorMismatchError);
      assertEquals(bytes, 0);
      const { message, files } = error as MirrorMismatchError;
      for (const url of urls) assertStringIncludes(message, url);
      assertStringIncludes(message, `${content.size}`);
      assertEquals(files.map(({ size }) => size), [content.size, FILE.size]);
    });
  });
}

Deno.test("Downloader: a file that changes on a mirror is dropped there, by If-Range", async () => {
  // The other one never brings the file before the change was noticed.
  await withMirrors(
    [{ bytesPerSecond: 4e6 }, { bytesPerSecond: 4e6, silentAfter: 400_000 }],
    async (urls, [mirror, other]) => {
      let isReady = false;
      let changed = false;
      const outcome = await download(urls, {
        maxBlocksPerRequest: 1,
        stallTimeoutMs: 60_000,
        onEvent: each(onceDropped([other!]), (event) => {
          isReady ||= event.type === "mirror" && event.state === "ready" &&
            event.mirror === urls[0];
        }),
        delayRequest: ({ received }) => {
          if (received >= 5 && isReady && !changed) {
            mirror!.setContent(OTHER_BYTES, '"changed"');
            changed = true;
          }
          return 0;
        },
      });
      assertEquals(outcome.error, undefined);
      assertEquals(outcome.sha256, FILE.sha256());
      assertEquals(outcome.stats.mirrors[0]!.state, "dropped");
      assertStringIncludes(outcome.stats.mirrors[0]!.message ?? "", "changed");
      const ranges = mirror!.requests.filter(({ headers }) => headers["range"] !== undefined);
      // Where bytes decide, they are asked for as they are now.
      const parts = ranges.slice(1).filter(({ range }) => range!.end - range!.start > 1024);
      assert(parts.every(({ headers }) => headers["if-range"] !== undefined));
      assertEquals(ranges[0]!.headers["if-range"], undefined);
    },
  );
});

Deno.test("Downloader: no mirror left is one error with each mirror's last failure", async () => {
  const missing = { faults: [{ kind: "status", status: 404 }] } as const;
  const broken = { faults: [{ kind: "status", status: 503 }] } as const;
  await withMirrors(
    [{ faults: [...missing.faults] }, { faults: [...broken.faults] }],
    async (urls) => {
      const { error } = await download(urls);
      assertInstanceOf(error, NoMirrorLeftError);
      const { cause, message } = error as NoMirrorLeftError;
      assertEquals(cause.map(({ status }) => status), [404, 503]);
      assertEquals(cause.map(({ mirror }) => mirror), urls);
      for (const url of urls) assertStringIncludes(message, url);
    },
  );
});

Deno.test("Downloader: when mirrors fail midway, the bytes before are delivered, then the error", async () => {
  const faults = [{ kind: "status", status: 410, from: 5 }] as const;
  await withMirrors([{ faults: [...faults] }], async (urls) => {
    const options = { maxBlocksPerRequest: 1, delayRequest: "diff" } as const;
    const { error, bytes } = await download(urls, options);
    assertInstanceOf(error, NoMirrorLeftError);
    // Some of the requests compare bytes that are known.
    assert(bytes >= 50_000 && bytes <= 200_000 && bytes % 50_000 === 0, `${bytes} bytes`);
  });
});

Deno.test("Downloader: a range option takes that part of the file", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const { bytes, sha256, error } = await download(urls, {
      range: { start: 99_999, end: 500_001 },
    });
    assertEquals([error, bytes], [undefined, 400_002]);
    const part = FILE.read(99_999, 500_001);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", part));
    assertEquals(sha256, digest.toHex());
  });
});

Deno.test("Downloader: a range that starts behind the end is an error that names the size", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const { error } = await download(urls, { range: { start: FILE.size } });
    assertInstanceOf(error, RangeNotSatisfiableError);
    assertEquals((error as RangeNotSatisfiableError).size, FILE.size);
  });
});
