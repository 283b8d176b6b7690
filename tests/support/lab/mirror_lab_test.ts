import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomContent } from "./content.ts";
import { content, endOfConnection, readAll, sameBytes, SIZE, until, withMirror } from "./client.ts";
import { startMirror } from "./mirror_lab.ts";

Deno.test("startMirror() serves the whole file", () =>
  withMirror({}, async (mirror, ask) => {
    const response = await ask();
    assertEquals(response.status, 200);
    sameBytes((await readAll(response)).bytes, 0, SIZE);
    assertEquals(response.headers.get("content-length"), String(SIZE));
    assertEquals(response.headers.get("accept-ranges"), "bytes");
    assertEquals(response.headers.get("content-type"), "application/octet-stream");
    assertEquals(response.headers.get("last-modified"), "Tue, 02 Jan 2024 03:04:05 GMT");
    assertMatch(response.headers.get("etag") ?? "", /^"[^"]+"$/);
    assert(!Number.isNaN(Date.parse(response.headers.get("date") ?? "")));
    const [record] = mirror.requests;
    assertEquals([record?.method, record?.path, record?.range], ["GET", "/file.bin", undefined]);
    assertEquals([record?.bytesSent, record?.ended], [SIZE, "complete"]);
    assertMatch(record?.headers["user-agent"] ?? "", /Deno/);
  }));

Deno.test("startMirror() serves ranges", () =>
  withMirror({}, async (mirror, ask) => {
    const table: [string, number, number][] = [
      ["bytes=0-0", 0, 1],
      ["bytes=1000-99999", 1000, 100_000],
      ["bytes=299000-", 299_000, SIZE],
      ["bytes=-77", SIZE - 77, SIZE],
      ["bytes=299990-400000", 299_990, SIZE],
    ];
    for (const [field, start, end] of table) {
      const response = await ask(field);
      assertEquals(response.status, 206);
      assertEquals(response.headers.get("content-range"), `bytes ${start}-${end - 1}/${SIZE}`);
      assertEquals(response.headers.get("content-length"), String(end - start));
      sameBytes((await readAll(response)).bytes, start, end);
    }
    assertEquals(
      mirror.requests.map(({ range }) => range),
      table.map(([, start, end]) => ({ start, end })),
    );
  }));

Deno.test("startMirror() keeps connections, and answers pipelined requests in order", () =>
  withMirror({}, async (mirror) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: mirror.port });
    const ask = (first: number) => `GET /file.bin HTTP/1.1\r\nRange: bytes=${first}-${first}\r\n`;
    const requests = `${ask(7)}\r\n${ask(9)}Connection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(requests));
    const answers = await new Response(connection.readable).text();
    assertEquals(answers.match(/content-range: bytes \d+/gi)?.map((field) => field.slice(21)), [
      "7",
      "9",
    ]);
    assertEquals(mirror.requests.map((request) => request.connection), [0, 0]);
  }));

Deno.test("startMirror(): 416, several ranges, HEAD, 404, 405", () =>
  withMirror({}, async (mirror, ask) => {
    const beyond = await ask("bytes=300000-");
    assertEquals([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${SIZE}`]);
    await beyond.body?.cancel();
    const several = await ask("bytes=0-1,4-5");
    assertEquals(several.status, 200);
    await several.arrayBuffer();
    const head = await ask("bytes=0-9", { method: "HEAD" });
    assertEquals([head.status, head.headers.get("content-length")], [200, String(SIZE)]);
    const missing = await ask(undefined, { url: `http://127.0.0.1:${mirror.port}/other` });
    assertEquals([missing.status, await missing.text()], [404, "Not found"]);
    const put = await ask(undefined, { method: "DELETE" });
    assertEquals(put.status, 405);
    await put.body?.cancel();
  }));

Deno.test("startMirror(): If-Range decides between 206 and 200", () =>
  withMirror({ etag: '"v1"' }, async (_mirror, ask) => {
    const table: [string, number][] = [
      ['"v1"', 206],
      ['"v2"', 200],
      ['W/"v1"', 200],
      ["Tue, 02 Jan 2024 03:04:05 GMT", 206],
      ["Tue, 02 Jan 2024 03:04:04 GMT", 200],
    ];
    for (const [field, status] of table) {
      const response = await ask("bytes=5-9", { headers: { "if-range": field } });
      assertEquals(response.status, status, field);
      await response.arrayBuffer();
    }
  }));

Deno.test("startMirror(): etag, lastModified, contentType, responseHeaders, path", () =>
  withMirror({
    path: "/a/b.mp4",
    etag: null,
    lastModified: null,
    contentType: "video/mp4",
    responseHeaders: { "accept-ranges": "none", "x-more": "1" },
  }, async (mirror, ask) => {
    assertMatch(mirror.url, /\/a\/b\.mp4$/);
    const { headers, body } = await ask("bytes=0-9", { url: `${mirror.url}?token=1` });
    await body?.cancel();
    const names = ["etag", "last-modified", "content-type", "accept-ranges", "x-more"];
    assertEquals(names.map((name) => headers.get(name)), [null, null, "video/mp4", "none", "1"]);
  }));

