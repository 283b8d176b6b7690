import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { createHandler } from "../../server.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import { FILE, withMirrors } from "../support/download.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";
import { DOWNLOAD, withProxy } from "../support/proxy/proxy_scene.ts";

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

function part(start: number, end: number, content: Content = FILE): Uint8Array {
  return content.read(start, end).slice();
}

Deno.test("/proxy serves the whole file, and the same headers for HEAD", async () => {
  await withProxy([{}, {}, {}], async ({ get }) => {
    const whole = await get();
    assertEquals([whole.status, await bytesOf(whole)], [200, part(0, FILE.size)]);
    assertEquals(whole.headers.get("accept-ranges"), "bytes");
    assertEquals(whole.headers.get("last-modified"), "Tue, 02 Jan 2024 03:04:05 GMT");
    assertMatch(whole.headers.get("etag")!, /^"[^"]+"$/);
    const head = await get({ method: "HEAD" });
    assertEquals([head.status, (await bytesOf(head)).length], [200, 0]);
    const said = ({ headers }: Response) => [...headers].filter(([name]) => name !== "date");
    assertEquals(said(head), said(whole));
    assertEquals(head.headers.get("content-length"), `${FILE.size}`);
    const ranged = await get({ method: "HEAD", headers: { range: "bytes=5-9" } });
    assertEquals([ranged.status, said(ranged)], [200, said(whole)]);
  });
});

Deno.test("/proxy reports the metadata that the mirrors report", async () => {
  const about = { contentType: "video/mp4", lastModified: new Date("2020-02-03T04:05:06Z") };
  await withProxy([about, about, { ...about, lastModified: null }], async ({ get }) => {
    for (const range of ["", "bytes=0-", "bytes=7-8"]) {
      const { headers, body } = await get({ headers: range === "" ? {} : { range } });
      await body!.cancel();
      assertEquals(headers.get("content-type"), "video/mp4");
      assertEquals(headers.get("last-modified"), "Mon, 03 Feb 2020 04:05:06 GMT");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }
  });
});

Deno.test("/proxy serves ranges as a local file would", async () => {
  await withProxy([{}, {}], async ({ get }) => {
    const { size } = FILE;
    const table = [
      ["bytes=0-", 0, size],
      ["bytes=0-0", 0, 1],
      ["bytes=1000-1999", 1000, 2000],
      ["bytes=900000-", 900_000, size],
      ["bytes=-500", size - 500, size],
      [`bytes=${size - 1}-${size + 5}`, size - 1, size],
    ] as const;
    for (const [range, start, end] of table) {
      const response = await get({ headers: { range } });
      assertEquals(response.status, 206, range);
      assertEquals(response.headers.get("content-range"), `bytes ${start}-${end - 1}/${size}`);
      assertEquals(response.headers.get("content-length"), `${end - start}`);
      assertEquals(await bytesOf(response), part(start, end), range);
    }
    for (const range of ["bytes=letters", "items=0-5", `bytes=${"0-1,".repeat(10_000)}0-1`]) {
      const response = await get({ headers: { range } });
      assertEquals([response.status, (await bytesOf(response)).length], [200, size]);
    }
    const beyond = await get({ headers: { range: `bytes=${size}-` } });
    assertEquals(beyond.status, 416);
    assertEquals(beyond.headers.get("content-range"), `bytes */${size}`);
    assertEquals((await beyond.json()).status, 416);
  });
});

Deno.test("/proxy serves several ranges as multipart/byteranges", async () => {
  await withProxy([{}, {}], async ({ get }) => {
    const response = await get({ headers: { range: "bytes=0-99,500000-500099,-10" } });
    assertEquals(response.status, 206);
    const type = response.headers.get("content-type")!;
    const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(type)![1]!;
    const bytes = await bytesOf(response);
    assertEquals(response.headers.get("content-length"), `${bytes.length}`);
    const text = new TextDecoder("latin1").decode(bytes);
    const parts = text.split(`--${boundary}`);
    assertEquals(parts.length, 5);
    const { size } = FILE;
    for (
      const [index, [start, end]] of [[0, 100], [500_000, 500_100], [size - 10, size]].entries()
    ) {
      const [head, body] = parts[index + 1]!.split(/\r\n\r\n(.*)/s);
      assertMatch(head!, new RegExp(`content-range: bytes ${start}-${end! - 1}/${size}`, "i"));
      assertEquals(body, new TextDecoder("latin1").decode(part(start!, end!)) + "\r\n");
    }
  });
});

