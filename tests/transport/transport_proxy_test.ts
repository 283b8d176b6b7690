import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { type DownloaderOptions, type MirrorError, NoMirrorLeftError } from "../../mod.ts";
import { testCertificates } from "../support/lab/certificates.ts";
import { randomContent } from "../support/lab/content.ts";
import { download, FILE, withMirrors } from "../support/download.ts";
import {
  type LabProxy,
  startHttpProxy,
  startSocksProxy,
  startStubbornProxy,
} from "../support/lab/forward_proxy.ts";

/** The address of a mirror by a name that only a proxy can look up. */
function byName(url: string): string {
  return url.replace("127.0.0.1", "mirror.test");
}

/** Downloads by the mirrors' names through a proxy: the bytes must be right. */
async function through(proxy: string, options: DownloaderOptions = {}): Promise<string[]> {
  let names: string[] = [];
  // Neither mirror delivers all of the file before the other has been connected to.
  const bytesPerSecond = 1_000_000;
  await withMirrors([{ bytesPerSecond }, { bytesPerSecond }], async (urls) => {
    names = urls.map((url) => new URL(byName(url)).host);
    const outcome = await download(urls.map(byName), { proxy, ...options });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
    assert(!JSON.stringify([outcome.events, outcome.stats]).includes("secret"));
  });
  return names;
}

/** The failure of the only mirror. */
async function failure(
  proxy: string,
  url: string,
  options: DownloaderOptions = {},
): Promise<MirrorError> {
  const retry = { attempts: 1 };
  const { error, events } = await download([url], { proxy, retry, ...options });
  assertInstanceOf(error, NoMirrorLeftError);
  const { message, cause } = error as NoMirrorLeftError;
  assert(!(message + JSON.stringify(events)).includes("secret"), message);
  return cause[0]!;
}

async function closedPort(): Promise<string> {
  await using proxy = await startStubbornProxy("");
  return proxy.host;
}

Deno.test("proxy: http files are requested from an HTTP proxy by their absolute URL", async () => {
  await using proxy = await startHttpProxy();
  // A request for each block: later ones go through it, too.
  const options = { delayRequest: "normal", splitSize: 100_000 } as const;
  const names = await through(`http://${proxy.host}`, options);
  for (const name of names) {
    assert(proxy.seen.includes(`GET http://${name}/file.bin`), proxy.seen.join("\n"));
  }
  assert(proxy.seen.length >= 4, proxy.seen.join("\n"));
});

Deno.test("proxy: credentials are sent to it, and shown nowhere", async () => {
  await using proxy = await startHttpProxy("us@er:secret:");
  await through(`http://us%40er:secret%3A@${proxy.host}`);
});

for (const scheme of ["socks5", "socks5h"]) {
  Deno.test(`proxy: a ${scheme} proxy looks up the mirrors' names`, async () => {
    await using proxy = await startSocksProxy();
    const names = await through(`${scheme}://${proxy.host}`);
    for (const name of names) assert(proxy.seen.includes(`name ${name}`), proxy.seen.join("\n"));
  });

  Deno.test(`proxy: a ${scheme} proxy gets credentials`, async () => {
    await using proxy = await startSocksProxy("us@er:secret");
    await through(`${scheme}://us%40er:secret@${proxy.host}`);
    assert(proxy.seen.length > 0);
  });
}

Deno.test("proxy: with HTTP/1.1 only, and with redirects, everything goes through it", async () => {
  await using proxy = await startHttpProxy();
  await withMirrors([{ redirect: "absolute" }], async (urls) => {
    const { error, sha256 } = await download(urls, {
      proxy: `http://${proxy.host}`,
      http: "http1",
    });
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assert(proxy.seen.some((line) => line.includes("/moved")));
    assert(proxy.seen.some((line) => line.endsWith("/file.bin")));
  });
});

/** A mirror that speaks HTTPS, and the authority that vouches for it. */
async function startSecureMirror(): Promise<
  { url: string; caPem: string; server: Deno.HttpServer }
> {
  const { caPem, certPem, keyPem } = await testCertificates();
  const options = { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem };
  const server = Deno.serve({ ...options, onListen() {} }, (request) => {
    const [, start, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.get("range")!)!;
    const end = last === "" ? SMALL.size : Math.min(Number(last) + 1, SMALL.size);
    const body = SMALL.read(Number(start), end).slice();
    const headers = { "content-range": `bytes ${start}-${end - 1}/${SMALL.size}` };
    return new Response(body, { status: 206, headers });
  });
  const { port } = server.addr as Deno.NetAddr;
  return { url: `https://127.0.0.1:${port}/file`, caPem, server };
}

