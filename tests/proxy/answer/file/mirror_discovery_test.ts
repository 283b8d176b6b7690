import { assert, assertEquals } from "@std/assert";
import { formatMetalink } from "../../../../metalink.ts";
import { createHandler, type ProxyOptions } from "../../../../server.ts";
import { MirrorDiscovery } from "../../../../lib/proxy/answer/file/mirror_discovery.ts";
import { sha256Of } from "../../../../lib/hashing/platform_hash.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { meetingOf } from "../../../support/lab/meeting.ts";
import { DOWNLOAD } from "../../../support/proxy/proxy_scene.ts";

const CONTENT = randomContent(300_000, 7);
const BYTES = CONTENT.read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
const OTHER = randomContent(300_000, 8).read(0, CONTENT.size) as Uint8Array<ArrayBuffer>;
/** Public addresses, so that no name is looked up; nothing is sent there. */
const ORIGIN = "http://9.9.9.9/film.bin";
const A = "http://9.9.9.10/f";
const B = "http://9.9.9.11/f";

/** What a URL serves: fields, with the file or other bytes; or any response. */
type Served = { readonly headers: Record<string, string>; readonly bytes?: typeof BYTES };
type Site = Record<string, Served | (() => Response)>;

/**
 * Returns a `fetch` of a site; adds the URLs that are requested to `asked`. The `others` that its origin names, and the
 * origin itself after its first answer, which names them, answer once each was asked.
 */
function fetchOf(site: Site, asked: string[], others: readonly string[]): typeof fetch {
  const arrive = meetingOf(others.length + 1);
  let isNamed = false;
  return async (input: URL | Request | string, init?: RequestInit) => {
    const url = String(input);
    asked.push(url);
    const served = site[url];
    const member = [...others, ORIGIN].indexOf(url);
    if (member >= 0 && (url !== ORIGIN || isNamed)) await arrive[member]!();
    if (url === ORIGIN) isNamed = true;
    if (served === undefined) return new Response(null, { status: 404 });
    if (typeof served === "function") return served();
    const { headers, bytes = BYTES } = served;
    const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get("range") ?? "");
    if (range === null) return new Response(bytes, { headers });
    const start = Number(range[1]);
    const end = range[2] ? Math.min(bytes.length, Number(range[2]) + 1) : bytes.length;
    const part = { ...headers, "content-range": `bytes ${start}-${end - 1}/${bytes.length}` };
    return new Response(bytes.slice(start, end), { status: 206, headers: part });
  };
}

/** Returns a proxy in front of a site, and the URLs that it has requested; it finds these `others`. */
function proxyOf(site: Site, others: readonly string[], options: ProxyOptions = {}) {
  const asked: string[] = [];
  const handler = createHandler({
    discoverMirrors: true,
    ...options,
    download: { ...DOWNLOAD, ...options.download, fetch: fetchOf(site, asked, others) },
  });
  const get = async (init: RequestInit = {}, url = ORIGIN) => {
    const request = new Request(`http://127.0.0.1/proxy?url=${encodeURIComponent(url)}`, init);
    const response = await handler(request);
    return { status: response.status, bytes: await response.bytes().catch((error) => error) };
  };
  const places = () => [...new Set(asked.splice(0))].sort();
  return { get, places, [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose]() };
}

async function digest(bytes = BYTES): Promise<Record<string, string>> {
  return { "repr-digest": `sha-256=:${Uint8Array.fromHex(await sha256Of(bytes)).toBase64()}:` };
}

function link(...urls: readonly string[]): Record<string, string> {
  return { link: urls.map((url) => `<${url}>; rel=duplicate`).join(", ") };
}

Deno.test("discoverMirrors: duplicates join a download, and seeks use them without asking for them again", async () => {
  const origin = { headers: { ...link(A, B), ...await digest() } };
  const site: Site = { [ORIGIN]: origin, [A]: { headers: {} }, [B]: { headers: {} } };
  await using proxy = proxyOf(site, [A, B]);
  const { get, places } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
  assertEquals(places(), [A, B, ORIGIN].sort());
  site[ORIGIN] = () => new Response(null, { status: 404 });
  const part = await get({ headers: { range: "bytes=200000-200009" } });
  assertEquals(part, { status: 206, bytes: BYTES.slice(200_000, 200_010) });
});

