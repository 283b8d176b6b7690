import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  DigestMismatchError,
  Downloader,
  type DownloaderOptions,
  type FileInfo,
  MirrorMismatchError,
  NoMirrorLeftError,
  ProofError,
} from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import { meetingOf } from "../support/lab/meeting.ts";
import { deferred } from "../../lib/stand_ins.ts";
import { sha256Of } from "../../lib/hashing/platform_hash.ts";

const CONTENT = randomContent(200_000, 3);
const BYTES = CONTENT.read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
const RIGHT = await sha256Of(BYTES);
const WRONG = await sha256Of(new Uint8Array([1]));

interface Mirror {
  /** Fields of its responses; `at` is the first byte requested. */
  readonly fields?: (
    at: number,
    part: Uint8Array<ArrayBuffer>,
  ) => Promise<HeadersInit> | HeadersInit;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly ranges?: boolean;
  /** Whether the others wait for its first answer. */
  readonly isFirst?: boolean;
}

function repr(hex: string): { "repr-digest": string } {
  return { "repr-digest": `sha-256=:${Uint8Array.fromHex(hex).toBase64()}:` };
}

function legacy(hex: string): { digest: string } {
  return { digest: `SHA-256=${Uint8Array.fromHex(hex).toBase64()}` };
}

/** What came of a download, and what its mirrors were asked. */
interface Outcome {
  readonly info: FileInfo;
  readonly received: Uint8Array;
  readonly dropped: readonly string[];
  readonly asked: readonly Headers[];
}

/** Downloads from mirrors that are functions, and answer once each was asked. */
async function downloadFrom(
  mirrors: readonly Mirror[],
  options: DownloaderOptions = {},
): Promise<Outcome> {
  const asked: Headers[] = [];
  const first = mirrors.findIndex(({ isFirst }) => isFirst);
  const answered = deferred();
  if (first < 0) answered.resolve();
  const meeting = meetingOf(mirrors.length);
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const { hostname } = new URL(String(input));
    const index = Number(hostname.slice(1));
    const { fields = () => ({}), bytes = BYTES, ranges = true } = mirrors[index]!;
    const headers = new Headers(init?.headers);
    asked.push(headers);
    await meeting[index]!();
    if (index !== first) await answered.promise;
    const range = ranges ? /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "") : null;
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Math.min(bytes.length, Number(range[2]) + 1) : bytes.length;
    const part = bytes.slice(start, end);
    const response = new Response(part, { status: range === null ? 200 : 206 });
    for (const [name, value] of new Headers(await fields(start, part))) {
      response.headers.set(name, value);
    }
    response.headers.set("content-length", String(part.length));
    response.headers.set("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
    if (range === null) response.headers.delete("content-range");
    return response;
  };
  const dropped: string[] = [];
  const urls = mirrors.map((_, index) => `http://m${index}/file`);
  await using download = new Downloader(urls, {
    ...options,
    fetch: fetch as typeof globalThis.fetch,
    onEvent: (event) => {
      if (event.type === "mirror" && event.state === "dropped") dropped.push(event.message);
      if (event.type === "answer" && event.mirror === urls[first]) answered.resolve();
    },
  });
  const info = await download.open();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of download) parts.push(part);
  return { info, received: await new Blob(parts).bytes(), dropped, asked };
}

const good: Mirror = { fields: () => repr(RIGHT) };
const silent: Mirror = {};
const bad: Mirror = { fields: () => repr(WRONG), isFirst: true };

Deno.test("digests: they are asked for once, and known when the download is open", async () => {
  const { info, received, asked } = await downloadFrom([good]);
  assertEquals(info.hashes, { "sha-256": RIGHT });
  assertEquals(received, BYTES);
  assertEquals(asked[0]!.get("want-repr-digest"), "sha-512=3, sha-256=10");
  assertEquals(asked.slice(1).some((headers) => headers.has("want-repr-digest")), false);
});

Deno.test("digests: what the caller asks for stays, and they can be ignored", async () => {
  const own = await downloadFrom([good], { headers: { "want-repr-digest": "sha-512=1" } });
  assertEquals(own.asked[0]!.get("want-repr-digest"), "sha-512=1");
  const none = await downloadFrom([bad], { ignoreDigests: true });
  assertEquals(none.info.hashes, {});
  assertEquals(none.received, BYTES);
  assertEquals(none.asked[0]!.has("want-repr-digest"), false);
});

