import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  discoverMirrors,
  type DiscoveryOptions,
  Downloader,
  type DownloaderOptions,
  MirrorUrlError,
  NoMirrorLeftError,
  OptionRangeError,
} from "../../mod.ts";
import { formatMetalink, parseMetalink } from "../../metalink.ts";
import { sha256Of } from "../../lib/hashing/platform_hash.ts";
import { randomContent } from "../support/lab/content.ts";

const CONTENT = randomContent(50_000, 5);
const BYTES = CONTENT.read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
const RIGHT = await sha256Of(BYTES);
const WRONG = "0".repeat(64);
const FILE = "http://origin/film.bin";

/** Answers to URLs: fields of a response with the file, or any response. */
type Server = Readonly<Record<string, Record<string, string> | (() => Response)>>;

/** Returns a `fetch` of these URLs, and the requests that it got. */
function serve(server: Server) {
  const asked: { url: string; headers: Headers }[] = [];
  const fetch = ((input: string, init?: RequestInit) => {
    const url = String(input);
    const headers = new Headers(init?.headers);
    asked.push({ url, headers });
    const answer = server[url];
    if (answer === undefined) return Promise.resolve(new Response(null, { status: 404 }));
    if (typeof answer === "function") return Promise.resolve(answer());
    const range = /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "");
    if (range === null) return Promise.resolve(new Response(BYTES, { headers: answer }));
    const start = Number(range[1]);
    const end = range[2] ? Math.min(BYTES.length, Number(range[2]) + 1) : BYTES.length;
    const part = { ...answer, "content-range": `bytes ${start}-${end - 1}/${BYTES.length}` };
    return Promise.resolve(new Response(BYTES.slice(start, end), { status: 206, headers: part }));
  }) as typeof globalThis.fetch;
  return { fetch, asked };
}

async function discover(
  server: Server,
  options: DownloaderOptions & DiscoveryOptions = {},
  url: string = FILE,
) {
  const { fetch, asked } = serve(server);
  return { ...await discoverMirrors(url, { fetch, parseMetalink, ...options }), asked };
}

function repr(hex: string): Record<string, string> {
  return { "repr-digest": `sha-256=:${Uint8Array.fromHex(hex).toBase64()}:` };
}

/** Returns a `Link` field with these duplicates. */
function link(...urls: readonly string[]): Record<string, string> {
  return { link: urls.map((url) => `<${url}>; rel=duplicate`).join(", ") };
}

Deno.test("discoverMirrors(): with a digest of the file, duplicates count, by their priority", async () => {
  const field = [
    "<http://b/f>; rel=duplicate; pri=2; geo=de",
    "<http://a/f>; rel=duplicate; pri=1",
    "</other>; rel=duplicate; pri=9",
    "<http://c/f>; rel=duplicate; pref",
    "<http://d/f>; rel=next",
    "<ftp://e/f>; rel=duplicate",
  ].join(", ");
  const { urls, hashes, problems } = await discover({ [FILE]: { link: field, ...repr(RIGHT) } });
  assertEquals(urls, [FILE, "http://c/f", "http://a/f", "http://b/f", "http://origin/other"]);
  assertEquals(hashes, { "sha-256": RIGHT });
  assertEquals(problems, []);
});

Deno.test("discoverMirrors(): without a digest and an ETag none counts, unless they are trusted", async () => {
  const server = { [FILE]: link("http://a/f", "http://b/f") };
  const { urls, problems } = await discover(server);
  assertEquals(urls, [FILE]);
  assertStringIncludes(problems[0]!, "2 mirrors that origin names are not used");
  assertEquals((await discover(server, { trustMirrors: true })).urls.length, 3);
  const expectedHashes = { "sha-256": RIGHT };
  assertEquals((await discover(server, { expectedHashes })).urls.length, 3);
  const weak = {
    [FILE]: { ...link("http://a/f"), etag: 'W/"1"' },
    "http://a/f": { etag: 'W/"1"' },
  };
  assertEquals((await discover(weak)).urls, [FILE]);
});

Deno.test("discoverMirrors(): without a digest, those with the same strong ETag count", async () => {
  const { urls, problems } = await discover({
    [FILE]: { ...link("http://a/f", "http://b/f", "http://c/f"), etag: '"1"' },
    "http://a/f": { etag: '"2"' },
    "http://b/f": { etag: '"1"' },
  }, { retry: { attempts: 1 }, delayRequest: "static", staticDelays: { [FILE]: 0 } });
  assertEquals(urls, [FILE, "http://b/f"]);
  assertStringIncludes(problems[0]!, "2 mirrors that origin names: no answer with the same ETag");
});

