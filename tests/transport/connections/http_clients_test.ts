import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  Downloader,
  type DownloaderOptions,
  type MirrorError,
  NoMirrorLeftError,
} from "../../../mod.ts";
import { resolveOptions } from "../../../lib/engine/options/resolve_options.ts";
import { HttpClients } from "../../../lib/transport/connections/http_clients.ts";
import { certificatesFor, testCertificates } from "../../support/lab/certificates.ts";
import { randomContent } from "../../support/lab/content.ts";
import { download, FILE, withMirrors } from "../../support/download.ts";
import { startNginx } from "../../support/programs/nginx.ts";
import { testWith } from "../../support/programs/programs.ts";
import { workplace } from "../../support/workplace.ts";

const SMALL = randomContent(300_000, 5);

interface Seen {
  readonly url: string;
  readonly host: string | null;
  readonly from: string;
}

/** A server of `SMALL` by the name one.example, and what it was asked; `/to?URL` redirects. */
async function startNamed(hostname = "127.0.0.1") {
  const { caPem, certPem, keyPem } = await certificatesFor("one.example", "two.example");
  const seen: Seen[] = [];
  const options = { hostname, port: 0, cert: certPem, key: keyPem, onListen() {} };
  const server = Deno.serve(options, (request, { remoteAddr }) => {
    const { url, headers } = request;
    seen.push({ url, host: headers.get("host"), from: (remoteAddr as Deno.NetAddr).hostname });
    const to = /\/to\?(.*)/.exec(url)?.[1];
    if (to !== undefined) return Response.redirect(to, 302);
    const [, start, last] = /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "bytes=0-")!;
    const end = Math.min(last === "" ? SMALL.size : Number(last) + 1, SMALL.size);
    const range = { "content-range": `bytes ${start}-${end - 1}/${SMALL.size}` };
    return new Response(SMALL.read(Number(start), end).slice(), { status: 206, headers: range });
  });
  return {
    ...{ caPem, seen, port: server.addr.port },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function failure(url: string, options: DownloaderOptions): Promise<MirrorError> {
  const { error } = await download([url], { retry: { attempts: 1 }, ...options });
  assertInstanceOf(error, NoMirrorLeftError);
  return (error as NoMirrorLeftError).cause[0]!;
}

for (const http of ["auto", "http1", "http2"] as const) {
  Deno.test(`connect.resolve: TLS and certificate are those of the name, http: ${http}`, async () => {
    await using server = await startNamed();
    const { caPem, port } = server;
    const connect = { resolve: { [`one.example:${port}`]: "127.0.0.1" } };
    const url = `https://one.example:${port}/f`;
    const outcome = await download([url], { http, caCerts: [caPem], connect });
    assertEquals([outcome.error, outcome.sha256], [undefined, SMALL.sha256()]);
    assert(server.seen.every((seen) => seen.url === url));
    // Over HTTP/2, the name is in :authority.
    assertEquals(server.seen.every(({ host }) => host === null), http === "http2");
  });
}

Deno.test("connect: a certificate of another name is refused, wherever the connection leads", async () => {
  await using server = await startNamed();
  const connect = { connectTo: { "three.example:443": `127.0.0.1:${server.port}` } };
  const error = await failure("https://three.example/f", { caCerts: [server.caPem], connect });
  assertEquals([error.reason, error.fault], ["network", "certificate"]);
  assertStringIncludes(error.message, "https://three.example/f: ");
  assertEquals(server.seen, []);
});

Deno.test("connect.connectTo: URL and Host stay; redirects to other hosts are led by the same rules", async () => {
  await using server = await startNamed();
  const { caPem, port } = server;
  const to = `127.0.0.1:${port}`;
  const connect = { connectTo: { "one.example:443": to, "two.example:": to } };
  await withMirrors([{}], async ([plain]) => {
    const table: [url: string, hosts: string[]][] = [
      ["https://one.example/f", ["one.example"]],
      [
        "https://one.example/to?https://two.example:8077/f",
        ["one.example", "two.example:8077"],
      ],
    ];
    for (const [url, hosts] of table) {
      server.seen.length = 0;
      const outcome = await download([url], { http: "http1", caCerts: [caPem], connect });
      assertEquals([outcome.error, outcome.sha256], [undefined, SMALL.sha256()]);
      assertEquals(new Set(server.seen.map(({ host }) => host)), new Set(hosts));
    }
    // Where no rule fits, connections lead where they always do.
    const other = await download([plain!], { connect });
    assertEquals([other.error, other.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("connect.resolve: the next address is used if one refuses", async () => {
  await withMirrors([{}], async ([url]) => {
    const named = url!.replace("127.0.0.1", "one.example");
    const { host } = new URL(named);
    const connect = { resolve: { [host]: ["127.0.0.9", "127.0.0.1"] } };
    const outcome = await download([named], { connect });
    assertEquals([outcome.error, outcome.sha256], [undefined, FILE.sha256()]);
  });
});

Deno.test("connect: a failure says where the connection led", async () => {
  const connect = { resolve: { "one.example:4711": ["127.0.0.9", "::1"] } };
  const refused = await failure("http://one.example:4711/f", { connect });
  assertEquals([refused.reason, refused.fault], ["network", "refused"]);
  assertStringIncludes(
    refused.message,
    "connection failed (connecting to 127.0.0.9, [::1] port 4711): refused",
  );
  const none = await failure("http://127.0.0.1:4711/f", { connect: { family: 6 } });
  assertEquals(none.fault, "host");
  assertStringIncludes(none.message, "127.0.0.1 has no IPv6 address");
});

Deno.test("connect.family: only addresses of that family are used", async () => {
  await withMirrors([{}], async ([url]) => {
    const named = url!.replace("127.0.0.1", "localhost");
    const four = await download([named], { connect: { family: 4 } });
    assertEquals([four.error, four.sha256], [undefined, FILE.sha256()]);
    const six = await failure(named, { connect: { family: 6 } });
    assertEquals(six.fault, "refused");
    assertStringIncludes(six.message, "by IPv6");
  });
});

Deno.test("connect.localAddress: connections come from it, with other rules too", async () => {
  await using server = await startNamed();
  const { caPem, port } = server;
  const rules = [{}, { resolve: { [`one.example:${port}`]: "127.0.0.1" } }];
  for (const rule of rules) {
    const host = "resolve" in rule ? "one.example" : "127.0.0.1";
    server.seen.length = 0;
    const connect = { ...rule, localAddress: "127.0.0.5" };
    const { error } = await download([`https://${host}:${port}/f`], { caCerts: [caPem], connect });
    if ("resolve" in rule) assertEquals(error, undefined);
    // By its address, the certificate does not fit.
    else assertInstanceOf(error, NoMirrorLeftError);
    assert(server.seen.every(({ from }) => from === "127.0.0.5"));
  }
  assert(server.seen.length > 0);
  await withMirrors([{}], async ([url]) => {
    const outcome = await download([url!], { connect: { localAddress: "127.0.0.5" } });
    assertEquals(outcome.error, undefined);
  });
});

Deno.test("connect: not with a proxy, which connects by itself", () => {
  const proxy = "http://127.0.0.1:1";
  const url = "http://one.example/f";
  const choose = (options: DownloaderOptions) => () => new Downloader([url], options);
  for (
    const connect of [{ family: 4 }, { resolve: { "*:80": "::1" } }, { connectTo: { ":": ":1" } }]
  ) {
    const message = "connect cannot be used with a proxy";
    assertThrows(choose({ proxy, connect } as DownloaderOptions), TypeError, message);
  }
  choose({ proxy, connect: { localAddress: "127.0.0.1" } })();
  choose({ proxy: false, connect: { family: 4 } })();
});

Deno.test("headers: a Host is sent to the mirrors, and to no other origin", async () => {
  await using server = await startNamed();
  const { caPem, port } = server;
  const connect = { connectTo: { ":": `127.0.0.1:${port}` } };
  const headers = { host: "other.example" };
  const redirected = "https://one.example/to?https://two.example/f";
  const outcome = await download([redirected], {
    headers,
    caCerts: [caPem],
    connect,
  });
  assertEquals([outcome.error, outcome.sha256], [undefined, SMALL.sha256()]);
  assertEquals(server.seen[0]!.host, "other.example");
  assertEquals(new Set(server.seen.slice(1).map(({ host }) => host)), new Set(["two.example"]));
  await withMirrors([{}], async ([url], [mirror]) => {
    const plain = await download([url!], { headers });
    assertEquals([plain.error, plain.sha256], [undefined, FILE.sha256()]);
    assert(mirror!.requests.every(({ headers }) => headers["host"] === "other.example"));
  });
});

testWith(["nginx"], "clientCertificate: a server that requires one gets it", async () => {
  using place = workplace();
  const { caPem, certPem, keyPem } = await testCertificates();
  const client = await certificatesFor("client.example");
  const files = { "ca.pem": caPem, "cert.pem": certPem, "key.pem": keyPem };
  for (const [name, pem] of Object.entries(files)) {
    place.write(name, pem);
  }
  place.write("file.bin", SMALL.read(0, SMALL.size));
  await using nginx = await startNginx({
    root: place.path,
    listeners: 2,
    tls: { certFile: place.at("cert.pem"), keyFile: place.at("key.pem") },
    extra: `ssl_verify_client on; ssl_client_certificate ${place.path}/ca.pem;`,
  });
  const urls = nginx.urls("file.bin");
  const clientCertificate = { cert: client.certPem, key: client.keyPem };
  const options = { caCerts: [caPem], clientCertificate };
  const outcome = await download(urls, options);
  assertEquals([outcome.error, outcome.sha256], [undefined, SMALL.sha256()]);
  const port = nginx.ports[0]!;
  const connect = { resolve: { [`localhost:${port}`]: "127.0.0.1" } };
  const led = await download([`https://localhost:${port}/file.bin`], { ...options, connect });
  assertEquals([led.error, led.sha256], [undefined, SMALL.sha256()]);
  const without = await failure(urls[0]!, { caCerts: [caPem] });
  assertEquals([without.reason, without.status], ["status", 400]);
});

Deno.test("headers: where a fetch takes no client, a Host is sent without one", async () => {
  const url = new URL("http://127.0.0.1:1/f");
  const clients = new HttpClients(resolveOptions([url.href], { headers: { host: "x.example" } }));
  const seen: (RequestInit | undefined)[] = [];
  const answer: typeof fetch = (_, init) => {
    seen.push(init);
    return Promise.resolve(new Response("answer"));
  };
  const { signal } = new AbortController();
  const platform = Object.getOwnPropertyDescriptor(globalThis, "Deno")!;
  Reflect.deleteProperty(globalThis, "Deno");
  let answered: Promise<Response>;
  try {
    assertEquals(clients.prepare(url), undefined);
    answered = clients.fetch(url, { signal }, answer);
  } finally {
    Object.defineProperty(globalThis, "Deno", platform);
  }
  assertEquals(await (await answered).text(), "answer");
  assertEquals(seen, [{ signal }]);
  await clients.close();
});