Deno.test("digests: the file of a lone mirror is verified by its own, and its last bytes are kept back", async () => {
  for (const ranges of [true, false]) {
    const error = await assertRejects(
      () => downloadFrom([{ ...bad, ranges }]),
      DigestMismatchError,
    );
    assertEquals([error.expected, error.actual], [WRONG, RIGHT]);
  }
  const { received } = await downloadFrom([bad], { verifyHash: false });
  assertEquals(received, BYTES);
});

Deno.test("digests: the mirror that is alone with another one is dropped at once", async () => {
  for (const mirrors of [[good, bad, good], [bad, good, good], [good, silent, bad, good]]) {
    const { received, dropped, info } = await downloadFrom(mirrors);
    assertEquals(received, BYTES);
    assertEquals(info.hashes, { "sha-256": RIGHT });
    assertEquals(dropped.length, 1);
    assertStringIncludes(dropped[0]!, `the sha-256 of the file is ${WRONG}`);
    assertStringIncludes(dropped[0]!, RIGHT);
  }
});

Deno.test("digests: two mirrors that contradict each other are an error that names both", async () => {
  const error = await assertRejects(() => downloadFrom([good, bad]), MirrorMismatchError);
  for (const hash of [RIGHT, WRONG]) assertStringIncludes(error.message, `sha-256 ${hash}`);
});

Deno.test("digests: one that is expected decides, and is verified where no mirror gives one", async () => {
  const expectedHashes = { "sha-256": RIGHT.toUpperCase() };
  const { received, dropped, info } = await downloadFrom([bad, good], { expectedHashes });
  assertEquals(received, BYTES);
  assertEquals(info.hashes, { "sha-256": RIGHT });
  assertStringIncludes(dropped[0]!, "should be");
  const other = { expectedHashes: { "sha-256": WRONG } };
  await assertRejects(() => downloadFrom([silent], other), DigestMismatchError);
  const error = await assertRejects(() => downloadFrom([good], other), NoMirrorLeftError);
  assertStringIncludes(error.message, WRONG);
});

Deno.test("digests: a mirror whose digest changes on the way has changed", async () => {
  // More than is asked of one at first.
  const bytes = new Uint8Array(4_000_000);
  const changing: Mirror = { bytes, fields: (at) => repr(at === 0 ? RIGHT : WRONG) };
  const error = await assertRejects(() => downloadFrom([changing, changing]), NoMirrorLeftError);
  for (const text of ["said before", RIGHT, WRONG]) assertStringIncludes(error.message, text);
});

Deno.test("digests: the hash of a part in Digest is not taken for that of the file", async () => {
  const ofPart: Mirror = { fields: async (_at, part) => legacy(await sha256Of(part)) };
  const { received, dropped } = await downloadFrom([ofPart, ofPart]);
  assertEquals(received, BYTES);
  assertEquals(dropped, []);
});

Deno.test("digests: nor where the part is longer than a sample, or in Repr-Digest", async () => {
  const bytes = new Uint8Array(4_000_000).map((_, index) => index * index % 251);
  for (const field of [legacy, repr]) {
    const ofPart: Mirror = { bytes, fields: async (_at, part) => field(await sha256Of(part)) };
    for (const isLed of [true, false]) {
      // The response of the first of few mirrors goes on behind its sample.
      const mirrors = isLed ? [ofPart, ofPart] : Array.from({ length: 5 }, () => ofPart);
      if (isLed && field === repr) continue;
      const { received, dropped, info } = await downloadFrom(mirrors);
      assertEquals([dropped, info.hashes], [[], {}]);
      assertEquals(await sha256Of(received.slice()), await sha256Of(bytes));
    }
  }
});

Deno.test("digests: fields that are malformed, too short or contradict each other are ignored", async () => {
  const fields: HeadersInit[] = [
    { "repr-digest": "sha-256=:AAAA:" },
    { "repr-digest": "sha-256=:!!!!:" },
    { "repr-digest": 'sha-256="' },
    { ...repr(WRONG), ...legacy(RIGHT) },
    { digest: `SHA-256=${"A".repeat(43)}=, SHA-256=${"B".repeat(43)}=` },
  ];
  for (const own of fields) {
    const { received, info } = await downloadFrom([{ fields: () => own }]);
    assertEquals(received, BYTES);
    assertEquals(info.hashes, {});
  }
});

