import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NoMirrorLeftError, RangeNotSatisfiableError } from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import { download, FILE, withMirrors, withMirrorsAtOnce } from "../support/download.ts";

for (const size of [0, 1, 2, 999, 12_287, 12_288, 12_289, 50_000, 50_001]) {
  const content = randomContent(size, 11);
  for (const ranges of [true, false]) {
    const kind = ranges ? "mirrors" : "mirrors that ignore Range";
    Deno.test(`Downloader: a file of ${size} bytes from ${kind}`, async () => {
      await withMirrors([{ content, ranges }, { content, ranges }], async (urls) => {
        const outcome = await download(urls);
        assertEquals([outcome.error, outcome.bytes], [undefined, size]);
        assertEquals(outcome.sha256, content.sha256());
      });
    });
  }
}

Deno.test("Downloader: a mirror that ignores Range serves alone when no other can do ranges", async () => {
  await withMirrorsAtOnce([{ ranges: false }, { ranges: false }], async (urls, mirrors) => {
    const outcome = await download(urls);
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assertEquals(mirrors.map(({ requests }) => requests.length), [1, 1]);
  });
});

Deno.test("Downloader: a mirror that ignores Range is spared while another can do ranges", async () => {
  await withMirrorsAtOnce([{ ranges: false }, {}], async (urls, mirrors) => {
    const outcome = await download(urls);
    assertEquals(outcome.sha256, FILE.sha256());
    assertEquals(outcome.stats.mirrors[0]!.state, "spare");
    assertEquals(mirrors[0]!.requests.length, 1);
  });
});

Deno.test("Downloader: a mirror that ignores Range takes over when all others have died", async () => {
  const dying = { faults: [{ kind: "status", status: 404, from: 5 }] } as const;
  await withMirrors([{ ranges: false }, { faults: [...dying.faults] }], async (urls) => {
    const outcome = await download(urls);
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("Downloader: a body of the whole file that breaks off is taken up by another mirror", async () => {
  const breaking = { ranges: false, faults: [{ kind: "truncate", afterBytes: 300_000 }] } as const;
  const mirrors = [{ ...breaking, faults: [...breaking.faults] }, {
    ranges: false,
    roundTripMs: 20,
  }];
  await withMirrors(mirrors, async (urls) => {
    const outcome = await download(urls);
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  });
});

for (const unknownLength of ["chunked", "star"] as const) {
  Deno.test(`Downloader: a file of unknown length (${unknownLength}) streams from one mirror`, async () => {
    await withMirrors([{ unknownLength }, { unknownLength }], async (urls) => {
      const outcome = await download(urls);
      assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
      assertEquals(outcome.stats.mirrors.filter(({ bytes }) => bytes > 20_000).length, 1);
    });
  });
}

Deno.test("Downloader: a part of a file from a mirror that ignores Range", async () => {
  await withMirrors([{ ranges: false }], async (urls) => {
    const { bytes, error } = await download(urls, { range: { start: 400_000, end: 600_000 } });
    assertEquals([error, bytes], [undefined, 200_000]);
  });
});

Deno.test("Downloader: a range behind the end of a file of unknown length is an error", async () => {
  await withMirrors([{ unknownLength: "chunked" }], async (urls) => {
    const { error } = await download(urls, { range: { start: FILE.size + 1 } });
    assertInstanceOf(error, RangeNotSatisfiableError);
  });
});

Deno.test("Downloader: the only mirror compresses, and is refused with the reason", async () => {
  await withMirrors([{ faults: [{ kind: "compress" }] }], async (urls) => {
    const { error } = await download(urls);
    assertInstanceOf(error, NoMirrorLeftError);
    const [failure] = (error as NoMirrorLeftError).cause;
    assertEquals(failure!.reason, "encoding");
    assert(failure!.message.includes("gzip"));
  });
});
