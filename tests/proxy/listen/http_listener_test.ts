import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../../support/lab/client.ts";
import {
  type Client,
  connectAnd,
  ENCODER,
  get,
  type Scene,
  text,
  withListener,
} from "../../support/proxy/listener_scene.ts";

Deno.test("HttpListener: requests of one connection are answered one after another", async () => {
  await withListener(async ({ connect }) => {
    using client = await connect();
    await client.send(
      `\r\n${get("/1")}${get("/2")}POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n`,
    );
    await client.read(/\r\n\r\nGET \/1 /);
    await client.read(/\r\n\r\nGET \/2 /);
    await client.send("\r\nbo");
    await client.send("dyHEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.read(/\r\n\r\nPOST \/3 body/);
    await client.send(get("/stream"));
    const [head] = await client.read(/^HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n(?=HTTP)/);
    assertEquals(/GET|HEAD/.test(head), false);
    await client.read(/transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n/);
    await client.send(
      "POST /5 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    );
    await client.read(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    await client.send("2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nX: y\r\n\r\n");
    await client.read(/\r\n\r\nPOST \/5 abcde/);
    await client.send(get("/6", "Connection: close\r\n"));
    assertMatch(await client.rest(), /connection: close\r\n\r\nGET \/6 $/);
  });
});

Deno.test("HttpListener: HTTP/1.0 gets one response, which ends with the connection", async () => {
  await withListener(async ({ connect }) => {
    using client = await connect();
    await client.send("GET /stream HTTP/1.0\r\n\r\n");
    assertMatch(await client.rest(), /\r\nconnection: close\r\n\r\nonetwo$/);
  });
});

Deno.test("HttpListener: what is no request is refused, and the connection closed", async () => {
  await withListener(async ({ connect }) => {
    const long = "x".repeat(70_000);
    const table: [request: string, status: number][] = [
      ["nonsense\r\n\r\n", 400],
      [get("/", `X: ${long}\r\n`), 431],
      [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n${long}`, 413],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", 413],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n", 400],
      ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", 400],
      ["POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n", 413],
      [`head / HTTP/1.1\r\nHost: a\r\n\r\n${get("/")}`, 501],
      ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ];
    for (const [request, status] of table) {
      using client = await connect();
      await client.send(request);
      const answer = await client.rest();
      assert(answer.startsWith(`HTTP/1.1 ${status} `), `${request}: ${answer}`);
      assertEquals(JSON.parse(answer.split("\r\n\r\n")[1]!).status, status);
    }
  });
});

Deno.test("HttpListener: a body that fails never ends like a complete one", async () => {
  const failing = (length?: number) => {
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error("broken")),
      start: (controller) => controller.enqueue(ENCODER.encode("begin")),
    }, { highWaterMark: 0 });
    return new Response(body, length ? { headers: { "content-length": `${length}` } } : {});
  };
  for (const length of [undefined, 100_000]) {
    await withListener(async ({ connect }) => {
      using client = await connect();
      await client.send(get("/"));
      const answer = await client.rest();
      assertMatch(answer, /begin(\r\n)?$/);
    }, { handler: () => Promise.resolve(failing(length)) });
  }
});

Deno.test("HttpListener: a body of another length than was said breaks its connection", async () => {
  const handler = ({ url }: Request) => {
    const body = url.endsWith("/long") ? "longer than was said" : "so";
    return Promise.resolve(new Response(body, { headers: { "content-length": "7" } }));
  };
  await withListener(async ({ connect }) => {
    for (const path of ["/long", "/short"]) {
      using client = await connectAnd(connect, get(path));
      assertEquals(/\r\n\r\n[^]{7}$/.test(await client.rest()), false);
    }
  }, { handler });
});

Deno.test("HttpListener: the handler gets the URL of a request whose Host is none as it was sent", async () => {
  const urls: string[] = [];
  await withListener(async ({ connect }) => {
    for (const host of ["a b", "[", "a:99999"]) {
      using client = await connectAnd(
        connect,
        `GET /f HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      await client.rest();
    }
  }, {
    handler: ({ url }) => {
      urls.push(url);
      return Promise.resolve(text("seen"));
    },
  });
  assertEquals(urls, ["http://a b/f", "http://[/f", "http://a:99999/f"]);
});

Deno.test("HttpListener: a client that leaves is noticed before and while it gets a response", async () => {
  let began = 0;
  let noticed = 0;
  await withListener(async ({ connect }) => {
    // A client that has sent more than a request leaves like any other.
    const more = ["", "\r\n", get("/more"), get("/1") + get("/2")];
    const texts = ["/wait", "/forever"].flatMap((path) => more.map((rest) => get(path) + rest));
    for (const [count, text] of texts.entries()) {
      using _client = await connectAnd(connect, text);
      await until(() => began === count + 1 ? true : undefined);
    }
    // One of many requests, which came behind others.
    using client = await connectAnd(connect, get("/now").repeat(9) + get("/wait") + get("/more"));
    await until(() => began === texts.length + 10 ? true : undefined);
    client[Symbol.dispose]();
    await until(() => noticed === texts.length + 1 ? true : undefined);
  }, {
    handler: async (request) => {
      began++;
      if (request.url.endsWith("/now")) return text("now");
      if (request.url.endsWith("/forever")) {
        return new Response(new ReadableStream({ cancel: () => void noticed++ }));
      }
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      noticed++;
      return new Response();
    },
  });
});

Deno.test("HttpListener: connections whose requests do not come are closed", async () => {
  await withListener(async ({ connect }) => {
    using silent = await connect();
    using slow = await connect();
    const dripping = setInterval(() => slow.send("X").catch(() => {}), 10);
    try {
      assertEquals([await silent.rest(), await slow.rest()], ["", ""]);
    } finally {
      clearInterval(dripping);
    }
  }, { headerTimeoutMs: 100 });
  await withListener(async ({ connect }) => {
    using idle = await connectAnd(connect, get("/1"));
    await idle.read(/GET \/1 /);
    assertEquals(await idle.rest(), "");
  }, { idleTimeoutMs: 50 });
});

Deno.test("HttpListener: a request that comes while the process stands still is not late", async () => {
  await withListener(async ({ connect, listener }) => {
    using client = await connect();
    await until(() => listener.counts.open === 1 ? true : undefined);
    const sent = client.send(get("/1"));
    // The process stands still.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
    await sent;
    await client.read(/GET \/1/);
  }, { headerTimeoutMs: 2000 });
});

Deno.test("HttpListener: idle connections make way, those with a request do not", async () => {
  let hanging = 0;
  const handler = async ({ url, signal }: Request) => {
    if (!url.endsWith("/hang")) return text("done");
    hanging++;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return text("left");
  };
  await withListener(async ({ connect, listener }) => {
    using busy = await connectAnd(connect, get("/hang"));
    await until(() => hanging === 1 ? true : undefined);
    const idle: Client[] = [];
    for (let count = 0; count < 10; count++) {
      idle.push(await connect());
      await until(() => listener.counts.accepted === count + 2 ? true : undefined);
    }
    assertEquals([listener.counts.open <= 3, listener.counts.evicted], [true, 8]);
    // The first of them were closed.
    for (const client of idle.slice(0, 8)) assertEquals(await client.rest(), "");
    for (const client of idle.slice(8)) await client.send(get("/hang"));
    await until(() => hanging === 3 ? true : undefined);
    using refused = await connectAnd(connect, get("/1"));
    assertMatch(
      await refused.rest(),
      /^HTTP\/1\.1 503 [^]*retry-after: 5\r\n[^]*limit of connections/,
    );
    assertEquals(listener.counts.refused, 1);
    busy.leave();
    for (const client of idle) client.leave();
    await until(() => listener.counts.open === 0 ? true : undefined);
    using next = await connectAnd(connect, get("/1", "Connection: close\r\n"));
    assertMatch(await next.rest(), /done$/);
  }, { maxConnections: 3, handler });
});

Deno.test("HttpListener: those that come at once do not push out one another", async () => {
  await withListener(async ({ connect, listener }) => {
    const clients = await Promise.all(Array.from({ length: 12 }, connect));
    await Promise.all(clients.map(async (client, index) => {
      // They leave one after another.
      await client.send(get(`/${index}`, "Connection: close\r\n"));
      assertMatch(await client.rest(), /GET \/\d+ $/);
      client.leave();
    }));
    assertEquals(listener.counts.evicted, 0);
  }, { maxConnections: 3, graceMs: 60_000 });
});

Deno.test("HttpListener: silent connections make way before those that have sent something", async () => {
  await withListener(async ({ connect, listener }) => {
    // The rest comes with a request, whose response tells that it was read.
    using begun = await connectAnd(connect, `${get("/0")}GET /1 HTTP/1.1\r\n`);
    await begun.read(/GET \/0 /);
    using between = await connectAnd(connect, get("/2"));
    await between.read(/GET \/2 /);
    const silent: Client[] = [];
    for (let count = 0; count < 10; count++) {
      silent.push(await connect());
      await until(() => listener.counts.accepted === count + 3 ? true : undefined);
    }
    for (const client of silent.slice(0, 9)) assertEquals(await client.rest(), "");
    await begun.send("Host: a\r\n\r\n");
    await begun.read(/GET \/1 /);
    await between.send(get("/3"));
    await between.read(/GET \/3 /);
    for (const client of silent) client.leave();
  }, { maxConnections: 3 });
});

Deno.test("HttpListener: a client that takes nothing for too long makes way", async () => {
  const handler = (request: Request) => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
    }, { highWaterMark: 0 });
    return Promise.resolve(request.url.endsWith("/all") ? new Response(endless) : text("little"));
  };
  await withListener(async ({ connect, listener }) => {
    using stalled = await connectAnd(connect, get("/all"));
    await stalled.read(/\r\n\r\n/);
    const answer = await untilServed(connect);
    assertMatch(answer, /little$/);
    assertEquals(listener.counts.evicted, 1);
    // What the system holds ends, too: the connection is closed.
    await stalled.rest();
  }, { maxConnections: 1, stallTimeoutMs: 50, handler });
});

Deno.test("HttpListener: where a body fails while its client takes nothing, the connection is closed", async () => {
  let body: ReadableStreamDefaultController | undefined;
  const handler = () =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          start: (controller) => void (body = controller),
          pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
        }, { highWaterMark: 0 }),
      ),
    );
  await withListener(async ({ connect, listener }) => {
    using stalled = await connectAnd(connect, get("/"));
    await stalled.read(/\r\n\r\n/);
    // Until nothing more is taken.
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(listener.counts.open, 1);
    body!.error(new Error("stalled"));
    await until(() => listener.counts.open === 0 ? true : undefined);
  }, { handler });
});

async function untilServed(connect: Scene["connect"]): Promise<string> {
  for (;;) {
    using client = await connectAnd(connect, get("/1", "Connection: close\r\n"));
    const answer = await client.rest();
    if (answer.startsWith("HTTP/1.1 200")) return answer;
  }
}

Deno.test("HttpListener.shutdown() closes idle connections, and waits for those with a request", async () => {
  const begun = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  await withListener(async ({ connect, listener }) => {
    using idle = await connectAnd(connect, get("/1"));
    await idle.read(/done/);
    using busy = await connectAnd(connect, get("/wait"));
    await begun.promise;
    const ended = listener.shutdown();
    assertEquals(await idle.rest(), "");
    going.resolve();
    assertMatch(await busy.rest(), /connection: close\r\n\r\ndone$/);
    await ended;
  }, {
    handler: async (request) => {
      if (request.url.endsWith("/wait")) {
        begun.resolve();
        await going.promise;
      }
      return text("done");
    },
  });
});