Deno.test("digests: of a part that is wanted only, nothing is verified", async () => {
  const { received } = await downloadFrom([bad], { range: { start: 5, end: 1000 } });
  assertEquals(received, BYTES.subarray(5, 1000));
});

Deno.test("digests: a known file keeps them", async () => {
  const fetch = ((_: unknown, init?: RequestInit) => {
    const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get("range")!)!;
    const start = Number(range[1]);
    const end = range[2] ? Number(range[2]) + 1 : BYTES.length;
    const headers = {
      ...repr(RIGHT),
      "content-range": `bytes ${start}-${end - 1}/${BYTES.length}`,
    };
    return Promise.resolve(new Response(BYTES.slice(start, end), { status: 206, headers }));
  }) as typeof globalThis.fetch;
  await using first = new Downloader(["http://m0/file"], { fetch });
  await first.open();
  const knownFile = JSON.parse(JSON.stringify(first.knownFile));
  await using second = new Downloader(["http://m0/file"], { fetch, knownFile });
  assertEquals((await second.open()).hashes, { "sha-256": RIGHT });
});

Deno.test("proof: the level is known when the download is open", async () => {
  const tagged = (etag: string): Mirror => ({ fields: () => ({ etag }) });
  const table: readonly (readonly [readonly Mirror[], DownloaderOptions, string])[] = [
    [[silent], {}, "bytes"],
    [[silent, silent], {}, "bytes"],
    [[tagged('"a"')], {}, "tags"],
    [[{ ...tagged('"a"'), ranges: false }], {}, "tags"],
    [[tagged('"a"'), tagged('"a"')], {}, "tags"],
    [[tagged('"a"'), tagged('W/"a"')], {}, "bytes"],
    [[good], {}, "digest"],
    [[silent], { expectedHashes: { "sha-256": RIGHT } }, "digest"],
    [[good], { range: { start: 0, end: 1000 } }, "bytes"],
  ];
  for (const [mirrors, options, level] of table) {
    assertEquals((await downloadFrom(mirrors, options)).info.proof, level);
  }
});

Deno.test("proof: less than is required is an error that names the mirrors, and what to do", async () => {
  const tagged = (etag: string): Mirror => ({ fields: () => ({ etag }) });
  const table:
    readonly (readonly [readonly Mirror[], DownloaderOptions["requireProof"], string])[] = [
      [[silent], "tags", "bytes"],
      [[tagged('"a"'), tagged('"b"')], "tags", "bytes"],
      [[tagged('"a"')], "digest", "tags"],
      [[good], "pieces", "digest"],
    ];
  for (const [mirrors, requireProof, reached] of table) {
    const error = await assertRejects(() => downloadFrom(mirrors, { requireProof }), ProofError);
    assertEquals([error.reached, error.required], [reached, requireProof]);
    assertEquals(error.mirrors[0]!.mirror, "http://m0/file");
    assertStringIncludes(error.message, "http://m0/file: ETag");
  }
  const { received } = await downloadFrom([good, silent], { requireProof: "digest" });
  assertEquals(received, BYTES);
});

Deno.test("digests: a part that is damaged on the way is not used, and asked of another mirror", async () => {
  const ofContent = async (part: Uint8Array<ArrayBuffer>) => ({
    "content-digest": `sha-256=:${Uint8Array.fromHex(await sha256Of(part)).toBase64()}:`,
  });
  const bytes = new Uint8Array(3_000_000).fill(7);
  const right: Mirror = { bytes, fields: (_at, part) => ofContent(part) };
  // So that parts are short.
  const options = { windowSize: 200_000 };
  const { dropped, received } = await downloadFrom([right, right], options);
  assertEquals([received, dropped], [bytes, []]);
  // Its first part is right, and those that follow are not.
  const damaged: Mirror = {
    bytes,
    fields: (at, part) => ofContent(at === 0 ? part : new Uint8Array([1])),
  };
  const healed = await downloadFrom([damaged, right, right], options);
  assertEquals(healed.received, bytes);
  const bad = () => downloadFrom([damaged, damaged], options);
  const error = await assertRejects(bad, NoMirrorLeftError);
  assertStringIncludes(error.message, "damaged bytes: their sha-256 is");
  const ignored = await downloadFrom([damaged, damaged], { ...options, ignoreDigests: true });
  assertEquals(ignored.received, bytes);
});