Deno.test("discoverMirrors: the operator's options of one algorithm do not keep them from being found", async () => {
  const origin = { headers: { ...link(A), ...await digest() } };
  await using proxy = proxyOf({ [ORIGIN]: origin, [A]: { headers: {} } }, [A], {
    download: { maxConnectionsPerMirror: 2 },
  });
  assertEquals(await proxy.get(), { status: 200, bytes: BYTES });
  assertEquals(proxy.places(), [A, ORIGIN].sort());
});

Deno.test("discoverMirrors: they are not asked unless the operator wants it", async () => {
  const site = { [ORIGIN]: { headers: { ...link(A), ...await digest() } }, [A]: { headers: {} } };
  await using proxy = proxyOf(site, [], { discoverMirrors: false });
  const { get, places } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
  assertEquals(places(), [ORIGIN]);
});

Deno.test("discoverMirrors: without a digest, duplicates need the same strong ETag", async () => {
  const site: Site = {
    [ORIGIN]: { headers: { ...link(A, B), etag: '"1"' } },
    [A]: { headers: { etag: '"1"' } },
    [B]: { headers: { etag: '"2"' } },
  };
  await using tagged = proxyOf(site, [A, B]);
  assertEquals(await tagged.get(), { status: 200, bytes: BYTES });
  assertEquals(tagged.places(), [A, B, ORIGIN].sort());
  assertEquals((await tagged.get({ headers: { range: "bytes=9-99" } })).status, 206);
  assert(!tagged.places().includes(B));
  site[ORIGIN] = { headers: link(A, B) };
  await using unproved = proxyOf(site, []);
  assertEquals(await unproved.get(), { status: 200, bytes: BYTES });
  assertEquals(unproved.places(), [ORIGIN]);
});

Deno.test("discoverMirrors: a duplicate that the proxy may not request is left out, also behind a redirect", async () => {
  const refused = [
    "http://10.0.0.1/f",
    "http://127.0.0.1/f",
    "http://[::1]/f",
    "http://[::ffff:10.0.0.1]/f",
    "http://169.254.169.254/f",
    "http://router/f",
    "http://localhost/f",
    "http://u:p@9.9.9.12/f",
  ];
  const there = Object.fromEntries(refused.map((url) => [url, { headers: {} }]));
  const headers = { ...link(...refused, A, B), ...await digest() };
  const moved = () => new Response(null, { status: 302, headers: { location: refused[0]! } });
  const site = { ...there, [ORIGIN]: { headers }, [A]: { headers: {} }, [B]: moved };
  await using proxy = proxyOf(site, [A, B], { maxMirrors: 3 });
  const { get, places } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
  assertEquals(places(), [A, B, ORIGIN].sort());
  await using listed = proxyOf(site, [A], { allowHosts: ["9.9.9.9", "9.9.9.10"] });
  assertEquals(await listed.get(), { status: 200, bytes: BYTES });
  assertEquals(listed.places(), [A, ORIGIN].sort());
});

Deno.test("discoverMirrors: what a Metalink of the server lists passes the same guard", async () => {
  const urls = ["http://10.0.0.1/f", A].map((url) => ({ url }));
  const hashes = { "sha-256": await sha256Of(BYTES) };
  const text = formatMetalink([{ name: "film.bin", size: BYTES.length, hashes, urls }]);
  const described = '</film.meta4>; rel=describedby; type="application/metalink4+xml"';
  const metalink = "http://9.9.9.9/film.meta4";
  await using proxy = proxyOf({
    [ORIGIN]: { headers: { link: described } },
    [metalink]: () => new Response(text),
    [A]: { headers: {} },
    "http://10.0.0.1/f": { headers: {} },
  }, [A]);
  const { get, places } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
  assertEquals(places(), [A, ORIGIN, metalink].sort());
});