Deno.test("the log line of several ranges counts the whole body", async () => {
  const lines: string[] = [];
  const options = { log: (line: string) => void lines.push(line), logFormat: "json" as const };
  await withProxy([{}, {}], async ({ get }) => {
    const body = await (await get({ headers: { range: "bytes=0-99,-10" } })).bytes();
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const { bytes, outcome } = JSON.parse(lines[0]!);
    assertEquals([bytes, outcome], [body.length, "complete"]);
  }, options);
});

Deno.test("/proxy evaluates preconditions in order, before ranges", async () => {
  await withProxy([{}, {}], async ({ get }) => {
    const head = await get({ method: "HEAD" });
    const etag = head.headers.get("etag")!;
    const date = head.headers.get("last-modified")!;
    const range = "bytes=0-9";
    const table: [Record<string, string>, number][] = [
      [{ "if-none-match": etag }, 304],
      [{ "if-none-match": etag, range }, 304],
      [{ "if-none-match": '"other"', "if-modified-since": date }, 200],
      [{ "if-modified-since": date }, 304],
      [{ "if-match": '"other"' }, 412],
      [{ "if-match": '"other"', "if-none-match": etag }, 412],
      [{ "if-match": etag, range }, 206],
      [{ "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }, 412],
      [{ range, "if-range": etag }, 206],
      [{ range, "if-range": '"other"' }, 200],
      [{ range, "if-range": `W/${etag}` }, 200],
      [{ range, "if-range": date }, 206],
      [{ range, "if-range": "Wed, 03 Jan 2024 03:04:05 GMT" }, 200],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": `"other", W/${etag}` }, 304],
      [{ "if-match": "*", "if-none-match": '"other"', range, "if-range": etag }, 206],
      [{ "if-match": etag, "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }, 200],
      [{ "if-match": '"other"', range: "bytes=9999999-" }, 412],
      [{ "if-none-match": etag, range: "bytes=9999999-" }, 304],
    ];
    for (const [headers, status] of table) {
      const response = await get({ headers });
      const body = await bytesOf(response);
      assertEquals(response.status, status, JSON.stringify(headers));
      if (status === 200) assertEquals(body.length, FILE.size);
      if (status === 206) assertEquals(body, part(0, 10));
      if (status === 304) assertEquals([response.headers.get("etag"), body.length], [etag, 0]);
    }
  });
});

Deno.test("/proxy: the ETag survives a failed mirror and a restart, and changes with the content", async () => {
  await withMirrors([{}, {}, {}], async (urls, mirrors) => {
    const tag = async () => {
      await using handler = createHandler({ allowPrivate: true, download: DOWNLOAD });
      const query = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&");
      const response = await handler(
        new Request(`http://proxy.test/proxy?${query}`, { method: "HEAD" }),
      );
      return [response.status, response.headers.get("etag")];
    };
    const first = await tag();
    assertEquals(first[0], 200);
    assertEquals(await tag(), first);
    await mirrors[0]!.close();
    assertEquals(await tag(), first);
  });
  await withProxy([{ content: randomContent(FILE.size, 8) }], async ({ get }) => {
    const other = (await get({ method: "HEAD" })).headers.get("etag");
    await withProxy([{}], async (scene) => {
      assertNotEquals((await scene.get({ method: "HEAD" })).headers.get("etag"), other);
    });
  });
});

Deno.test("/proxy: the ETag does not depend on which mirror answers first", async () => {
  const tags = new Set<string | null>();
  for (const late of [0, 1, 2]) {
    const lab = [0, 1, 2].map((mirror): Partial<MirrorOptions> => ({
      faults: mirror === late ? [{ kind: "slow-headers", delayMs: 60 }] : [],
    }));
    await withProxy(lab, async ({ get }) => {
      for (let turn = 0; turn < 2; turn++) {
        tags.add((await get({ method: "HEAD" })).headers.get("etag"));
      }
    });
  }
  assertEquals(tags.size, 1, [...tags].join());
});

/** The validators by which a mirror distinguishes files. */
const VALIDATORS: Record<string, { etags: readonly (string | null)[]; dated: boolean }> = {
  "a strong ETag": { etags: ['"old"', '"new"'], dated: true },
  "a weak ETag": { etags: ['W/"old"', 'W/"new"'], dated: false },
  "a date": { etags: [null, null], dated: true },
};
for (const [validator, { etags, dated }] of Object.entries(VALIDATORS)) {
  const name = `/proxy: a changed file, detected by ${validator}, is never mixed with the old one`;
  Deno.test(name, async () => {
    const old: Partial<MirrorOptions> = { etag: etags[0]!, ...(!dated && { lastModified: null }) };
    await withProxy([old, old], async ({ get, mirrors }) => {
      const before = (await get({ method: "HEAD" })).headers.get("etag")!;
      const other = randomContent(FILE.size + 5000, 8);
      for (const mirror of mirrors) mirror.setContent(other, etags[1]!);
      const asked = { range: "bytes=500000-500999", "if-range": before };
      const whole = await get({ headers: asked });
      const after = whole.headers.get("etag")!;
      assertNotEquals(after, before);
      assertEquals([whole.status, await bytesOf(whole)], [200, part(0, other.size, other)]);
      const seek = await get({ headers: { ...asked, "if-range": after } });
      assertEquals([seek.status, seek.headers.get("etag")], [206, after]);
      assertEquals(await bytesOf(seek), part(500_000, 501_000, other));
      const refused = await get({ headers: { "if-match": before } });
      assertEquals([refused.status, (await refused.json()).status], [412, 412]);
    });
  });
}

Deno.test("/proxy: a file that changes during a response aborts it and gets a new ETag", async () => {
  const query = "&split_size=50000";
  // It does not send all of the file before it has changed.
  const lab = { bytesPerSecond: 2e6, silentAfter: 500_000 };
  await withProxy([lab], async ({ get, mirrors: [mirror] }) => {
    const response = await get({ query });
    const reader = response.body!.getReader();
    const came = [(await reader.read()).value!];
    const other = randomContent(FILE.size, 8);
    mirror!.setContent(other);
    // A response that is running goes on with the old file.
    mirror!.resetConnections();
    mirror!.setRate(undefined);
    await assertRejects(async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        came.push(value);
      }
    });
    const bytes = new Uint8Array(await new Blob(came).arrayBuffer());
    assert(bytes.length < FILE.size);
    assertEquals(bytes, part(0, bytes.length));
    const next = await get({ query });
    assertNotEquals(next.headers.get("etag"), response.headers.get("etag"));
    assertEquals(await bytesOf(next), part(0, other.size, other));
  });
});

Deno.test("/proxy: a seek requests data without a probe", async () => {
  await withProxy([{}, {}], async ({ get, mirrors }) => {
    await (await get({ method: "HEAD" })).body?.cancel();
    const before = mirrors.map(({ requests }) => requests.length);
    const response = await get({ headers: { range: "bytes=700000-700999" } });
    assertEquals(await bytesOf(response), part(700_000, 701_000));
    const asked = mirrors.flatMap(({ requests }, index) => requests.slice(before[index]));
    assert(asked.length > 0);
    for (const { range } of asked) assert(range!.start >= 700_000, `${range!.start}`);
  });
});

Deno.test("/proxy: a mirror that fails during playback goes unnoticed", async () => {
  const faults = [{ kind: "reset" as const, afterBytes: 30_000, from: 1 }];
  await withProxy([{ faults }, { bytesPerSecond: 4e6 }], async ({ get }) => {
    const response = await get();
    assertEquals(await bytesOf(response), part(0, FILE.size));
  });
});

Deno.test("/proxy: when all mirrors fail midway, the body fails", async () => {
  const faults = [{ kind: "status" as const, status: 410, from: 4 }];
  await withProxy([{ faults, bytesPerSecond: 2e6 }], async ({ get }) => {
    const response = await get({ query: "&delay_req_algo=DIFF&split_size=100000" });
    assertEquals(response.status, 200);
    await assertRejects(() => response.arrayBuffer());
  });
  const silentAfter = 500_000;
  const midway = { unknownLength: "chunked" as const, bytesPerSecond: 2e6, silentAfter };
  await withProxy([midway, midway], async ({ get, mirrors }) => {
    const reader = (await get()).body!.getReader();
    await reader.read();
    for (const mirror of mirrors) {
      mirror.setFaults([{ kind: "refuse" }]);
      mirror.resetConnections();
    }
    // The body must fail, not end as if the file were complete.
    await assertRejects(async () => {
      while (!(await reader.read()).done);
    });
  });
});

for (const range of ["bytes=0-", "bytes=5-", "bytes=5-800004,900000-900009"]) {
  Deno.test(`/proxy: a client that disconnects ends the requests to the mirrors, ${range}`, async () => {
    await withProxy([{ bytesPerSecond: 500_000 }], async ({ get, mirrors, base }) => {
      const response = await get({ headers: { range } });
      const reader = response.body!.getReader();
      // With several ranges, the first chunk is only the headers of the first part.
      await reader.read();
      await reader.read();
      await reader.cancel();
      const running = async () => {
        const text = await (await fetch(`${base}/metrics`)).text();
        return Number(/^sphttp_downloads_under_way (\d+)/m.exec(text)![1]);
      };
      for (let turn = 0; await running() > 0; turn++) assert(turn < 1000, "it goes on");
      for (let turn = 0; mirrors[0]!.requests.some(({ ended }) => ended === undefined); turn++) {
        assert(turn < 1000, "a request goes on");
        await (await fetch(`${base}/healthz`)).body?.cancel();
      }
    });
  });
}

Deno.test("/proxy serves a file without ranges whole, with Accept-Ranges: none", async () => {
  for (const one of [{ ranges: false }, { unknownLength: "chunked" as const }]) {
    await withProxy([one], async ({ get }) => {
      const response = await get({ headers: { range: "bytes=5-9" } });
      assertEquals([response.status, await bytesOf(response)], [200, part(0, FILE.size)]);
      assertEquals(response.headers.get("accept-ranges"), "none");
    });
  }
});

Deno.test("/proxy serves an empty file", async () => {
  await withProxy([{ content: randomContent(0, 1) }], async ({ get }) => {
    for (const range of ["bytes=0-", "bytes=-5", "bytes=5-"]) {
      const response = await get({ headers: { range } });
      assertEquals([response.status, (await bytesOf(response)).length], [200, 0], range);
      assertEquals(response.headers.get("content-length"), "0");
      assertEquals(response.headers.get("etag"), '"empty"');
    }
  });
});

Deno.test("/proxy: download=1 names the file, CORS lets pages read", async () => {
  await withProxy([{}], async ({ get }) => {
    const response = await get({ query: "&download=1", headers: { origin: "https://a.test" } });
    await response.body?.cancel();
    assertEquals(response.headers.get("content-disposition"), 'attachment; filename="file.bin"');
    assertEquals(response.headers.get("access-control-allow-origin"), "*");
    const preflight = await get({
      method: "OPTIONS",
      headers: { origin: "https://a.test", "access-control-request-method": "GET" },
    });
    assertEquals(preflight.status, 204);
    assertEquals(preflight.headers.get("access-control-allow-methods"), "GET, HEAD");
  }, { cors: "*" });
});

Deno.test("/live reports which mirror delivers which block", async () => {
  await withProxy(
    [{ bytesPerSecond: 2e6 }, { bytesPerSecond: 2e6 }],
    async ({ get, base, urls }) => {
      const query = "&split_size=50000";
      const body = bytesOf(await get({ query }));
      const search = urls.map((url) => `url=${encodeURIComponent(url)}`).join("&") + query;
      const live = await fetch(`${base}/live?${search}`);
      assertEquals(live.headers.get("content-type"), "text/event-stream");
      const blocks = new Set<number>();
      let text = "";
      for await (const chunk of live.body!.pipeThrough(new TextDecoderStream())) {
        const events = (text + chunk).split("\n\n");
        text = events.pop()!;
        for (const event of events) {
          const state = JSON.parse(/^data:(.*)$/m.exec(event)![1]!);
          assertEquals(state.mirrors, urls.map((url) => new URL(url).origin));
          for (const [, block, mirror] of state.blocks) {
            assert(mirror === 0 || mirror === 1);
            blocks.add(block);
          }
          if (state.downloads.some(({ outcome }: { outcome: string }) => outcome !== "running")) {
            assertEquals(blocks.size, Math.ceil(FILE.size / 50_000));
            assertEquals((await body).length, FILE.size);
            return;
          }
        }
      }
    },
  );
});

Deno.test("/proxy: HEAD of a file of unknown length says no length, on the wire", async () => {
  await withProxy([{ unknownLength: "chunked" }], async ({ base, urls, get }) => {
    const { hostname, port } = new URL(base);
    const head = async (path: string) => {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      const request = `HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      return await new Response(connection.readable).text();
    };
    const said = await head(`/proxy?url=${encodeURIComponent(urls[0]!)}`);
    assertMatch(said, /^HTTP\/1\.1 200 /);
    assertEquals(/content-length/i.test(said), false, said);
    assertEquals(said.split("\r\n\r\n")[1], "");
    const live = await head(`/live?url=${encodeURIComponent(urls[0]!)}`);
    assertMatch(live, /^HTTP\/1\.1 200 /);
    assertEquals(/content-length/i.test(live), false, live);
    // Others keep theirs.
    assertMatch(await head("/healthz"), /content-length: 3\r\n/i);
    const missing = await head("/proxy");
    assertMatch(missing, /^HTTP\/1\.1 400 [^]*content-length: [1-9]/i);
    const whole = await get();
    assertEquals(await bytesOf(whole), part(0, FILE.size));
  });
});
