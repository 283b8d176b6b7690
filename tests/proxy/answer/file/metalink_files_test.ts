import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { formatMetalink } from "../../../../metalink.ts";
import { createHandler } from "../../../../server.ts";
import { MetalinkFiles } from "../../../../lib/proxy/answer/file/metalink_files.ts";
import { Problem } from "../../../../lib/proxy/problem.ts";
import { Access } from "../../../../lib/proxy/guard/access.ts";
import { signedLink } from "../../../../lib/proxy/request/signed_link.ts";
import { FILE, withMirrors, withMirrorsAtOnce } from "../../../support/download.ts";
import { otherContent } from "../../../support/lab/content.ts";
import {
  asker,
  detailOf,
  listing,
  OPTIONS,
  query,
  serveDocuments,
  SHA256,
  sha256,
} from "../../../support/proxy/metalink_scene.ts";
import { DOWNLOAD } from "../../../support/proxy/proxy_scene.ts";

Deno.test("/proxy?metalink= serves the file from its mirrors, with a name, ranges and an ETag", async () => {
  await withMirrorsAtOnce([{}, { content: otherContent(FILE) }, {}], async (urls) => {
    await using server = serveDocuments({
      "/film.meta4": () => listing(urls),
      "/moved": () => "/pub/film.meta4",
      "/pub/film.meta4": () => listing(["film.bin"]),
      "/pub/film.bin": () => FILE.read(0, FILE.size),
    });
    await using ask = asker();
    const whole = await ask(query(`${server.base}/film.meta4`));
    assertEquals([whole.status, await sha256(whole.bytes)], [200, FILE.sha256()]);
    assertMatch(whole.headers.get("content-disposition")!, /film\.bin/);
    const part = await ask(query(`${server.base}/film.meta4`), {
      headers: { range: "bytes=10-19", "if-range": whole.headers.get("etag")! },
    });
    assertEquals([part.status, part.bytes], [206, FILE.read(10, 20)]);
    // It is remembered.
    assertEquals(server.paths, ["/film.meta4"]);
    // Redirects are followed, and relative URLs are relative to where they have led.
    const moved = await ask(query(`${server.base}/moved`));
    assertEquals([moved.status, await sha256(moved.bytes)], [200, FILE.sha256()]);
  });
});

Deno.test("/proxy?metalink=: of several files, the client names one; a problem lists them", async () => {
  await withMirrors([{}], async (urls) => {
    const facts = { size: FILE.size, hashes: SHA256, urls: urls.map((url) => ({ url })) };
    const two = formatMetalink([{ name: "a/one.bin", ...facts }, { name: "two.bin", ...facts }]);
    await using server = serveDocuments({ "/two.meta4": () => two });
    const url = `${server.base}/two.meta4`;
    await using ask = asker();
    for (const file of [undefined, "three.bin"]) {
      const { status, bytes } = await ask(query(url, file));
      assertEquals(status, 400);
      assertMatch(detailOf(bytes), /choose by file=NAME: a\/one\.bin, two\.bin/);
    }
    for (const file of ["one.bin", "a/one.bin", "two.bin"]) {
      assertEquals((await ask(query(url, file), { method: "HEAD" })).status, 200, file);
    }
  });
});

Deno.test("/proxy?metalink=: mirrors of another size are left out, and other bytes never complete a file", async () => {
  await withMirrors([{ content: otherContent(FILE) }], async ([wrong]) => {
    await using server = serveDocuments({
      "/size.meta4": () => listing([wrong!], { size: FILE.size - 1, hashes: {} }),
      "/hash.meta4": () => listing([wrong!]),
    });
    await using ask = asker();
    const size = await ask(query(`${server.base}/size.meta4`));
    assertEquals(size.status, 502);
    const hash = await ask(query(`${server.base}/hash.meta4`));
    assert(hash.status === 502 || hash.bytes instanceof Error, `${hash.status}`);
  });
});