Deno.test("discoverMirrors(): itself, repetitions, and more than are wanted do not count", async () => {
  const many = Array.from({ length: 1000 }, (_, index) => `http://m${index}/f`);
  const { urls } = await discover({
    [FILE]: { ...link(FILE, `${FILE}#x`, "http://m0/f", ...many), ...repr(RIGHT) },
  }, { maxMirrors: 5 });
  assertEquals(urls, [FILE, "http://m0/f", "http://m1/f", "http://m2/f", "http://m3/f"]);
  const alone = await discover({ [FILE]: { ...link(FILE), ...repr(RIGHT) } });
  assertEquals(alone.urls, [FILE]);
  assertEquals(alone.asked.length, 1);
});

Deno.test("discoverMirrors(): of 10 000 duplicates in one field, few are kept, and no more asked than wanted", async () => {
  const count = 10_000;
  const names = Array.from({ length: count }, (_, index) => `</${index}>;rel=duplicate`);
  const kept: Record<string, string>[] = [{ etag: '"1"' }, repr(RIGHT)];
  for (const proof of kept) {
    const asked = new Set<string>();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      ({ url }) => {
        const { pathname } = new URL(url);
        asked.add(pathname);
        const more = pathname === "/f" ? { link: names.join() } : undefined;
        return new Response(BYTES, { headers: { ...proof, ...more } });
      },
    );
    const url = `http://127.0.0.1:${server.addr.port}/f`;
    await using download = new Downloader([url]);
    const info = await download.open();
    const { duplicates, problem } = info.elsewhere!;
    assertEquals([duplicates.length, problem], [64, undefined]);
    await download.cancel();
    const { urls } = await discoverMirrors(url);
    const first = Array.from({ length: 7 }, (_, index) => `/${index}`);
    assertEquals(urls.map((one) => new URL(one).pathname), ["/f", ...first]);
    assertEquals([...asked].sort(), "etag" in proof ? [...first, "/f"] : ["/f"]);
  }
});

Deno.test("discoverMirrors(): a redirector names mirrors and the digest; mirrors of mirrors do not count", async () => {
  const digest = `SHA-256=${Uint8Array.fromHex(RIGHT).toBase64()}`;
  const headers = { location: "http://a/f", ...link("http://a/f", "http://b/f"), digest };
  const { urls, hashes } = await discover({
    [FILE]: () => new Response(null, { status: 302, headers }),
    "http://a/f": link("http://z/f"),
  });
  assertEquals(urls, [FILE, "http://a/f", "http://b/f"]);
  assertEquals(hashes, { "sha-256": RIGHT });
});

Deno.test("discoverMirrors(): a field that breaks off in a quote counts as far as it was read", async () => {
  const { urls, problems } = await discover({
    [FILE]: { link: '<http://a/f>; rel=duplicate, <http://b/f>; rel="dupl', ...repr(RIGHT) },
  });
  assertEquals(urls, [FILE, "http://a/f"]);
  assertStringIncludes(problems[0]!, "a quote that is not closed");
});

Deno.test("discoverMirrors(): what identifies the user stays with the server", async () => {
  const server = { [FILE]: { ...link("http://a/f", "/g"), ...repr(RIGHT) } };
  const { urls } = await discover(server, { headers: { cookie: "a=b" } });
  assertEquals(urls, [FILE, "http://origin/g"]);
});

Deno.test("discoverMirrors(): from https to http only with a digest", async () => {
  const url = "https://origin/film.bin";
  const field = link("http://a/f", "https://b/f");
  const trusted = await discover({ [url]: field }, { trustMirrors: true }, url);
  assertEquals(trusted.urls, [url, "https://b/f"]);
  const proved = await discover({ [url]: { ...field, ...repr(RIGHT) } }, {}, url);
  assertEquals(proved.urls, [url, "http://a/f", "https://b/f"]);
});

const DESCRIBED = { link: '</film.meta4>; rel=describedby; type="application/metalink4+xml"' };
const META = "http://origin/film.meta4";

function metalink(hash: string, size: number = BYTES.length): () => Response {
  const urls = ["http://a/f", FILE, "http://b/f"].map((url) => ({ url }));
  const text = formatMetalink([{ name: "film.bin", size, hashes: { "sha-256": hash }, urls }]);
  return () => new Response(text);
}

