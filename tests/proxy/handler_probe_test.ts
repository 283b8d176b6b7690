import { assert, assertEquals } from "@std/assert";
import { randomContent } from "../support/lab/content.ts";
import { FILE, withMirrorsAtOnce } from "../support/download.ts";
import { until } from "../support/lab/client.ts";
import type { Fault, LabMirror, MirrorOptions } from "../support/lab/mirror_lab.ts";
import { metric, type ProxyScene, withProxy, withProxyOf } from "../support/proxy/proxy_scene.ts";

const SLOW: Fault = { kind: "slow-headers", delayMs: 150 };
/** A response is still running when a test looks, however late that is: until its rate is set. */
const SHAPED: Partial<MirrorOptions> = { bytesPerSecond: 300_000, silentAfter: 300_000 };

/** Returns how many requests began with the first byte of the file, but for comparisons of 1 KiB. */
function probes({ requests }: LabMirror): number {
  return requests.filter(({ range }) =>
    range === undefined || (range.start === 0 && range.end - range.start !== 1024)
  ).length;
}

function part(start: number, end: number): Uint8Array {
  return FILE.read(start, end).slice();
}

async function isIdle({ base, mirrors }: Pick<ProxyScene, "base" | "mirrors">): Promise<void> {
  let running = 1;
  while (running > 0) running = await metric(base, "sphttp_downloads_under_way");
  await until(() =>
    mirrors.every(({ requests }) => requests.every(({ ended }) => ended !== undefined)) || undefined
  );
}

Deno.test("/proxy: the probe of a file is the beginning of the first client's body", async () => {
  const table: [range: string | undefined, start: number, end: number][] = [
    [undefined, 0, FILE.size],
    ["bytes=0-", 0, FILE.size],
    ["bytes=0-399999", 0, 400_000],
    [`bytes=0-${FILE.size + 5}`, 0, FILE.size],
    ["bytes=0-0", 0, 1],
    ["bytes=0-99", 0, 100],
    ["bytes=0-12287", 0, 12_288],
  ];
  for (const [range, start, end] of table) {
    await withProxy([{}], async (scene) => {
      const response = await scene.get({ headers: range === undefined ? {} : { range } });
      assertEquals(response.status, range === undefined ? 200 : 206);
      assertEquals(response.headers.get("content-length"), `${end - start}`, range);
      assertEquals(await response.bytes(), part(start, end), range);
      assertEquals(probes(scene.mirrors[0]!), 1, range);
      const outcome = (name: string) =>
        metric(scene.base, `sphttp_downloads_total{outcome="${name}"}`);
      assertEquals([await outcome("complete"), await outcome("cancelled")], [1, 0], range);
    });
  }
});

Deno.test("/proxy: a file is asked for once, with several mirrors each once", async () => {
  await withMirrorsAtOnce([{}, {}, {}], async (urls, mirrors) => {
    await withProxyOf(urls, async ({ get }) => {
      assertEquals(await (await get()).bytes(), part(0, FILE.size));
      assertEquals(mirrors.map(probes), [1, 1, 1]);
    });
  });
});

Deno.test("/proxy: the headers of a file do not depend on which request causes the probe", async () => {
  const seen = new Set<string>();
  const asked: RequestInit[] = [
    {},
    { method: "HEAD" },
    ...["bytes=0-", "bytes=0-0", "bytes=0-99999", "bytes=5-", "bytes=0-9,20-29"]
      .map((range) => ({ headers: { range } })),
    { headers: { "if-none-match": '"x"' } },
  ];
  for (const init of asked) {
    await withProxy([{}, {}], async ({ get }) => {
      const response = await get(init);
      await response.body?.cancel();
      const { headers } = await get({ method: "HEAD" });
      assertEquals(response.headers.get("etag"), headers.get("etag"));
      seen.add(JSON.stringify([...headers].filter(([name]) => name !== "date")));
    });
  }
  assertEquals(seen.size, 1, [...seen].join("\n"));
});

Deno.test("/proxy: clients that wait for the same probe get their own bodies", async () => {
  await withProxy([{ ...SHAPED, faults: [{ ...SLOW, count: 1 }] }], async (scene) => {
    const { get, mirrors } = scene;
    const ranges = [undefined, "bytes=0-", "bytes=500000-", "bytes=0-99", undefined];
    const responses = await Promise.all(
      ranges.map((range) => get({ headers: range === undefined ? {} : { range } })),
    );
    mirrors[0]!.setRate(undefined);
    const bodies = await Promise.all(responses.map((response) => response.bytes()));
    const { size } = FILE;
    const expected = [[0, size], [0, size], [500_000, size], [0, 100], [0, size]];
    for (const [index, [start, end]] of expected.entries()) {
      assertEquals(bodies[index], part(start!, end!), `${index}`);
    }
    assertEquals(new Set(responses.map(({ headers }) => headers.get("etag"))).size, 1);
    await isIdle(scene);
  });
});

