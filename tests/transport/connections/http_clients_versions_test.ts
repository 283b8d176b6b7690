import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { type DownloaderOptions, type MirrorError, NoMirrorLeftError } from "../../../mod.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { HttpVersions } from "../../../lib/transport/connections/http_versions.ts";
import { HttpClients } from "../../../lib/transport/connections/http_clients.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { randomContent } from "../../support/lab/content.ts";
import { startHttp2Server } from "../../support/lab/http2_server.ts";
import { download } from "../../support/download.ts";
import { testWith } from "../../support/programs/programs.ts";
import { withTlsNginx } from "../../support/programs/tls_nginx.ts";

const CONTENT = randomContent(2_000_000, 8);

/** A server of `CONTENT` by HTTP/2, which answers HTTP/1.1 with a status, or refuses it in TLS. */
async function startHttp2(http1Status?: number) {
  const { caPem } = await testCertificates();
  const serve = (field: string | undefined) => {
    const [, first, last] = /bytes=(\d+)-(\d*)/.exec(field ?? "bytes=0-")!;
    const start = Number(first);
    const end = last === "" ? CONTENT.size : Math.min(Number(last) + 1, CONTENT.size);
    const fields = {
      "content-range": `bytes ${start}-${end - 1}/${CONTENT.size}`,
      "content-length": end - start,
    };
    return { status: 206, fields, body: CONTENT.read(start, end) };
  };
  const server = await startHttp2Server({ serve, http1Status });
  return {
    ...{ caPem, versions: server.versions, sessions: () => server.sessions },
    url: `${server.origin}/f`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function failure(url: string, options: DownloaderOptions): Promise<MirrorError> {
  const { error } = await download([url], { retry: { attempts: 1 }, ...options });
  assertInstanceOf(error, NoMirrorLeftError);
  return (error as NoMirrorLeftError).cause[0]!;
}

/** Sends requests, and does not read their bodies before all have been answered. */
async function requestTogether(
  clients: HttpClients,
  url: string,
  count: number,
): Promise<void> {
  const { signal } = new AbortController();
  const send = () => clients.fetch(new URL(url), { signal }, fetch);
  const responses = await Promise.all(Array.from({ length: count }, send));
  await Promise.all(responses.map((response) => response.bytes()));
}

for (const http of ["auto", "http1", "http2"] as const) {
  testWith(
    ["nginx"],
    `http: ${http}: lanes are connections of their own`,
    () =>
      withTlsNginx(CONTENT, {}, async ({ urls, caPem, requests }) => {
        const clients = new HttpClients(resolveOptions(urls, { http, caCerts: [caPem] }));
        try {
          await requestTogether(clients, urls[0]!, 6);
          await requests(6);
          await requestTogether(clients, urls[0]!, 4);
          const seen = await requests(10);
          const protocol = http === "http2" ? "HTTP/2.0" : "HTTP/1.1";
          assertEquals(new Set(seen.map((one) => one.protocol)), new Set([protocol]));
          const connections = seen.map(({ connection }) => connection);
          assertEquals(new Set(connections.slice(0, 6)).size, 6);
          assertEquals(new Set(connections.slice(6)).size, 4);
          // No lane is opened while others are idle.
          assertEquals(new Set(connections).size, 6);
        } finally {
          await clients.close();
        }
      }),
  );
}

Deno.test("http: auto: a server that speaks HTTP/2 only is asked by that, and by nothing else later", async () => {
  await using server = await startHttp2();
  const { url, caPem, versions } = server;
  const outcome = await download([url], { caCerts: [caPem], splitSize: 50_000 });
  assertEquals([outcome.error, outcome.sha256], [undefined, CONTENT.sha256()]);
  assert(versions.length > 0 && versions.every((version) => version === "2"));
  const versionsKnown = new HttpVersions();
  versionsKnown.settle(new URL(url).origin, "http2");
  const clients = new HttpClients(resolveOptions([url], { caCerts: [caPem] }), versionsKnown);
  try {
    const before = server.sessions();
    await requestTogether(clients, url, 3);
    assertEquals(server.sessions() - before, 3);
  } finally {
    await clients.close();
  }
});

Deno.test("http: auto: a rule for connections leads to a server of HTTP/2 as well", async () => {
  await using server = await startHttp2();
  const { port } = new URL(server.url);
  const connect = { resolve: { [`localhost:${port}`]: "127.0.0.1" } };
  const url = `https://localhost:${port}/f`;
  const outcome = await download([url], { caCerts: [server.caPem], connect });
  assertEquals([outcome.error, outcome.sha256], [undefined, CONTENT.sha256()]);
});

for (const status of [403, 426, 505]) {
  Deno.test(`http: auto: a server that answers HTTP/1.1 with ${status} is asked by HTTP/2`, async () => {
    await using server = await startHttp2(status);
    const { url, caPem, versions } = server;
    const outcome = await download([url], { caCerts: [caPem] });
    assertEquals([outcome.error, outcome.sha256], [undefined, CONTENT.sha256()]);
    assertEquals(versions[0], "1.1");
    assertEquals(versions.at(-1), "2");
    const refused = await failure(url, { caCerts: [caPem], http: "http1" });
    assertEquals(refused.status, status);
  });
}

testWith(
  ["nginx"],
  "http: auto: a status that both versions have is that of the file",
  () =>
    withTlsNginx(CONTENT, { extra: "return 403;" }, async ({ urls, caPem, requests }) => {
      const clients = new HttpClients(
        resolveOptions(urls, { caCerts: [caPem] }),
        new HttpVersions(),
      );
      try {
        const { signal } = new AbortController();
        for (let count = 0; count < 3; count++) {
          const response = await clients.fetch(new URL(urls[0]!), { signal }, fetch);
          assertEquals(response.status, 403);
          await response.body?.cancel();
        }
        const protocols = (await requests(4)).map(({ protocol }) => protocol);
        // Each server is asked by the other version once.
        assertEquals(protocols, ["HTTP/1.1", "HTTP/2.0", "HTTP/1.1", "HTTP/1.1"]);
      } finally {
        await clients.close();
      }
    }),
);

testWith(
  ["nginx"],
  "http: auto: a server known for HTTP/2 that has it no more is asked by HTTP/1.1",
  () =>
    withTlsNginx(CONTENT, { http2: false }, async ({ urls, caPem, requests }) => {
      const versions = new HttpVersions();
      const { origin } = new URL(urls[0]!);
      versions.settle(origin, "http2");
      const clients = new HttpClients(resolveOptions(urls, { caCerts: [caPem] }), versions);
      try {
        await requestTogether(clients, urls[0]!, 1);
        assertEquals((await requests(1)).map(({ protocol }) => protocol), ["HTTP/1.1"]);
        assertEquals(versions.of(origin), "http1");
      } finally {
        await clients.close();
      }
    }),
);

Deno.test("http: auto: a server that fails in TLS both ways is an error about what came first", async () => {
  const { caPem, certPem, keyPem } = await testCertificates();
  let connections = 0;
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem });
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      const said = new TextEncoder().encode("SSH-2.0-other\r\n");
      await connection.write(said).catch(() => {});
      connection.close();
    }
  })();
  try {
    const url = `https://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/f`;
    const error = await failure(url, { caCerts: [caPem] });
    assertEquals(error.fault, "garbage");
    assertStringIncludes(error.message, "is not HTTP");
    assert(connections >= 2);
  } finally {
    listener.close();
    await serving;
  }
});

