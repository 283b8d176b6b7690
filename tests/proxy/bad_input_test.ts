import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHandler, type ProxyOptions } from "../../server.ts";
import { randomContent } from "../support/lab/content.ts";
import { FILE, IMPATIENT, QUICK, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";

const PRIVATE: ProxyOptions = { allowPrivate: true, download: { ...QUICK } };

async function problem(
  search: string,
  options: ProxyOptions = {},
  init: RequestInit & { path?: string } = {},
) {
  const { path = "/proxy", ...request } = init;
  await using handler = createHandler(options);
  const response = await handler(new Request(`http://proxy.test${path}${search}`, request));
  const text = await response.text();
  assertEquals(response.headers.get("content-type"), "application/problem+json", text);
  assertEquals(response.headers.get("content-length"), `${new TextEncoder().encode(text).length}`);
  assertEquals(response.headers.get("cache-control"), "no-store");
  const document = JSON.parse(text);
  assertEquals([document.status, document.type], [response.status, "about:blank"]);
  for (const secret of ["secret", "    at ", "node_modules", ".ts:"]) {
    assert(!text.includes(secret), `${secret} in ${text}`);
  }
  return { status: response.status, document, headers: response.headers };
}

/** Adds secrets to a mirror's URL that no response may contain. */
function withSecrets(url: string): string {
  const secret = new URL(url);
  secret.username = "secret-user";
  secret.password = "secret-password";
  secret.search = "?signature=secret-signature";
  return secret.href;
}

const refused: [string, string, number, RegExp][] = [
  ["no host", "", 400, /host/],
  ["an empty host", "?host=", 400, /host|mirror/],
  ["hosts that are empty all", "?host=,%20,&url=&hosts=", 400, /no mirror/],
  ["33 hosts", `?host=${Array.from({ length: 33 }, (_, i) => `http://m${i}.test/`)}`, 400, /32/],
  ["a host that is no URL", "?host=nonsense", 400, /nonsense/],
  ["a file: URL", "?host=file:///etc/passwd", 400, /http/],
  ["a private address", "?host=http://10.1.2.3/f", 403, /10\.1\.2\.3/],
  ["a decimal address", "?host=http://2130706433/f", 403, /127\.0\.0\.1/],
  [
    "a mapped address",
    "?host=http://[::ffff:127.0.0.1]/f",
    403,
    /private|loopback|machine|purpose|public|is /,
  ],
  ["a local name", "?host=http://localhost/f", 403, /localhost/],
  ["metadata", "?host=http://169.254.169.254/latest", 403, /169\.254/],
  ["credentials in it", "?host=http://user:secret@10.0.0.1/f?key=secret", 403, /10\.0\.0\.1/],
  ["a refused host beside others", "?url=https://1.1.1.1/f&url=http://[::1]:80/secret", 403, /::1/],
  ["a name below localhost", "?host=http://any.localhost:8000/f?secret", 403, /any\.localhost/],
  ["a word for a size", "?host=http://a.test/f&split_size=large", 400, /split_size.*large/],
  ["a misspelled host", "?hosst=http://a.test/f", 400, /no mirror .*hosst, did you mean host/],
  ["the rest of a URL whose & is not encoded", "?url=http://10.0.0.1/f?x&sig=1", 403, /sig; .*%26/],
];

for (const [name, search, status, says] of refused) {
  Deno.test(`/proxy refuses ${name}`, async () => {
    const { status: got, document } = await problem(search);
    assertEquals(got, status);
    assertMatch(document.detail, says);
  });
}

Deno.test("/proxy: credentials are neither returned nor logged in any spelling of a URL", async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  for (
    const url of [
      "http:user:secret@10.0.0.1/f",
      "http:///user:secret@10.0.0.1/f",
      "http:\\\\user:secret@10.0.0.1/f",
      "HTTP://secret@10.0.0.1/f",
      "ht\ttp://us\ner:sec\nret@10.0.0.1/f",
      "http://user:sec/ret@10.0.0.1/f",
      "http:user:secret,@10.0.0.1/f",
      "user:secret@10.0.0.1/f",
    ]
  ) {
    for (const logFormat of ["text", "json"] as const) {
      lines.length = 0;
      const { document } = await problem(`?host=${encodeURIComponent(url)}`, { log, logFormat });
      while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const shown = lines.join("\n") + JSON.stringify(document);
      assert(!/sec|ret@|user/.test(shown), shown);
    }
  }
});

Deno.test("/proxy supports GET and HEAD only, and known paths", async () => {
  const { status, headers } = await problem("?host=http://a.test/f", {}, { method: "POST" });
  assertEquals([status, headers.get("allow")], [405, "GET, HEAD"]);
  assertEquals((await problem("", {}, { path: "/etc/passwd" })).status, 404);
  const paths = ["/constructor", "/proxy/a/b", "/proxy/a/", "/proxy//", "/healthz/a", "/a/proxy"];
  for (const path of paths) assertEquals((await problem("", {}, { path })).status, 404, path);
});

Deno.test("/proxy requires its token, as Bearer or in the query", async () => {
  const options = { ...PRIVATE, token: "opensesame" };
  await withMirrors([{}], async ([url]) => {
    const target = `?url=${encodeURIComponent(url!)}`;
    const missing = await problem(target, options);
    assertEquals([missing.status, missing.headers.get("www-authenticate")], [401, "Bearer"]);
    assertEquals((await problem(`${target}&token=secret`, options)).status, 401);
    for (
      const authorization of [
        "Bearer secret",
        "Bearer opensesam",
        "Bearer opensesamE",
        "Basic opensesame",
      ]
    ) {
      assertEquals((await problem(target, options, { headers: { authorization } })).status, 401);
    }
    await using handler = createHandler(options);
    const inQuery = `http://proxy.test/proxy${target}&token=opensesame`;
    assertEquals((await handler(new Request(inQuery, { method: "HEAD" }))).status, 200);
    const headers = { authorization: "Bearer opensesame" };
    const asBearer = new Request(`http://proxy.test/proxy${target}`, { method: "HEAD", headers });
    assertEquals((await handler(asBearer)).status, 200);
  });
});

Deno.test("/proxy: a name that resolves to this machine is in no allowed network", async () => {
  const options = { allowHosts: ["192.0.2.0/24"] };
  const { status, document } = await problem("?host=http://localhost:9/f?secret", options);
  assertEquals(status, 403);
  assert(!document.detail.includes("127.0.0.1"), "the address of a name is not revealed");
});

Deno.test("/proxy: a redirect to a private address is refused without a request to it", async () => {
  await withMirrors([{}], async ([inner], [hidden]) => {
    const lab = [{ redirectTo: withSecrets(inner!) }, { redirectTo: "http://10.9.8.7/secret" }];
    await withMirrors(lab, async (urls, mirrors) => {
      const options = { ...PRIVATE, allowHosts: urls.map((url) => new URL(url).host) };
      const { status, document } = await problem(`?host=${urls.map(withSecrets)}`, options);
      assertEquals(status, 403);
      assertStringIncludes(document.detail, new URL(inner!).host);
      // A refusal is final, so there is no retry.
      assertEquals(mirrors.map(({ requests }) => requests.length), [1, 1]);
    });
    assertEquals([hidden!.requests.length, hidden!.connectionsAccepted], [0, 0]);
  });
});

Deno.test("/proxy: a mirror with a refused redirect does not affect the others", async () => {
  await withMirrors([{ redirectTo: "http://10.9.8.7/f" }, {}], async (urls) => {
    const options = { ...PRIVATE, allowHosts: urls.map((url) => new URL(url).host) };
    await using handler = createHandler(options);
    const response = await handler(new Request(`http://proxy.test/proxy?host=${urls}`));
    assertEquals([response.status, (await response.bytes()).length], [200, FILE.size]);
  });
});

Deno.test("/proxy: mirrors that disagree are a bad gateway that lists what each has", async () => {
  await withMirrorsAtOnce([{}, { content: randomContent(FILE.size + 1, 3) }], async (urls) => {
    const { status, document } = await problem(`?host=${urls.map(withSecrets)}`, PRIVATE);
    assertEquals([status, document.mirrors.length], [502, 2]);
    assertEquals(document.mirrors.map(({ url }: { url: string }) => url), urls);
    assertStringIncludes(document.mirrors[1].reason, `${FILE.size + 1} bytes`);
  });
});

Deno.test("/proxy: mirrors that disagree at equal sizes are reported to have other content", async () => {
  await withMirrorsAtOnce([{}, { content: randomContent(FILE.size, 3) }], async (urls) => {
    const { status, document } = await problem(`?host=${urls}`, PRIVATE);
    assertEquals(status, 502);
    for (const { reason } of document.mirrors) {
      assertEquals(reason, `has ${FILE.size} bytes, but other content`);
    }
  });
});

Deno.test("/proxy: one failed and one changed mirror are a changed file", async () => {
  await withMirrors([{}, {}], async (urls, mirrors) => {
    await using handler = createHandler({ ...PRIVATE, maxDownloads: 1 });
    for (const range of ["bytes=500000-500009", "bytes=0-9,500000-500009"]) {
      for (const mirror of mirrors) mirror.setFaults([]);
      const ask = (init: RequestInit) =>
        handler(new Request(`http://proxy.test/proxy?host=${urls}`, init));
      assertEquals((await ask({ method: "HEAD" })).status, 200);
      mirrors[0]!.setFaults([{ kind: "status", status: 410 }]);
      mirrors[1]!.setContent(randomContent(FILE.size + range.length, range.length));
      const seek = await ask({ headers: { range } });
      assertEquals(seek.status, 206, range);
      await seek.bytes();
    }
  });
});

Deno.test("/proxy ignores a set of 2000 ranges and shortens its log line", async () => {
  await withMirrors([{}], async (urls) => {
    const lines: string[] = [];
    await using handler = createHandler({
      ...PRIVATE,
      logFormat: "json",
      log: (line) => lines.push(line),
    });
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    const range = `bytes=${Array.from({ length: 2000 }, (_, i) => `${i * 2}-${i * 2}`)}`;
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/proxy?host=${urls}`, {
      headers: { range },
    });
    assertEquals([response.status, (await response.bytes()).length], [200, FILE.size]);
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve));
    assertEquals(JSON.parse(lines[0]!).range, `${range.slice(0, 200)}…`);
  });
});

Deno.test("/proxy: files from mirrors run no script with the proxy's origin", async () => {
  await withMirrors([{ contentType: "image/svg+xml" }], async (urls) => {
    await using handler = createHandler(PRIVATE);
    for (const range of ["", "bytes=0-9", "bytes=0-9,20-29", "bytes=9999999-"]) {
      const headers: HeadersInit = range === "" ? {} : { range };
      const request = new Request(`http://proxy.test/proxy?host=${urls}`, { headers });
      const response = await handler(request);
      await response.body?.cancel();
      const policy = response.headers.get("content-security-policy")!;
      assertMatch(policy, /^sandbox; default-src 'none'; /);
      assertEquals(/script|allow-/.test(policy), false);
    }
  });
});