Deno.test("/proxy: when the client of the probe leaves, those that wait still get the file", async () => {
  await withProxy([{ faults: [{ ...SLOW, count: 1 }] }], async (scene) => {
    const { get, mirrors, base } = scene;
    const client = new AbortController();
    const leaving = get({ signal: client.signal }).catch(() => "left");
    await until(() => mirrors[0]!.requests.length > 0 || undefined);
    const staying = get();
    // It waits once the proxy has answered another request that came after it.
    await (await fetch(`${base}/healthz`)).body?.cancel();
    client.abort();
    assertEquals(await leaving, "left");
    assertEquals(await (await staying).bytes(), part(0, FILE.size));
    await isIdle(scene);
    // The only place is free again.
    assertEquals((await (await get()).bytes()).length, FILE.size);
  }, { maxDownloads: 2 });
});

for (const delayMs of [0, 20, 60]) {
  Deno.test(`/proxy: clients of the probe that leave after ${delayMs} ms leave nothing behind`, async () => {
    await withProxy([{ ...SHAPED, faults: [{ ...SLOW, delayMs: 20 }] }], async (scene) => {
      for (let turn = 0; turn < 5; turn++) {
        const signal = AbortSignal.timeout(delayMs);
        const read = scene.get({ signal }).then((response) => response.bytes());
        await read.then(() => {}, () => {});
      }
      await isIdle(scene);
      scene.mirrors[0]!.setRate(undefined);
      assertEquals((await (await scene.get()).bytes()).length, FILE.size);
    }, { maxDownloads: 1, rememberMs: 0 });
  });
}

Deno.test("/proxy: a request without a body costs no body of the mirrors", async () => {
  const big = randomContent(50_000_000, 3);
  await withProxy([{ ...SHAPED, content: big }], async (scene) => {
    const { get, mirrors } = scene;
    const head = await get({ method: "HEAD" });
    const etag = head.headers.get("etag")!;
    const same = await get({ headers: { "if-none-match": etag } });
    const beyond = await get({ headers: { range: `bytes=${big.size}-` } });
    assertEquals([head.status, same.status, beyond.status], [200, 304, 416]);
    await beyond.body?.cancel();
    await isIdle(scene);
    const sent = mirrors[0]!.bytesSent;
    assert(sent < 100_000, `${sent}`);
  }, { rememberMs: 0 });
});

Deno.test("/proxy: If-Range decides what the client of the probe gets", async () => {
  await withProxy([{}], async (scene) => {
    const head = await scene.get({ method: "HEAD" });
    const etag = head.headers.get("etag")!;
    for (
      const [ifRange, range, status, end] of [
        [etag, "bytes=0-99", 206, 100],
        ['"other"', "bytes=0-99", 200, FILE.size],
        ['"other"', "bytes=0-", 200, FILE.size],
        [etag, "bytes=0-", 206, FILE.size],
      ] as const
    ) {
      const response = await scene.get({ headers: { range, "if-range": ifRange } });
      assertEquals([response.status, await response.bytes()], [status, part(0, end)], range);
      await isIdle(scene);
    }
  }, { rememberMs: 0, maxDownloads: 2 });
});

Deno.test("/proxy: a first range of an empty file is the whole file", async () => {
  await withProxy([{ content: randomContent(0, 1) }], async (scene) => {
    for (const range of ["bytes=0-99", "bytes=0-"]) {
      const response = await scene.get({ headers: { range } });
      assertEquals([response.status, (await response.bytes()).length], [200, 0], range);
      await isIdle(scene);
    }
  }, { rememberMs: 0, maxDownloads: 1 });
});

Deno.test("/proxy: mirrors without ranges are asked once, too", async () => {
  for (const lab of [{ ranges: false }, { unknownLength: "chunked" as const }]) {
    for (const range of [undefined, "bytes=0-"]) {
      await withProxy([lab], async ({ get, mirrors }) => {
        const response = await get({ headers: range === undefined ? {} : { range } });
        assertEquals([response.status, await response.bytes()], [200, part(0, FILE.size)]);
        assertEquals(mirrors[0]!.requests.length, 1);
      });
    }
  }
});

Deno.test("/proxy: a first client that is refused for lack of memory starts no probe", async () => {
  await withMirrorsAtOnce([SHAPED, SHAPED], async (urls, mirrors) => {
    await withProxyOf(urls, async ({ get, base }) => {
      const first = await get();
      const before = mirrors[1]!.requests.length;
      const other = await fetch(`${base}/proxy?url=${encodeURIComponent(urls[1]!)}`);
      assertEquals([other.status, other.headers.get("retry-after")], [503, "5"]);
      await other.body?.cancel();
      assertEquals(probes(mirrors[1]!), 1);
      assert(mirrors[1]!.requests.length >= before);
      await first.body?.cancel();
      await isIdle({ base, mirrors });
    }, { maxDownloads: 1 });
  });
});
