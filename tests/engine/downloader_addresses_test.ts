import { assert, assertEquals, assertRejects } from "@std/assert";
import { Downloader, type DownloaderOptions, MirrorBook } from "../../mod.ts";
import { type AddressServers, NAME, startAddresses } from "../support/address_servers.ts";
import { randomContent } from "../support/lab/content.ts";
import { meetingOf } from "../support/lab/meeting.ts";
import { download } from "../support/download.ts";

const FILE = randomContent(4_000_000, 21);
const TWO = ["127.0.0.1", "127.0.0.2"];
const THREE = [...TWO, "127.0.0.3"];

/** Options by which the name of the servers has these addresses, each of which is a mirror. */
function each({ place, caPem }: AddressServers, addresses: readonly string[]): DownloaderOptions {
  const connect = { resolve: { [place]: addresses } };
  // However long the process stands still, no address fails for it.
  return { eachAddress: true, caCerts: [caPem], connect, retry: {}, stallTimeoutMs: 60_000 };
}

/** Returns the addresses that were requested. */
function asked({ requests }: AddressServers): string[] {
  return [...new Set(requests.map(({ address }) => address))].sort();
}

const KINDS = [
  { tls: false, http: "auto" },
  { tls: true, http: "auto" },
  { tls: true, http: "http2" },
] as const;

for (const { tls, http } of KINDS) {
  const kind = tls ? `https, ${http}` : "http";
  Deno.test(`eachAddress: URL, Host and certificate are those of the name: ${kind}`, async () => {
    await using servers = await startAddresses({
      content: FILE,
      addresses: TWO,
      tls,
      arrive: meetingOf(2),
    });
    const options = { ...each(servers, TWO), http };
    const { error, sha256, stats } = await download([servers.url], options);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals(asked(servers), TWO);
    const { url, place, requests } = servers;
    const host = http === "http2" ? null : place;
    assert(requests.every((request) => request.url === url && request.host === host));
    assertEquals(stats.mirrors.map((mirror) => mirror.url), TWO.map((one) => `${url}#${one}`));
    assert(stats.mirrors.every(({ bytes }) => bytes > 0));
  });
}

Deno.test("eachAddress: a certificate of another name is refused at each address", async () => {
  await using servers = await startAddresses({ content: FILE, addresses: TWO, tls: true });
  const place = servers.place.replace(NAME, "three.example");
  const options = { ...each(servers, TWO), connect: { resolve: { [place]: TWO } } };
  const { error } = await download([`https://${place}/f`], options);
  assert(error instanceof Error && /certificate/.test(String(error.message)), `${error}`);
  assertEquals(servers.requests, []);
});

Deno.test("eachAddress: a dead address is a dead mirror, and no limit of its host", async () => {
  const failed = Promise.withResolvers<void>();
  const arrive = TWO.map(() => () => failed.promise);
  await using servers = await startAddresses({ content: FILE, addresses: TWO, arrive });
  const { error, sha256, stats, events } = await download([servers.url], {
    ...each(servers, THREE),
    onEvent: ({ type }) => {
      if (type === "failure") failed.resolve();
    },
  });
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
  const failures = events.flatMap((event) => event.type === "failure" ? [event.message] : []);
  assert(failures.length > 0);
  const others = failures.filter((message) => !message.includes("#127.0.0.3: connection failed"));
  assertEquals([others, stats.mirrors[2]!.bytes], [[], 0]);
});

Deno.test("eachAddress: all addresses are dead", async () => {
  const resolve = { [`${NAME}:4711`]: ["127.0.0.8", "127.0.0.9"] };
  const options = { eachAddress: true, connect: { resolve }, retry: { attempts: 1 } };
  const { error } = await download([`http://${NAME}:4711/f`], options);
  for (const address of ["127.0.0.8", "127.0.0.9"]) {
    assert(String(error).includes(`#${address}: connection failed`), `${error}`);
  }
});