Deno.test("/proxy?metalink=: what cannot be used is a problem that says why", async () => {
  const laughs = `<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa">` +
    Array.from({ length: 9 }, (_, i) => `<!ENTITY a${i} "${`&a${i - 1};`.repeat(10)}">`).join("") +
    `]><metalink xmlns="urn:ietf:params:xml:ns:metalink">&a8;</metalink>`;
  const huge = () => {
    const piece = new TextEncoder().encode("<metalink>".padEnd(65_536));
    let sent = 0;
    return new ReadableStream({
      pull: (controller) => sent++ < 1600 ? controller.enqueue(piece) : controller.close(),
    });
  };
  await using server = serveDocuments({
    "/page": () => "a text, and no XML",
    "/laughs": () => laughs,
    "/huge": huge,
    "/rss": () => "<rss><channel/></rss>",
    "/ftp": () => listing(["ftp://one.example/film.bin"]),
    "/itself": (base) => listing([`${base}/itself`]),
    "/refused": () => listing(["http://10.0.0.1/film.bin", "http://[fe80::1]/film.bin"]),
  });
  await using ask = asker();
  await using strict = asker({ download: DOWNLOAD });
  await using guarded = asker({ download: DOWNLOAD, allowHosts: [new URL(server.base).host] });
  const table: [path: string, status: number, detail: RegExp, by?: typeof ask][] = [
    ["/page", 502, /cannot be used: not well-formed XML/],
    ["/laughs", 502, /cannot be used: .*entit/],
    ["/huge", 502, /more than 4194304 bytes/],
    ["/rss", 502, /not a Metalink: the outermost element is rss/],
    ["/ftp", 502, /no http or https URL of a file, but 1 of another scheme, like ftp/],
    ["/itself", 502, /1 of the Metalink itself/],
    ["/none", 404, /no such file/],
    ["/refused", 403, /10\.0\.0\.1.* is not on this proxy's list/, guarded],
    // The Metalink itself is guarded, too.
    ["/film", 403, /127\.0\.0\.1 is a loopback address/, strict],
  ];
  for (const [path, status, detail, by = ask] of table) {
    const { headers, ...answer } = await by(query(server.base + path));
    assertEquals(answer.status, status, path);
    assertEquals(headers.get("content-type"), "application/problem+json", path);
    assertMatch(detailOf(answer.bytes), detail);
  }
  for (const wrong of ["metalink=film.meta4", `${query(server.base)}&url=${server.base}`]) {
    assertEquals((await ask(wrong)).status, 400, wrong);
  }
});

Deno.test("/proxy?metalink=: mirrors that the proxy refuses are left out", async () => {
  await withMirrors([{}], async ([url]) => {
    await using server = serveDocuments({
      "/film.meta4": () => listing(["http://10.0.0.1/film.bin", url!]),
    });
    await using ask = asker({ allowHosts: ["127.0.0.1"], download: DOWNLOAD });
    const { status, bytes } = await ask(query(`${server.base}/film.meta4`));
    assertEquals([status, await sha256(bytes)], [200, FILE.sha256()]);
  });
});

Deno.test("/proxy?metalink=: a Metalink that leads to the proxy again ends", async () => {
  const documents = {
    "/loop.meta4": () => listing([`${proxy}?${query(`${server.base}/loop.meta4`)}`]),
  };
  await using server = serveDocuments(documents);
  let requests = 0;
  await using handler = createHandler(OPTIONS);
  await using running = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    requests++;
    return handler(request);
  });
  const proxy = `http://127.0.0.1:${running.addr.port}/proxy`;
  for (const method of ["GET", "HEAD"]) {
    requests = 0;
    const response = await fetch(`${proxy}?${query(`${server.base}/loop.meta4`)}`, { method });
    const text = await response.text();
    assertEquals(response.status, 508);
    if (method === "GET") assertMatch(JSON.parse(text).detail, /leads to this proxy again/);
    // The client's, and that of the download: it is not repeated.
    assertEquals(requests, 2);
  }
});