const CLOSED = "closed the connection without a response";

Deno.test("/proxy: when all mirrors fail, the response lists a reason for each", async () => {
  const dying: [Partial<MirrorOptions>, reason: string][] = [
    [{ faults: [{ kind: "status", status: 404, body: "secret" }] }, "responded with status 404"],
    [{ faults: [{ kind: "status", status: 503 }] }, "responded with status 503"],
    [{ requireAuthorization: "Basic c2VjcmV0" }, "responded with status 401"],
    [{ faults: [{ kind: "refuse" }] }, CLOSED],
    [{ faults: [{ kind: "stall", beforeHeaders: true }] }, "timed out"],
    [{ faults: [{ kind: "compress" }] }, "encodes the file on the way, even when asked not to"],
  ];
  const options = { ...PRIVATE, download: { ...IMPATIENT, retry: QUICK.retry } };
  await withMirrors(dying.map(([options]) => options), async (urls) => {
    const { status, document } = await problem(`?host=${urls.map(withSecrets)}`, options);
    assertEquals(status, 502);
    // Which of the two it is depends on what has been read.
    const named = document.mirrors.map(({ url, reason }: { url: string; reason: string }) => {
      return { url, reason: reason.replace(/^reset the connection$/, CLOSED) };
    });
    assertEquals(named, dying.map(([_, reason], index) => ({ url: urls[index], reason })));
  });
});

Deno.test("/proxy: a problem has the same headers and no body for HEAD", async () => {
  await using handler = createHandler(PRIVATE);
  const ask = (method: string) => handler(new Request("http://proxy.test/proxy", { method }));
  const [head, get] = [await ask("HEAD"), await ask("GET")];
  assertEquals([head.status, head.body, [...head.headers]], [400, null, [...get.headers]]);
  await get.body?.cancel();
});

Deno.test("/proxy: beyond the maximum of downloads, clients get a 503 with Retry-After", async () => {
  await withMirrors([{ bytesPerSecond: 300_000 }], async (urls) => {
    await using handler = createHandler({ ...PRIVATE, maxDownloads: 1 });
    const request = () => new Request(`http://proxy.test/proxy?host=${urls}`);
    const first = await handler(request());
    const second = await handler(request());
    assertEquals([second.status, second.headers.get("retry-after")], [503, "5"]);
    assertEquals((await second.json()).status, 503);
    await first.body!.cancel();
    const third = await handler(request());
    assertEquals(third.status, 200);
    await third.body!.cancel();
  });
});