Deno.test("discoverMirrors(): a Metalink of the same server brings digest and mirrors", async () => {
  const { urls, hashes } = await discover({ [FILE]: DESCRIBED, [META]: metalink(RIGHT) });
  assertEquals(hashes, { "sha-256": RIGHT });
  assertEquals(urls, [FILE, "http://a/f", "http://b/f"]);
});

Deno.test("discoverMirrors(): relative URLs of a Metalink are relative to where redirects have led", async () => {
  const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="film.bin">
    <hash type="sha-256">${RIGHT}</hash><url>../film.bin</url></file></metalink>`;
  const { urls, problems } = await discover({
    [FILE]: DESCRIBED,
    [META]: () => new Response(null, { status: 302, headers: { location: "http://a/pub/1/list" } }),
    "http://a/pub/1/list": () => new Response(text),
  });
  assertEquals([urls, problems], [[FILE, "http://a/pub/film.bin"], []]);
});

Deno.test("discoverMirrors(): what is required of the file is not required of its Metalink", async () => {
  const length = 16 * 1024;
  const digests = await Promise.all(
    Array.from(
      { length: Math.ceil(BYTES.length / length) },
      (_, index) => sha256Of(BYTES.slice(index * length, (index + 1) * length)),
    ),
  );
  const expectedPieces = { algorithm: "sha-256", length, digests } as const;
  const headers = { "if-match": '"a"' };
  const staticDelays = { [FILE]: 0 };
  const { urls, problems, asked } = await discover(
    { [FILE]: { ...DESCRIBED, etag: '"a"' }, [META]: metalink(RIGHT) },
    {
      expectedPieces,
      requireProof: "pieces",
      expectedName: "film.bin",
      headers,
      staticDelays,
      delayRequest: "static",
    },
  );
  assertEquals([urls, problems], [[FILE, "http://a/f", "http://b/f"], []]);
  const ofMetalink = asked.filter(({ url }) => url === META);
  assertEquals(ofMetalink.map(({ headers }) => headers.get("if-match")), [null]);
});

Deno.test("discoverMirrors(): a Metalink that is of no use is named, with the reason", async () => {
  const table: readonly (readonly [Server, string])[] = [
    [{ [META]: metalink(RIGHT, 5) }, `it has no file of ${BYTES.length} bytes`],
    [{ [META]: () => new Response("no XML") }, "is not used"],
    [{}, "404"],
    [{ [META]: () => new Response(new Uint8Array(5 * 1024 * 1024)) }, "it has more than"],
  ];
  for (const [server, reason] of table) {
    const { urls, problems } = await discover({ [FILE]: DESCRIBED, ...server }, {
      retry: { attempts: 1 },
    });
    assertEquals(urls, [FILE]);
    assertStringIncludes(problems[0]!, reason);
  }
  const contrary = await discover({
    [FILE]: { ...DESCRIBED, ...repr(WRONG) },
    [META]: metalink(RIGHT),
  });
  for (const hash of [RIGHT, WRONG]) assertStringIncludes(contrary.problems[0]!, hash);
  const other = DESCRIBED.link.replace("/film.meta4", "http://other/film.meta4");
  const { asked } = await discover({ [FILE]: { link: other } });
  assertEquals(asked.length, 1);
});

Deno.test("discoverMirrors(): the mirrors that are found are compared and verified like any", async () => {
  const { fetch } = serve({
    [FILE]: { ...link("http://a/f", "http://b/f"), ...repr(RIGHT) },
    "http://a/f": repr(WRONG),
    "http://b/f": {},
  });
  const { urls, hashes } = await discoverMirrors(FILE, { fetch });
  const dropped: string[] = [];
  const refuted = Promise.withResolvers<void>();
  const download = new Downloader(urls, {
    // The others could deliver the file before the wrong one is asked.
    fetch: async (input, init) => {
      if (String(input) !== "http://a/f") await refuted.promise;
      return await fetch(input, init);
    },
    expectedHashes: hashes,
    onEvent: (event) => {
      if (event.type !== "mirror" || event.state !== "dropped") return;
      dropped.push(event.mirror);
      refuted.resolve();
    },
  });
  assertEquals(await new Response(download.stream()).bytes(), BYTES);
  assertEquals(dropped, ["http://a/f"]);
});

Deno.test("discoverMirrors() rejects as a download does, and names a wrong option", async () => {
  await assertRejects(() => discover({}, { retry: { attempts: 1 } }), NoMirrorLeftError);
  await assertRejects(() => discoverMirrors("ftp://x/"), MirrorUrlError);
  await assertRejects(
    () => discoverMirrors(FILE, { maxMirrors: 0 }),
    OptionRangeError,
    "maxMirrors",
  );
});