Deno.test("a signed link to a Metalink is good for it, and for the file that it names, only", async () => {
  const token = "0123456789abcdef";
  const metalink = { url: "http://10.0.0.1/film.meta4", file: "film.bin" };
  const base = new URL("http://127.0.0.1:8080/");
  const link = await signedLink(
    { base, mirrors: [], metalink, expiresAtMs: Date.now() + 60_000 },
    new Access(token),
  );
  const { pathname, search } = new URL(link);
  await using ask = asker({ token });
  // It is admitted, and then refused by the guard.
  const asked = await ask(search.slice(1), {}, pathname);
  assertEquals([pathname, asked.status], ["/proxy/film.bin", 403]);
  assertMatch(detailOf(asked.bytes), /10\.0\.0\.1 is a private address/);
  for (
    const change of [["film.bin", "other.bin"], ["film.meta4", "b.meta4"], ["&file=film.bin", ""]]
  ) {
    const { bytes } = await ask(search.slice(1).replace(change[0]!, change[1]!));
    assertMatch(detailOf(bytes), /not signed for/, change[0]);
  }
});

Deno.test("/proxy?metalink=: only so many are read at once, and remembered", async () => {
  const waiting = Promise.withResolvers<void>();
  const asked: string[] = [];
  const own = new AbortController();
  const files = new MetalinkFiles({
    policy: { check: () => Promise.resolve() },
    ...{ maxMirrors: 4, longestPiece: 1 << 20, rememberMs: Infinity },
    download: {
      ...DOWNLOAD,
      fetch: async (input) => {
        const url = String(input);
        asked.push(url);
        if (url.endsWith("/slow")) await waiting.promise;
        // Nearly as long as one may be.
        const text = listing(["http://a.test/f"]).padEnd(4_100_000);
        return new Response(text, { headers: { "content-length": `${text.length}` } });
      },
    },
  });
  const find = (path: string) =>
    files.find({ url: `http://a.test/${path}`, file: undefined }, own.signal);
  for (const path of ["0", "1", "2", "3", "4"]) {
    assertEquals((await find(path)).name, "film.bin");
  }
  const before = asked.length;
  await find("4");
  assertEquals(asked.length, before);
  // The first one had to make room.
  await find("0");
  assertEquals(asked.length > before, true);
  const slow = Array.from({ length: 8 }, (_, index) => find(`${index}/slow`));
  await assertRejects(() => find("one-more"), Problem, "limit of Metalinks");
  waiting.resolve();
  await Promise.all(slow);
});

Deno.test("/proxy?metalink=: what is remembered is counted by the files that it lists", async () => {
  const asked: string[] = [];
  // Each takes little as a text, but much as a list.
  const names = Array.from(
    { length: 9900 },
    (_, index) => `<file name="${`${index}`.padEnd(273, "x")}"/>`,
  );
  const text = listing(["http://a.test/f"]).replace("</metalink>", `${names.join("")}</metalink>`);
  const files = new MetalinkFiles({
    policy: { check: () => Promise.resolve() },
    ...{ maxMirrors: 4, longestPiece: 1 << 20, rememberMs: Infinity },
    download: {
      ...DOWNLOAD,
      fetch: (input) => {
        asked.push(String(input));
        return Promise.resolve(
          new Response(text, { headers: { "content-length": `${text.length}` } }),
        );
      },
    },
  });
  const { signal } = new AbortController();
  const find = (path: string) =>
    files.find({ url: `http://a.test/${path}`, file: "film.bin" }, signal);
  for (const path of ["0", "1", "2"]) await find(path);
  const before = asked.length;
  await find("2");
  assertEquals(asked.length, before);
  await find("0");
  assertEquals(asked.length > before, true);
});

Deno.test("/proxy?metalink=: the operator's options of one algorithm do not keep a Metalink from being read", async () => {
  await withMirrors([{}], async (urls) => {
    await using server = serveDocuments({ "/film.meta4": () => listing(urls) });
    const download = { ...DOWNLOAD, delayRequest: "diff", initialDelayCoefficient: 5 } as const;
    await using ask = asker({ ...OPTIONS, download });
    const { status, bytes } = await ask(query(`${server.base}/film.meta4`));
    assertEquals([status, await sha256(bytes)], [200, FILE.sha256()]);
  });
});