Deno.test("startMirror(): ranges false, chunked, star", async () => {
  await withMirror({ ranges: false }, async (_mirror, ask) => {
    const response = await ask("bytes=5-9");
    assertEquals([response.status, response.headers.get("accept-ranges")], [200, null]);
    sameBytes((await readAll(response)).bytes, 0, SIZE);
  });
  await withMirror({ unknownLength: "chunked" }, async (mirror, ask) => {
    const response = await ask("bytes=5-9");
    assertEquals([response.status, response.headers.get("content-length")], [200, null]);
    sameBytes((await readAll(response)).bytes, 0, SIZE);
    assertEquals(mirror.requests[0]?.bytesSent, SIZE);
  });
  await withMirror({ unknownLength: "star" }, async (_mirror, ask) => {
    const response = await ask("bytes=5-9");
    assertEquals([response.status, response.headers.get("content-range")], [206, "bytes 5-9/*"]);
    sameBytes((await readAll(response)).bytes, 5, 10);
  });
});

Deno.test("startMirror(): redirects and authorization", async () => {
  for (const redirect of ["relative", "absolute"] as const) {
    await withMirror({ redirect }, async (mirror, ask) => {
      const response = await ask("bytes=5-9");
      assertEquals([response.status, response.redirected], [206, true]);
      sameBytes((await readAll(response)).bytes, 5, 10);
      assertEquals(mirror.requests.length, 2);
    });
  }
  await withMirror({}, (target) =>
    withMirror({ redirectTo: target.url }, async (mirror, ask) => {
      const response = await ask("bytes=5-9");
      assertEquals(response.url, target.url);
      sameBytes((await readAll(response)).bytes, 5, 10);
      assertEquals([mirror.requests.length, target.requests.length], [1, 1]);
    }));
  await withMirror({ requireAuthorization: "Basic abc" }, async (_mirror, ask) => {
    const refused = await ask();
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
    const granted = await ask("bytes=5-9", { headers: { authorization: "Basic abc" } });
    sameBytes((await readAll(granted)).bytes, 5, 10);
  });
});

Deno.test("setContent(): the file changes, and its validators with it", () =>
  withMirror({}, async (mirror, ask) => {
    const before = await ask("bytes=0-9");
    await before.arrayBuffer();
    mirror.setContent(randomContent(SIZE, 2));
    const etag = before.headers.get("etag") ?? "";
    const after = await ask("bytes=0-9", { headers: { "if-range": etag } });
    assertEquals(after.status, 200);
    assert(after.headers.get("etag") !== etag);
    assert(after.headers.get("last-modified") !== before.headers.get("last-modified"));
    assertEquals((await readAll(after)).bytes.length, SIZE);
  }));

Deno.test("startMirror() notices that a client leaves", () =>
  withMirror({ bytesPerSecond: 100_000 }, async (mirror, ask) => {
    const response = await ask();
    assertEquals(mirror.requests[0]?.ended, undefined);
    await response.body?.cancel();
    const left = await until(() => mirror.requests[0]?.ended);
    assertEquals(left, "client closed");
    assertEquals(await until(() => mirror.openConnections === 0 || undefined), true);
  }));

Deno.test("all responses of a mirror share its rate; setRate() changes it", () =>
  withMirror({ bytesPerSecond: 10_000_000 }, async (mirror, ask) => {
    const startedAt = performance.now();
    const bodies = [ask("bytes=0-99999"), ask("bytes=100000-199999")];
    await Promise.all(bodies.map(async (body) => (await body).bytes()));
    assert(performance.now() - startedAt >= 20);
    mirror.setRate(0);
    const answer = ask("bytes=0-9");
    await until(() => mirror.requests[2]);
    mirror.setRate(undefined);
    sameBytes(await (await answer).bytes(), 0, 10);
  }));

Deno.test("ratesAt: the rate changes over time", () =>
  withMirror({ bytesPerSecond: 0, ratesAt: [[0.02, 1e9]] }, async (_mirror, ask) => {
    const startedAt = performance.now();
    sameBytes((await readAll(await ask())).bytes, 0, SIZE);
    assert(performance.now() - startedAt >= 19);
  }));

Deno.test("ratesAt 0: connections, old and new, stay open and silent", () =>
  withMirror({ roundTripMs: 5, ratesAt: [[0, 0]] }, async (mirror, ask) => {
    const answers = [ask("bytes=0-9"), ask("bytes=10-19")];
    await until(() => mirror.requests[1]);
    const { promise, resolve } = Promise.withResolvers<string>();
    setTimeout(resolve, 50, "silence");
    const any = Promise.race(answers).then(() => "answer");
    assertEquals(await Promise.race([promise, any]), "silence");
    assertEquals([mirror.openConnections, mirror.connectionsAccepted], [2, 2]);
    mirror.setRate(undefined);
    for (const [index, answer] of answers.entries()) {
      sameBytes(await (await answer).bytes(), 10 * index, 10 * index + 10);
    }
  }));

Deno.test("resetConnections() resets open connections", () =>
  withMirror({ faults: [{ kind: "stall", afterBytes: 10, count: 2 }] }, async (mirror, ask) => {
    const reading = readAll(await ask("bytes=0-99"));
    mirror.resetConnections();
    assert((await reading).error !== undefined);
    assertEquals(await endOfConnection(mirror, () => mirror.resetConnections()), "reset");
    sameBytes(await (await ask("bytes=0-9")).bytes(), 0, 10);
  }));

Deno.test("close() during bodies, waits and on idle connections leaves nothing open", async () => {
  for (const options of [{ bytesPerSecond: 1000 }, { roundTripMs: 60_000 }, {}]) {
    const mirror = await startMirror({ content, ...options });
    using client = Deno.createHttpClient({});
    const reading = fetch(mirror.url, { client }).then(readAll).catch((error) => ({ error }));
    await until(() => mirror.requests[0]);
    await mirror.close();
    await mirror.close();
    await reading;
    assertEquals(mirror.openConnections, 0);
  }
});