testWith(
  ["nginx"],
  "http: http2: a status that is none of HTTP's is that of the file",
  () =>
    withTlsNginx(CONTENT, { extra: "return 999;" }, async ({ urls, caPem }) => {
      const error = await failure(urls[0]!, { http: "http2", caCerts: [caPem] });
      assertEquals([error.reason, error.status], ["status", 999]);
    }),
);

Deno.test("http: auto: a connection that breaks off beside one that serves changes no version", async () => {
  const url = new URL("https://127.0.0.1:1/f");
  const versions = new HttpVersions();
  const clients = new HttpClients(resolveOptions([url.href], {}), versions);
  const answers = Array.from({ length: 3 }, () => Promise.withResolvers<Response>());
  let asked = 0;
  const answer: typeof fetch = () => answers[asked++]!.promise;
  const { signal } = new AbortController();
  try {
    const broken = clients.fetch(url, { signal }, answer);
    const served = clients.fetch(url, { signal }, answer);
    await until(() => asked === 2);
    answers[0]!.reject(new TypeError("Connection reset"));
    await until(() => asked === 3);
    answers[1]!.resolve(new Response("by HTTP/1.1"));
    assertEquals(await (await served).text(), "by HTTP/1.1");
    answers[2]!.resolve(new Response("by HTTP/2"));
    assertEquals(await (await broken).text(), "by HTTP/2");
    assertEquals(versions.of(url.origin), "http1");
  } finally {
    await clients.close();
  }
});

Deno.test("http: auto: a request that is cancelled while the other version is tried settles none", async () => {
  const url = new URL("https://127.0.0.1:1/f");
  const versions = new HttpVersions();
  const clients = new HttpClients(resolveOptions([url.href], {}), versions);
  const controller = new AbortController();
  const { signal } = controller;
  let asked = 0;
  const answer: typeof fetch = () => {
    if (++asked === 1) return Promise.resolve(new Response("by HTTP/1.1", { status: 403 }));
    controller.abort();
    return Promise.reject(signal.reason);
  };
  try {
    const response = await clients.fetch(url, { signal }, answer);
    assertEquals([asked, await response.text()], [2, "by HTTP/1.1"]);
    assert(versions.isRefusal(url.origin, 403));
  } finally {
    await clients.close();
  }
});

/** Waits for other tasks until a condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