Deno.test("discoverMirrors: of thousands of duplicates, no more are asked than maxMirrors", async () => {
  const many = Array.from({ length: 5000 }, (_, i) => `http://8.8.${i >> 8}.${i & 255}/f`);
  const there = (headers: Record<string, string>) =>
    Object.fromEntries(many.map((url) => [url, { headers }]));
  const asked = many.slice(0, 4);
  for (const proof of [{ etag: '"1"' }, await digest()]) {
    const origin = { headers: { ...link(...many), ...proof } };
    const site = { ...there(proof), [ORIGIN]: origin };
    await using proxy = proxyOf(site, asked, { maxMirrors: 5 });
    const { get, places } = proxy;
    assertEquals(await get(), { status: 200, bytes: BYTES });
    assertEquals(places(), [...asked, ORIGIN].sort());
  }
  const origin = { headers: { ...link(...many), ...await digest() } };
  await using one = proxyOf({ ...there({}), [ORIGIN]: origin }, [], { maxMirrors: 1 });
  assertEquals(await one.get(), { status: 200, bytes: BYTES });
  assertEquals(one.places(), [ORIGIN]);
});

Deno.test("discoverMirrors: a request that came from a proxy causes no search, so that none leads back", async () => {
  const site = { [ORIGIN]: { headers: { ...link(A), ...await digest() } }, [A]: { headers: {} } };
  await using proxy = proxyOf(site, []);
  const { get, places } = proxy;
  const via = { headers: { via: "1.1 sphttp-proxy" } };
  assertEquals(await get(via), { status: 200, bytes: BYTES });
  assertEquals(places(), [ORIGIN]);
});

Deno.test("discoverMirrors: when the file has changed everywhere, its new digest counts", async () => {
  const site: Site = {
    [ORIGIN]: { headers: { ...link(A), ...await digest(), etag: '"1"' } },
    [A]: { headers: { etag: '"1"' } },
  };
  await using proxy = proxyOf(site, [A]);
  const { get } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
  const headers = { ...link(A), ...await digest(OTHER), etag: '"2"' };
  site[ORIGIN] = { headers, bytes: OTHER };
  site[A] = { headers: { etag: '"2"' }, bytes: OTHER };
  const { status, bytes } = await get();
  assertEquals([status, await sha256Of(bytes)], [200, await sha256Of(OTHER)]);
});

Deno.test("discoverMirrors: after a file that does not fit its digest, the server is asked again", async () => {
  const site: Site = {
    [ORIGIN]: { headers: { ...link(A), ...await digest(OTHER) } },
    [A]: { headers: {} },
  };
  await using proxy = proxyOf(site, [A]);
  const { get } = proxy;
  const { bytes } = await get();
  assert(bytes instanceof Error, "a wrong digest is found at the end");
  site[ORIGIN] = { headers: { ...link(A), ...await digest() } };
  const again = await get();
  assertEquals([again.status, `${again.bytes.length ?? again.bytes}`], [200, `${BYTES.length}`]);
});

Deno.test("discoverMirrors: a duplicate with other bytes brings nothing", async () => {
  await using proxy = proxyOf({
    [ORIGIN]: { headers: { ...link(A, B), ...await digest() } },
    [A]: { headers: {}, bytes: OTHER },
    [B]: { headers: {} },
  }, [A, B]);
  const { get } = proxy;
  assertEquals(await get(), { status: 200, bytes: BYTES });
});

Deno.test("discoverMirrors: a mirror that fails is reported as without it", async () => {
  await using proxy = proxyOf({}, []);
  const { get } = proxy;
  const { status, bytes } = await get();
  assertEquals(status, 404);
  assertEquals(JSON.parse(new TextDecoder().decode(bytes)).mirrors.length, 1);
});

Deno.test("MirrorDiscovery: where too many are looked for at once, a mirror is used alone", async () => {
  const asked: string[] = [];
  const discovery = new MirrorDiscovery({
    policy: { check: () => Promise.resolve() },
    download: { fetch: fetchOf({}, asked, []) },
    ...{ maxMirrors: 4, allowDowngrade: false, rememberMs: 0, maxAtOnce: 0 },
  });
  const found = await discovery.find(ORIGIN, new AbortController().signal);
  assertEquals([found, asked], [undefined, []]);
});