const SMALL = randomContent(40_000, 5);

Deno.test("proxy: https files come through a tunnel", async () => {
  const { url, caPem, server } = await startSecureMirror();
  try {
    for (const start of [startHttpProxy, startSocksProxy]) {
      await using proxy = await start("user:secret");
      const scheme = start === startHttpProxy ? "http" : "socks5h";
      const outcome = await download([url], {
        proxy: `${scheme}://user:secret@${proxy.host}`,
        caCerts: [caPem],
      });
      assertEquals([outcome.error, outcome.sha256], [undefined, SMALL.sha256()]);
      const { host } = new URL(url);
      const asked = scheme === "http" ? `CONNECT ${host}` : `address ${host}`;
      assertEquals(new Set(proxy.seen), new Set([asked]));
    }
  } finally {
    await server.shutdown();
  }
});

Deno.test("proxy: one that speaks TLS itself is spoken to by that", async () => {
  const { caPem, certPem, keyPem } = await testCertificates();
  const options = { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem };
  const server = Deno.serve({ ...options, onListen() {} }, () => {
    const headers = { "content-range": `bytes 0-9/10` };
    return new Response(SMALL.read(0, 10).slice(), { status: 206, headers });
  });
  try {
    const { port } = server.addr as Deno.NetAddr;
    const { error, bytes } = await download(["http://mirror.test/file"], {
      proxy: `https://127.0.0.1:${port}`,
      caCerts: [caPem],
    });
    assertEquals([error, bytes], [undefined, 10]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("proxy: if nothing listens there, the message names it", async () => {
  const host = await closedPort();
  for (const scheme of ["http", "socks5"]) {
    for (const url of ["http://mirror.test/f", "https://mirror.test/f"]) {
      const error = await failure(`${scheme}://user:secret@${host}`, url);
      assertEquals([error.reason, error.phase], ["network", "connect"]);
      assertStringIncludes(error.message, `${url}: connection failed through the proxy ${host}`);
    }
  }
});

Deno.test("proxy: one that wants credentials is what the message blames", async () => {
  await using proxy = await startHttpProxy("user:right");
  const plain = await failure(`http://${proxy.host}`, "http://mirror.test/f");
  assertEquals([plain.reason, plain.status, plain.retryable], ["status", 407, false]);
  assertStringIncludes(plain.message, `the proxy ${proxy.host} requires credentials (status 407)`);
  const wrong = await failure(`http://user:secret@${proxy.host}`, "http://mirror.test/f");
  const refused = `the proxy ${proxy.host} does not accept the credentials (status 407)`;
  assertStringIncludes(wrong.message, refused);
  const tunnel = await failure(`http://user:secret@${proxy.host}`, "https://mirror.test/f");
  assertStringIncludes(tunnel.message, `connection failed through the proxy ${proxy.host}: `);
  assertEquals([plain.proxyRefused, tunnel.proxyRefused], [false, true]);
});

Deno.test("proxy: a SOCKS proxy that refuses the credentials is named", async () => {
  await using proxy = await startSocksProxy("user:right");
  for (const login of ["", "user:secret@"]) {
    const error = await failure(`socks5://${login}${proxy.host}`, "http://mirror.test/f");
    assertStringIncludes(error.message, `connection failed through the proxy ${proxy.host}: `);
  }
});

Deno.test("proxy: an error status may be the mirror's or the proxy's, and both are named", async () => {
  await using proxy = await startStubbornProxy(
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
  const plain = await failure(`http://${proxy.host}`, "http://mirror.test/f");
  assertEquals(plain.status, 502);
  assertStringIncludes(plain.message, "http://mirror.test/f: ");
  assertStringIncludes(plain.message, ` through the proxy ${proxy.host}`);
  const tunnel = await failure(`http://${proxy.host}`, "https://mirror.test/f");
  assertStringIncludes(tunnel.message, `connection failed through the proxy ${proxy.host}: `);
});

Deno.test("proxy: one that closes without a word is named", async () => {
  await using proxy: LabProxy = await startStubbornProxy("");
  const error = await failure(`http://${proxy.host}`, "http://mirror.test/f");
  assertStringIncludes(
    error.message,
    `the connection through the proxy ${proxy.host} was closed without`,
  );
});
