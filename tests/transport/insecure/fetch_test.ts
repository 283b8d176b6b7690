import { assert, assertEquals, assertRejects } from "@std/assert";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { Dialer } from "../../../lib/transport/connections/dialer.ts";
import { InsecureClient } from "../../../lib/transport/insecure/fetch.ts";
import type { NetworkFault } from "../../../lib/errors.ts";
import { ConnectRules } from "../../../lib/http/address/connect_rules.ts";
import { parseProxyUrl, type ProxySource } from "../../../lib/http/address/proxy_url.ts";
import { readNetworkFailure } from "../../../lib/transport/network_failure.ts";
import {
  type CertificateFlaw,
  flawedCertificates,
  testCertificates,
} from "../../support/lab/certificates.ts";
import { freePort } from "../../support/lab/free_port.ts";
import {
  startHttpProxy,
  startSocksProxy,
  startStubbornProxy,
} from "../../support/lab/forward_proxy.ts";

const SIZE = 100_000;
const BYTES = new Uint8Array(SIZE).map((_, index) => index % 251);

interface Served extends AsyncDisposable {
  readonly url: string;
  /** Number of connections so far. */
  readonly connections: number;
}

/** Starts a TLS server that serves each connection by `serve`. */
async function serveTls(
  serve: (socket: TLSSocket) => void,
  flaw?: CertificateFlaw,
): Promise<Served> {
  const certificates = await (flaw === undefined ? testCertificates() : flawedCertificates(flaw));
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  const server = createTlsServer(
    { cert: certificates.certPem, key: certificates.keyPem },
    (socket) => {
      connections++;
      sockets.add(socket);
      socket.on("error", () => {});
      serve(socket);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as { port: number }).port}/f`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Answers requests for ranges of {@linkcode BYTES}, several on one connection. */
function ranges(socket: TLSSocket): void {
  socket.on("data", (data) => {
    const [, start, end] = /^range: bytes=(\d+)-(\d+)/im.exec(String(data))!.map(Number);
    const part = BYTES.subarray(start, end! + 1);
    socket.write(
      `HTTP/1.1 206 Partial Content\r\nContent-Length: ${part.byteLength}\r\n` +
        `Content-Range: bytes ${start}-${end}/${SIZE}\r\nX-Twice: a\r\nX-Twice: b\r\n\r\n`,
    );
    socket.write(part);
  });
}

const dialer = new Dialer({ rules: new ConnectRules() });

/** Opens a client, with a proxy for all requests. */
function open(proxy?: ProxySource): InsecureClient {
  return new InsecureClient({
    proxyFor: () => proxy,
    dial: (host, port, signal) => dialer.dial(host, port, signal),
    ...{ cert: undefined, key: undefined },
  });
}

const says = (text: string) => (socket: TLSSocket) => socket.once("data", () => socket.end(text));

async function rangeOf(client: typeof fetch, url: string, start: number, end: number) {
  const init = { headers: { range: `bytes=${start}-${end - 1}` } };
  // By a URL and options, and by an object that has both.
  const response = await (start === 0 ? client(url, init) : client(new Request(url, init)));
  assertEquals(response.status, 206);
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
}

Deno.test("InsecureClient accepts any certificate, and uses a connection again", async () => {
  for (const flaw of ["expired", "name", "authority", undefined] as const) {
    await using server = await serveTls(ranges, flaw);
    using client = open();
    for (const [start, end] of [[0, 10], [10, 60_000], [60_000, SIZE]] as const) {
      const { response, bytes } = await rangeOf(client.fetch, server.url, start, end);
      assertEquals(bytes, BYTES.subarray(start, end));
      assertEquals(response.headers.get("x-twice"), "a, b");
    }
    assertEquals(server.connections, 1);
  }
});

Deno.test("InsecureClient leaves requests without TLS to the platform", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("plain"),
  );
  using client = open();
  const response = await client.fetch(`http://127.0.0.1:${server.addr.port}/`);
  assertEquals(await response.text(), "plain");
});

Deno.test("InsecureClient returns statuses that a Response cannot be made with", async () => {
  for (const [status, body] of [[999, "odd"], [304, ""], [204, ""]] as const) {
    const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
    await using server = await serveTls(says(`HTTP/1.1 ${status} Odd\r\n${length}\r\n${body}`));
    using client = open();
    const response = await client.fetch(server.url);
    assertEquals([response.status, response.ok], [status, status < 300]);
    assertEquals(await response.text(), body);
  }
});

Deno.test("InsecureClient: a body is read no faster than its consumer reads", async () => {
  const [chunk, total] = [new Uint8Array(64 * 1024), 64 * 1024 * 1024];
  let sent = 0;
  await using server = await serveTls((socket) =>
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      const send = () => {
        while (sent < total) {
          sent += chunk.byteLength;
          if (!socket.write(chunk)) return;
        }
      };
      socket.on("drain", send);
      send();
    })
  );
  using client = open();
  const response = await client.fetch(server.url);
  const reader = response.body!.getReader();
  let received = (await reader.read()).value!.byteLength;
  // The server sends until the kernel's buffers are full: nothing more for a while, and not everything.
  let last = -1;
  for (let round = 0; round < 100 && last !== sent; round++) {
    last = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert(sent < total / 2, `${sent} of ${total} bytes were sent to a reader that does not read`);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    received += value.byteLength;
  }
  assertEquals([received, sent], [total, total]);
});

