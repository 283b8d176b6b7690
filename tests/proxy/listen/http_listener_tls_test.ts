import { assertEquals, assertMatch } from "@std/assert";
import { inTime } from "../../support/download.ts";
import { testCertificates } from "../../support/lab/certificates.ts";
import { until } from "../../support/lab/client.ts";
import { Client, connectAnd, get, text, withListener } from "../../support/proxy/listener_scene.ts";

Deno.test("HttpListener with TLS: what is silent, before and after the handshake, is closed by either version of HTTP", async () => {
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  const options = { headerTimeoutMs: 200, idleTimeoutMs: 100, tls: { cert, key } };
  await withListener(async ({ connect, listener }) => {
    using silent = await connect();
    using nonsense = await connectAnd(connect, get("/"));
    assertEquals(await silent.rest(), "");
    await nonsense.rest();
    const { hostname, port } = listener.addr;
    const none = () => until(() => listener.counts.open === 0 ? true : undefined);
    for (const alpnProtocols of [["h2"], ["http/1.1"]]) {
      await inTime(async () => {
        const socket = await Deno.connectTls({ hostname, port, caCerts: [caPem], alpnProtocols });
        using after = new Client(socket);
        assertEquals((await socket.handshake()).alpnProtocol, alpnProtocols[0]!);
        await after.rest();
      });
    }
    for (const http1 of [true, false]) {
      await inTime(async () => {
        await none();
        using client = Deno.createHttpClient({ caCerts: [caPem], http1, http2: !http1 });
        for (const path of ["/1", "/2"]) {
          const response = await fetch(`https://${hostname}:${port}${path}`, { client });
          assertEquals(await response.text(), `https: GET ${path}`);
        }
        assertEquals(listener.counts.open, 1);
        await none();
      });
    }
  }, {
    ...options,
    handler: ({ url, method }) => {
      const { protocol, pathname } = new URL(url);
      return Promise.resolve(text(`${protocol} ${method} ${pathname}`));
    },
  });
});

Deno.test("HttpListener with TLS: idle connections make way, and a shutdown waits for requests", async () => {
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  const going = Promise.withResolvers<void>();
  let began = 0;
  await withListener(async ({ listener }) => {
    const { hostname, port } = listener.addr;
    const connect = async () => {
      const socket = await Deno.connectTls({ hostname, port, caCerts: [caPem] });
      await socket.handshake();
      return new Client(socket);
    };
    using busy = await connectAnd(connect, get("/wait"));
    await until(() => began === 1 ? true : undefined);
    const idle: Client[] = [];
    for (let count = 0; count < 4; count++) {
      const client = await connectAnd(connect, get("/1"));
      await client.read(/idle$/);
      idle.push(client);
    }
    for (const client of idle.slice(0, 2)) await client.rest();
    assertEquals(listener.counts.evicted, 2);
    const ended = listener.shutdown();
    for (const client of idle.slice(2)) await client.rest();
    going.resolve();
    assertMatch(await busy.rest(), /done$/);
    await ended;
    for (const client of idle) client.leave();
  }, {
    tls: { cert, key },
    maxConnections: 3,
    handler: async ({ url }) => {
      if (!url.endsWith("/wait")) return text("idle");
      began++;
      await going.promise;
      return text("done");
    },
  });
});

Deno.test("HttpListener with TLS: clients that leave before they say anything, requests at once, a handler that throws", async () => {
  const { caPem, certPem: cert, keyPem: key } = await testCertificates();
  const both = Promise.withResolvers<void>();
  let began = 0;
  await withListener(async ({ connect, listener }) => {
    (await connect()).leave();
    const { hostname, port } = listener.addr;
    using client = Deno.createHttpClient({ caCerts: [caPem], http1: false });
    const ask = async (path: string) => {
      const response = await fetch(`https://${hostname}:${port}${path}`, { client });
      return [response.status, await response.text()];
    };
    assertEquals(await Promise.all([ask("/1"), ask("/2")]), [[200, "done"], [200, "done"]]);
    assertEquals(await ask("/throw"), [500, ""]);
    await until(() => listener.counts.open === 1 ? true : undefined);
  }, {
    tls: { cert, key },
    handler: async ({ url }) => {
      if (url.endsWith("/throw")) throw new Error("thrown");
      if (++began === 2) both.resolve();
      await both.promise;
      return text("done");
    },
  });
});