Deno.test("eachAddress: what a server refuses limits the sum over its addresses", async () => {
  let refused = 0;
  await using servers = await startAddresses({
    content: FILE,
    addresses: THREE,
    instead: (_, live) => {
      if (live < 2) return undefined;
      refused++;
      return new Response(null, { status: 503 });
    },
  });
  const { error, sha256, stats } = await download([servers.url], each(servers, THREE));
  assertEquals([error, sha256, servers.mostLive], [undefined, FILE.sha256(), 2]);
  // What is refused before any of them has answered is a failure, as nothing is known to be served then.
  assert(stats.mirrors.every(({ failures }) => failures <= 1));
  assert(refused > 0 && refused < 30, `${refused} of ${servers.requests.length} refused`);
});

Deno.test("eachAddress: where one connection is allowed, the name is one mirror", async () => {
  await using servers = await startAddresses({ content: FILE, addresses: TWO });
  const options = { ...each(servers, TWO), maxConnectionsPerMirror: 1 };
  const { error, sha256, stats } = await download([servers.url], options);
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
  assertEquals(stats.mirrors.map(({ url }) => url), [servers.url]);
});

Deno.test("eachAddress: redirects to the name are followed at the same address, others anywhere", async () => {
  await using servers = await startAddresses({
    content: FILE,
    addresses: TWO,
    arrive: meetingOf(2),
    instead: ({ url }) => {
      const target = url.replace("/from", "/f");
      return url.includes("/from") ? Response.redirect(target, 302) : undefined;
    },
  });
  const { error, sha256, stats } = await download(
    [servers.url.replace("/f", "/from")],
    each(servers, TWO),
  );
  assertEquals([error, sha256, asked(servers)], [undefined, FILE.sha256(), TWO]);
  assert(stats.mirrors.every(({ bytes }) => bytes > 0));
});

Deno.test("eachAddress: the mirror book tells addresses apart", async () => {
  await using servers = await startAddresses({ content: FILE, addresses: TWO });
  const book = new MirrorBook();
  const { error } = await download([servers.url], { ...each(servers, TWO), book });
  assertEquals(error, undefined);
  // An address that has delivered little is not recorded.
  const places = Object.keys(book.toJSON().origins);
  const { origin } = new URL(servers.url);
  assert(places.length > 0);
  assert(
    places.every((place) => TWO.some((address) => place === `${origin}#${address}`)),
    `${places}`,
  );
});

Deno.test("eachAddress: a known file is that of each address", async () => {
  await using servers = await startAddresses({ content: FILE, addresses: TWO });
  await using first = new Downloader([servers.url], each(servers, TWO));
  await first.open();
  const { knownFile } = first;
  await first.cancel();
  const before = servers.requests.length;
  const { error, sha256, events } = await download([servers.url], {
    ...each(servers, TWO),
    knownFile,
  });
  assertEquals([error, sha256], [undefined, FILE.sha256()]);
  assert(servers.requests.length > before);
  const probed = events.flatMap((event) => event.type === "ask" ? [event.mirror] : []);
  const known = new Set(knownFile!.mirrors.map(({ url }) => url));
  assert(probed.every((url) => !known.has(url)), `${probed}`);
});

Deno.test("eachAddress: a download is cancelled while addresses are looked up", async () => {
  const reason = new Error("enough");
  const connect = { resolve: { [`${NAME}:4711`]: TWO } };
  const cancelled = new Downloader([`http://${NAME}:4711/f`], { eachAddress: true, connect });
  const opened = cancelled.open();
  await cancelled.cancel(reason);
  assertEquals(await assertRejects(() => opened), reason);
  const controller = new AbortController();
  const options = { eachAddress: true, connect, signal: controller.signal };
  const aborted = new Downloader([`http://${NAME}:4711/f`], options);
  const read = aborted[Symbol.asyncIterator]().next();
  controller.abort(reason);
  assertEquals(await assertRejects(() => read), reason);
});

Deno.test("eachAddress: the window and the rate may be set before addresses are known", async () => {
  await using servers = await startAddresses({ content: FILE, addresses: TWO });
  await using download = new Downloader([servers.url], each(servers, TWO));
  download.windowSize = 3_000_000;
  const opened = download.open();
  download.maxRate = 50_000_000;
  await opened;
  assertEquals([download.windowSize, download.maxRate], [3_000_000, 50_000_000]);
  assertEquals(download.stats().mirrors.length, 2);
});
