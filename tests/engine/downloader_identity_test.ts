import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  FileChangedError,
  NoMirrorLeftError,
} from "../../mod.ts";
import { otherContent, randomContent } from "../support/lab/content.ts";
import { download, PIECES, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { onceDropped } from "../support/held_mirrors.ts";
import { type Rewriting, rewrittenFetch, type SeenRequest } from "../support/rewritten_fetch.ts";

/** A file of a few megabytes, which is requested in many ranges. */
const BIG = randomContent(4_000_000, 11);

const DATES = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"];

/** Kinds of servers whose validators change though the file does not. */
const KINDS: readonly (readonly [name: string, rewriting: Rewriting])[] = [
  ["ETags of two machines, which ignore If-Range", { etag: ({ index }) => `"${index % 2}"` }],
  ["ETags of two machines", { etag: ({ index }) => `"${index % 2}"`, ifRange: "compared" }],
  ["ETags of three machines", { etag: ({ index }) => `"${index % 3}"`, ifRange: "compared" }],
  ["another ETag in each answer", { etag: ({ index }) => `"${index}"`, ifRange: "compared" }],
  ["an ETag for each range", {
    etag: ({ range }) => `"${range?.start}-${range?.end}"`,
    ifRange: "compared",
  }],
  ["an ETag that is that of the compressed file at times", {
    etag: ({ index }) => index % 3 === 1 ? '"a-gzip"' : '"a"',
    ifRange: "compared",
  }],
  ["another weak ETag in each answer", { etag: ({ index }) => `W/"${index}"` }],
  ["dates that wander", { etag: () => null, lastModified: ({ index }) => DATES[index % 2] }],
  ["no validators", { etag: () => null, lastModified: () => null }],
  ["validators that are there at times", {
    etag: ({ index }) => index % 2 === 0 ? null : undefined,
    lastModified: ({ index }) => index % 3 === 0 ? null : undefined,
  }],
  ["a 200 to If-Range, though nothing has changed", { etag: () => '"a"', ifRange: "whole" }],
];

for (const [name, rewriting] of KINDS) {
  for (const mirrors of [1, 2]) {
    for (const options of [PIECES, { stallTimeoutMs: 60_000 }]) {
      const { delayRequest: algorithm = "adaptive" }: DownloaderOptions = options;
      Deno.test(`Downloader (${algorithm}): ${mirrors} × ${name}`, async () => {
        const lab = Array(mirrors).fill({ content: BIG });
        await withMirrors(lab, async (urls) => {
          const { fetch, requests } = rewrittenFetch(rewriting);
          const { error, sha256, stats, events } = await download(urls, { ...options, fetch });
          assertEquals([error, sha256], [undefined, BIG.sha256()]);
          const failures = events.filter(({ type }) => type === "failure");
          assertEquals(failures, []);
          for (const { state, failures } of stats.mirrors) {
            assert(state !== "dropped" && failures === 0, `${state}, ${failures}`);
          }
          const checks = requests.filter(isCheck);
          const compared = checks.reduce((sum, { range }) => sum + range!.end - range!.start, 0);
          assert(compared < 0.01 * BIG.size, `${checks.length} checks of ${compared} bytes`);
        });
      });
    }
  }
}

function isCheck({ range }: SeenRequest): boolean {
  return range !== undefined && range.end - range.start === 1024;
}

Deno.test("Downloader: validators that are unreliable are compared no more, nor sent", async () => {
  await withMirrors([{ content: BIG }], async (urls) => {
    const { fetch, requests } = rewrittenFetch({
      etag: ({ index }) => `"${index}"`,
      ifRange: "compared",
    });
    const { error, events } = await download(urls, { ...PIECES, fetch });
    assertEquals(error, undefined);
    const notes = events.filter((event) => event.type === "note");
    assert(notes.length <= 3, `${notes.length} notes`);
    assertStringIncludes(notes[0]!.message, 'its ETag was "0" and is "');
    const conditional = requests.filter(({ ifRange }) => ifRange !== undefined);
    assert(conditional.length <= 2, `${conditional.length} conditional requests`);
  });
});

/**
 * Returns a `fetch` that changes the content of a mirror before its request number `from`. The mirror's own validators
 * change with it: those that a request was to have when it was sent could be wrong when it arrives.
 */
function changing(change: () => void, from: number, base = globalThis.fetch): typeof fetch {
  let seen = 0;
  return (url, init) => {
    if (seen++ === from) change();
    return base(url, init);
  };
}

const OTHER = otherContent(BIG);

for (const ifRange of ["ignored", "compared"] as const) {
  for (const from of [1, 2, 9]) {
    Deno.test(`Downloader: a lone file whose bytes change at request ${from} is an error (If-Range is ${ifRange})`, async () => {
      await withMirrors([{ content: BIG, etag: '"before"' }], async (urls, [mirror]) => {
        const base = ifRange === "ignored" ? rewrittenFetch({}).fetch : undefined;
        const fetch = changing(() => mirror!.setContent(OTHER, '"after"'), from, base);
        const { error, bytes } = await download(urls, { ...PIECES, fetch });
        assertInstanceOf(error, NoMirrorLeftError);
        const { message } = error as Error;
        assertStringIncludes(
          message,
          'its ETag was "before" and is "after", and its bytes differ at',
        );
        assert(bytes < BIG.size);
      });
    });
  }
}

Deno.test("Downloader: a lone file that changes under random validators is an error, never a whole file", async () => {
  for (const from of [3, 12, 30]) {
    await withMirrors([{ content: BIG }], async (urls, [mirror]) => {
      const change = () => mirror!.setContent(OTHER);
      const random = rewrittenFetch({ etag: ({ index }) => `"${index}"` });
      const fetch = changing(change, from, random.fetch);
      const { error } = await download(urls, { ...PIECES, fetch });
      assert(error instanceof FileChangedError || error instanceof NoMirrorLeftError, `${error}`);
      assertStringIncludes((error as Error).message, "its bytes differ at");
    });
  }
});

Deno.test("Downloader: a mirror whose bytes change is dropped beside another", async () => {
  // The other one falls silent until then: it could deliver the rest before the first one is asked again.
  const lab = [{ content: BIG, etag: '"before"' }, { content: BIG, silentAfter: 500_000 }];
  await withMirrorsAtOnce(lab, async (urls, [mirror, other]) => {
    const change = () => mirror!.setContent(OTHER, '"after"');
    const fetch = changing(change, 12, rewrittenFetch({}).fetch);
    const onEvent = onceDropped([other!]);
    const { error, sha256, stats } = await download(urls, { ...PIECES, fetch, onEvent });
    assertEquals([error, sha256], [undefined, BIG.sha256()]);
    assertEquals(stats.mirrors[0]!.state, "dropped");
    assertStringIncludes(stats.mirrors[0]!.message!, "its bytes differ at");
  });
});

/** What contradicts itself in each answer, and what the error says. */
const CONTRADICTIONS: [name: string, fields: (index: number) => object, says: RegExp][] = [
  [
    "size and ETag",
    (index) => ({ grows: index, etag: `"v${index}"` }),
    /its ETag was "v0" and is "v[1-9]"/,
  ],
  ["size under one ETag", (index) => ({ grows: index, etag: '"v"' }), /its ETag is "v" as before/],
  [
    "size and date",
    (index) => ({ grows: index, etag: null, lastModified: DATES[Math.min(index, 1)] }),
    new RegExp(`its Last-Modified was ${DATES[0]} and is ${DATES[1]}`),
  ],
  [
    "size and ETag of 10 KB",
    (index) => ({ grows: index, etag: `"${index}${"x".repeat(10_240)}"` }),
    /its ETag was "0x{98}… and is "[1-9]x{98}…$/m,
  ],
];

for (const [name, fields, says] of CONTRADICTIONS) {
  Deno.test(`Downloader: one that contradicts itself in every answer is one error: ${name}`, async () => {
    await withMirrors([{ content: BIG }], async (urls) => {
      let seen = 0;
      const contradictory: typeof fetch = async (url, init) => {
        const { grows, etag, lastModified } = fields(seen++) as {
          grows: number;
          etag: string | null;
          lastModified?: string;
        };
        const response = await fetch(url, init);
        const headers = new Headers(response.headers);
        const range = headers.get("content-range") ?? "";
        headers.set("content-range", range.replace(/\d+$/, String(BIG.size + 1000 * grows)));
        if (etag === null) headers.delete("etag");
        else headers.set("etag", etag);
        if (lastModified !== undefined) headers.set("last-modified", lastModified);
        return new Response(response.body, { status: response.status, headers });
      };
      const { error, bytes } = await download(urls, { ...PIECES, fetch: contradictory });
      assertInstanceOf(error, NoMirrorLeftError);
      const { message } = error as Error;
      assertMatch(message, new RegExp(`file changed: it has 400[1-9]000 bytes, not ${BIG.size}; `));
      assertMatch(message, says);
      assert(message.length < 500, message);
      assert(seen <= 6 && bytes <= 12 * 1024, `${seen} requests, ${bytes} bytes`);
    });
  });
}

Deno.test("Downloader: a known file remembers that validators are unreliable", async () => {
  await withMirrors([{ content: BIG }], async (urls) => {
    const { fetch, requests } = rewrittenFetch({ etag: ({ index }) => `"${index}"` });
    await using first = new Downloader(urls, { ...PIECES, fetch });
    for await (const _ of first) { /* to its end */ }
    const knownFile = JSON.parse(JSON.stringify(first.knownFile));
    const before = requests.length;
    const range = { start: 1_000_000, end: 1_200_000 };
    const { error, bytes, events } = await download(urls, { ...PIECES, fetch, knownFile, range });
    assertEquals([error, bytes], [undefined, 200_000]);
    assertEquals(events.filter(({ type }) => type === "note"), []);
    assert(requests.slice(before).every(({ ifRange }) => ifRange === undefined));
  });
});

Deno.test("Downloader: a known file remembers that requests with an If-Range fail", async () => {
  await withMirrors([{ content: BIG }], async (urls) => {
    const conditions: (string | null)[] = [];
    const failing: typeof globalThis.fetch = async (url, init) => {
      const condition = new Headers(init?.headers).get("if-range");
      conditions.push(condition);
      if (condition !== null) throw new TypeError("connection reset");
      return await fetch(url, init);
    };
    await using first = new Downloader(urls, { ...PIECES, fetch: failing });
    for await (const _ of first) { /* to its end */ }
    assertEquals(conditions.filter((condition) => condition !== null).length, 1);
    const knownFile = JSON.parse(JSON.stringify(first.knownFile));
    const range = { start: 1_000_000, end: 1_200_000 };
    const { error, bytes } = await download(urls, { ...PIECES, fetch: failing, knownFile, range });
    assertEquals([error, bytes], [undefined, 200_000]);
    assertEquals(conditions.filter((condition) => condition !== null).length, 1);
  });
});