Deno.test("InsecureClient: an abort ends a request, and a body", async () => {
  const asked = Promise.withResolvers<void>();
  await using silent = await serveTls((socket) => socket.once("data", () => asked.resolve()));
  using client = open();
  const waiting = new AbortController();
  const answer = client.fetch(silent.url, { signal: waiting.signal });
  await asked.promise;
  waiting.abort(new Error("no longer wanted"));
  await assertRejects(() => answer, Error, "no longer wanted");

  const closed = Promise.withResolvers<void>();
  await using slow = await serveTls((socket) => {
    socket.on("close", () => closed.resolve());
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
  });
  const reading = new AbortController();
  const { body } = await client.fetch(slow.url, { signal: reading.signal });
  const reader = body!.getReader();
  assertEquals((await reader.read()).value?.byteLength, 3);
  reading.abort(new Error("enough"));
  await assertRejects(() => reader.read(), Error, "enough");
  await closed.promise;
});

Deno.test("InsecureClient: a connection that is not open yet ends with its request, or the client", async () => {
  const ways: readonly (string | undefined)[] = [undefined, "http:", "socks5:"];
  for (const scheme of ways) {
    for (const ends of ["request", "client"] as const) {
      using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
      const place = `127.0.0.1:${listener.addr.port}`;
      using client = open(scheme === undefined ? undefined : parseProxyUrl(`${scheme}//${place}`));
      const controller = new AbortController();
      const { signal } = controller;
      const answer = assertRejects(() => client.fetch(`https://${place}/f`, { signal }));
      using connection = await listener.accept();
      // A handshake, to which there is no answer.
      assert(await connection.read(new Uint8Array(1024)) !== null);
      if (ends === "request") controller.abort(new Error("no longer wanted"));
      else client[Symbol.dispose]();
      await answer;
      assertEquals(await connection.read(new Uint8Array(1)), null, `${scheme} ${ends}`);
    }
  }
});

Deno.test("InsecureClient: a body that is not read to its end closes its connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await serveTls((socket) => {
    socket.on("close", () => closed.resolve());
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
  });
  using client = open();
  const { body } = await client.fetch(server.url);
  await body!.cancel();
  await closed.promise;
});

Deno.test("InsecureClient: a body that is cut short is an error, never its end", async () => {
  const OK = "HTTP/1.1 200 OK\r\n";
  for (
    const text of [
      `${OK}Content-Length: 9\r\n\r\nabc`,
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n`,
    ]
  ) {
    await using server = await serveTls(says(text));
    using client = open();
    const response = await client.fetch(server.url);
    await assertRejects(() => response.text(), TypeError, "error reading a body", text);
  }
});

const ANSWERS: [text: string, fault: NetworkFault][] = [
  ["hello\r\n\r\n", "garbage"],
  ["HTTP/1.1 200 OK\r\nConte", "empty"],
  ["HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n", "head"],
  ["HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "head"],
  [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n`, "head"],
];

Deno.test("InsecureClient: failures say what the platform's would", async () => {
  using client = open();
  const faultOf = async (url: string) => {
    const error = await assertRejects(() => client.fetch(url), TypeError);
    return readNetworkFailure(error).fault;
  };
  for (const [text, fault] of ANSWERS) {
    await using server = await serveTls(says(text));
    assertEquals(await faultOf(server.url), fault, text.slice(0, 60));
  }
  await using closing = await serveTls((socket) => socket.once("data", () => socket.end()));
  assertEquals(await faultOf(closing.url), "empty");
  const port = freePort();
  assertEquals(await faultOf(`https://127.0.0.1:${port}/f`), "refused");
  assertEquals(await faultOf("https://no-such-name.invalid/f"), "host");
  await using plain = await startStubbornProxy("HTTP/1.1 400 Bad Request\r\n\r\n");
  assertEquals(await faultOf(`https://${plain.host}/f`), "plain");
  await using mute = await startStubbornProxy("");
  assertEquals(await faultOf(`https://${mute.host}/f`), "tls");
});

Deno.test("InsecureClient: proxies are tunneled through, with their credentials", async () => {
  await using server = await serveTls(ranges);
  const { host } = new URL(server.url);
  for (const login of [undefined, "us@er:secret:"] as const) {
    await using http = await startHttpProxy(login);
    await using socks = await startSocksProxy(login);
    const user = login === undefined ? "" : "us%40er:secret%3A@";
    for (
      const [proxy, seen, url] of [
        [http, `CONNECT ${host}`, `http://${user}${http.host}`],
        [socks, `name ${host}`, `socks5://${user}${socks.host}`],
      ] as const
    ) {
      using client = open(parseProxyUrl(url));
      const { bytes } = await rangeOf(client.fetch, server.url, 5, 95_000);
      assertEquals(bytes, BYTES.subarray(5, 95_000));
      assertEquals(proxy.seen, [seen]);
    }
  }
});

Deno.test("InsecureClient: a proxy that refuses is told from a server that fails", async () => {
  const failure = async (proxy: ProxySource) => {
    using client = open(proxy);
    const error = await assertRejects(() => client.fetch("https://127.0.0.1:9/f"), TypeError);
    return readNetworkFailure(error);
  };
  await using http = await startHttpProxy("user:right");
  await using socks = await startSocksProxy("user:right");
  await using stubborn = await startStubbornProxy("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  await using mute = await startStubbornProxy("");
  for (const url of [`http://${http.host}`, `socks5://${socks.host}`, `http://${stubborn.host}`]) {
    const { proxyRefused, words } = await failure(parseProxyUrl(url));
    assertEquals(proxyRefused, true, words);
  }
  assertEquals((await failure(parseProxyUrl(`http://${mute.host}`))).fault, "empty");
});
