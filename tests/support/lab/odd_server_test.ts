import { assert, assertEquals } from "@std/assert";
import { randomContent } from "./content.ts";
import { latin1, nothing, rawUtf8, redirect, refused, type Reply, served } from "./odd_reply.ts";
import { type OddServer, type OddServerOptions, startOddServer } from "./odd_server.ts";

const content = randomContent(300_000, 3);

/** Sends raw requests over one connection; returns everything that comes, one character for each byte, and the name of an error. */
async function raw(server: OddServer, ...requests: string[]): Promise<string> {
  const { port } = new URL(server.url);
  let text = "";
  const buffer = new Uint8Array(64 * 1024);
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    for (const request of requests) await connection.write(latin1(request));
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) return text;
      for (const byte of buffer.subarray(0, length)) text += String.fromCharCode(byte);
    }
  } catch (error) {
    return `${text}<${(error as Error).name}>`;
  }
}

const GET = "GET /file.bin HTTP/1.1\r\nHost: x\r\n\r\n";

/** Runs a function with a server and a client of its own. */
async function withServer(
  options: Partial<OddServerOptions>,
  run: (server: OddServer, ask: (headers?: HeadersInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  await using server = await startOddServer({ content, serve: (ask) => served(ask), ...options });
  using client = Deno.createHttpClient({});
  await run(server, (headers = {}) => fetch(server.url, { client, headers }));
}

Deno.test("served() answers as RFC 9110 wants it", async () => {
  await withServer({}, async (server, ask) => {
    const whole = await ask();
    assertEquals([whole.status, await whole.bytes()], [200, content.read(0, 300_000)]);
    const part = await ask({ range: "bytes=100-199" });
    assertEquals([part.status, await part.bytes()], [206, content.read(100, 200)]);
    assertEquals(part.headers.get("content-range"), "bytes 100-199/300000");
    const beyond = await ask({ range: "bytes=300000-" });
    await beyond.body?.cancel();
    assertEquals([beyond.status, beyond.headers.get("content-range")], [416, "bytes */300000"]);
    const changed = await ask({ range: "bytes=0-9", "if-range": '"other"' });
    assertEquals([changed.status, (await changed.bytes()).length], [200, 300_000]);
    const { requests } = server;
    assertEquals(requests.map(({ status }) => status), [200, 206, 416, 200]);
    assertEquals(requests[1]!.range, { start: 100, end: 200 });
    assertEquals(server.bytesSent, 600_100);
  });
});

Deno.test("served() honours, ignores or mistakes If-Range", async () => {
  for (
    const [ifRange, statuses] of [["honoured", [206, 200]], ["ignored", [206, 206]], ["200", [
      200,
      200,
    ]]] as const
  ) {
    await withServer({ serve: (ask) => served(ask, { ifRange }) }, async (_, ask) => {
      for (const [index, tag] of ['"v1"', '"v2"'].entries()) {
        const response = await ask({ range: "bytes=0-9", "if-range": tag });
        await response.body?.cancel();
        assertEquals(response.status, statuses[index]);
      }
    });
  }
});

Deno.test("a head is sent byte for byte", async () => {
  const replies: (() => Reply)[] = [
    () => redirect(rawUtf8("/ü")).add("X-A", "\xfc").closing(),
    () => nothing("close").raw("SSH-2.0-x\r\n"),
    () => {
      const reply = refused(206).closing();
      [reply.version, reply.reason, reply.lineEnd] = ["HTTP/1.0", "", "\n"];
      return reply;
    },
  ];
  const texts: string[] = [];
  for (const serve of replies) {
    await withServer({ serve }, async (server) => void texts.push(await raw(server, GET)));
  }
  assert(texts[0]!.includes("Location: /\xc3\xbc\r\n") && texts[0]!.includes("X-A: \xfc\r\n"));
  assertEquals(texts[1], "SSH-2.0-x\r\n");
  assert(texts[2]!.startsWith("HTTP/1.0 206\nContent-Type: text/plain\n"), texts[2]);
});

Deno.test("a body is broken off, reset, and cut into chunks", async () => {
  const head = (reply: Reply) => reply.raw("head");
  const bytes = String.fromCharCode(...content.read(0, 10));
  await withServer({ serve: (ask) => head(served(ask)).breakAt(10, "close") }, async (server) => {
    assertEquals(await raw(server, GET), `head${bytes}`);
    assertEquals(server.bytesSent, 10);
  });
  await withServer({ serve: (ask) => head(served(ask)).breakAt(10, "reset") }, async (server) => {
    assert((await raw(server, GET)).endsWith("<ConnectionReset>"));
  });
  const chunked = (end: number) => (ask: Parameters<typeof served>[0]) =>
    served(ask, { range: { start: 0, end } }).chunked();
  await withServer({ serve: chunked(10) }, async (_, ask) => {
    const response = await ask();
    assertEquals(response.headers.get("content-length"), null);
    assertEquals(await response.bytes(), content.read(0, 10));
  });
});

Deno.test("the server knows of other requests, and connections beyond a number are reset", async () => {
  const lives: number[] = [];
  const serve: OddServerOptions["serve"] = (ask) => {
    lives.push(ask.live);
    return served(ask).pause(1000, 20).after(20);
  };
  await withServer({ serve, bytesPerSecond: 10_000_000 }, async (_, ask) => {
    const responses = await Promise.all([ask(), ask(), ask()]);
    for (const response of responses) {
      assertEquals(await response.bytes(), content.read(0, 300_000));
    }
    assertEquals(lives, [0, 1, 2]);
    await (await ask()).body?.cancel();
    assertEquals(lives.at(-1), 0);
  });
  await withServer({ maxConnections: 1 }, async (server, ask) => {
    await (await ask()).bytes();
    assertEquals(await raw(server, GET), "<ConnectionReset>");
  });
});

Deno.test("a server with two origins tells them apart", async () => {
  const serve: OddServerOptions["serve"] = (ask) =>
    ask.origin === 0 ? redirect(`${ask.origins[1]}/at`) : served(ask);
  await withServer({ serve, origins: 2 }, async (server, ask) => {
    const response = await ask();
    assertEquals(await response.bytes(), content.read(0, 300_000));
    assertEquals(server.requests.map(({ path }) => path), ["/file.bin", "/at"]);
    assertEquals(new URL(response.url).port === new URL(server.url).port, false);
  });
});
