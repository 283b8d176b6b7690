import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { bytesContent, type Content, otherContent } from "../support/lab/content.ts";
import { until } from "../support/lab/client.ts";
import { FILE, withMirrors, withMirrorsAtOnce } from "../support/download.ts";
import { nothing, redirect, refused, served } from "../support/lab/odd_reply.ts";
import { type OddServerOptions, startOddServer } from "../support/lab/odd_server.ts";
import { type ProxyScene, withProxy, withProxyOf } from "../support/proxy/proxy_scene.ts";

function part(start: number, end: number, content: Content = FILE): Uint8Array {
  return content.read(start, end).slice();
}

/** Returns the file with other bytes in a range. */
function edited(start: number, end: number): Content {
  const bytes = part(0, FILE.size);
  for (let at = start; at < end; at++) bytes[at]! ^= 1;
  return bytesContent(bytes);
}

/** Waits for a condition, or the end of what is under way. */
async function untilOver(running: Promise<unknown>, condition: () => boolean): Promise<void> {
  let isOver = false;
  const end = () => isOver = true;
  running.then(end, end);
  await until(() => isOver || condition() || undefined);
}

async function withOdd(
  serve: OddServerOptions["serve"],
  run: (scene: Pick<ProxyScene, "get">) => Promise<void>,
  options: { rememberMs?: number; origins?: number } = {},
): Promise<void> {
  const { origins, ...proxy } = options;
  await using server = await startOddServer({ content: FILE, serve, origins });
  await withProxyOf([server.url], run, proxy);
}

/** Returns the ETags of a number of probes. */
async function tagsOf({ get }: Pick<ProxyScene, "get">, count: number): Promise<string[]> {
  const tags: string[] = [];
  for (let turn = 0; turn < count; turn++) {
    tags.push((await get({ method: "HEAD" })).headers.get("etag")!);
  }
  return tags;
}

Deno.test("/proxy: a mirror whose ETag depends on the machine keeps one ETag", async () => {
  const serve: OddServerOptions["serve"] = (ask) => served(ask, { etag: `"${ask.index % 2}"` });
  await withOdd(serve, async (scene) => {
    const tags = await tagsOf(scene, 6);
    assertEquals(new Set(tags).size, 1, tags.join());
  }, { rememberMs: 0 });
});

Deno.test("/proxy: a mirror whose ETag depends on the range keeps one ETag", async () => {
  const serve: OddServerOptions["serve"] = (ask) =>
    served(ask, { etag: `"${ask.head.headers["range"]}"` });
  await withOdd(serve, async ({ get }) => {
    const tags = new Set<string | null>();
    for (const range of ["bytes=0-", "bytes=-5000", "bytes=5000-", "bytes=0-", "bytes=7-8"]) {
      const response = await get({ headers: { range } });
      assertEquals(response.status, 206);
      await response.bytes();
      tags.add(response.headers.get("etag"));
    }
    assertEquals(tags.size, 1, [...tags].join());
  });
});

Deno.test("/proxy: a redirector to machines with an ETag each keeps one ETag", async () => {
  const serve: OddServerOptions["serve"] = (ask) => {
    if (ask.path !== "/file.bin") return served(ask, { etag: `"${ask.path}"` });
    return redirect(`${ask.origins[ask.index % 2]}/at/${ask.index % 2}?sign=${ask.index}`);
  };
  await withOdd(serve, async (scene) => {
    const tags = await tagsOf(scene, 6);
    assertEquals(new Set(tags).size, 1, tags.join());
  }, { rememberMs: 0, origins: 2 });
});

Deno.test("/proxy: a slow mirror with other bytes of the same size is let in by no seek", async () => {
  // It answers after the good one, however late that is.
  const slow = { content: otherContent(FILE), bytesPerSecond: 0 };
  for (const odd of [slow, { ...slow, etag: null, lastModified: null }]) {
    await withProxy([{ bytesPerSecond: 2e6 }, odd], async ({ get, urls, mirrors, base }) => {
      // The good one alone is known.
      await (await fetch(`${base}/proxy?url=${encodeURIComponent(urls[0]!)}`)).bytes();
      const [good, other] = mirrors;
      let wholes = 0;
      for (const start of [700_000, 5, 300_000, 950_000, 100_000]) {
        other!.setRate(0);
        const before = good!.requests.length;
        const responding = get({ headers: { range: `bytes=${start}-` } });
        await untilOver(
          responding,
          () => good!.requests.slice(before).some(({ bytesSent }) => bytesSent > 0),
        );
        other!.setRate(undefined);
        const response = await responding;
        if (response.status >= 400) {
          // Two mirrors that differ, and nothing to tell which is right.
          assertEquals(response.status, 502);
          await response.body?.cancel();
          continue;
        }
        const bytes = await response.bytes().catch(() => undefined);
        if (bytes === undefined) continue;
        assertEquals(bytes, part(start, FILE.size), `${start}`);
        wholes++;
      }
      assert(wholes <= 5);
    });
  }
});

Deno.test("/proxy: beside two good mirrors, a slow one with other bytes does no harm", async () => {
  const slow = {
    content: otherContent(FILE),
    faults: [{ kind: "slow-headers", delayMs: 40 }],
  } as const;
  const good = { bytesPerSecond: 2e6 };
  await withMirrorsAtOnce([good, good, slow], async (urls) => {
    await withProxyOf(urls, async ({ get }) => {
      const tags = new Set<string | null>();
      for (const start of [700_000, 5, 0, 300_000, 950_000, 100_000]) {
        const response = await get({ headers: { range: `bytes=${start}-` } });
        assertEquals(response.status, 206);
        tags.add(response.headers.get("etag"));
        assertEquals(await response.bytes(), part(start, FILE.size), `${start}`);
      }
      assertEquals(tags.size, 1);
    });
  });
});

Deno.test("/proxy: a file that was edited in the middle is another file", async () => {
  await withMirrors([{ etag: '"old"' }], async (urls, [mirror]) => {
    await withProxyOf(urls, async ({ get }) => {
      const before = await get();
      assertEquals(await before.bytes(), part(0, FILE.size));
      const etag = before.headers.get("etag")!;
      const now = edited(300_000, 700_000);
      mirror!.setContent(now, '"new"');
      const headers = { range: "bytes=400000-499999", "if-range": etag };
      const seek = await get({ headers });
      const after = seek.headers.get("etag")!;
      assertEquals([seek.status, await seek.bytes()], [200, part(0, FILE.size, now)]);
      assertNotEquals(after, etag);
      const again = await get({ headers: { ...headers, "if-range": after } });
      assertEquals([again.status, await again.bytes()], [206, part(400_000, 500_000, now)]);
    });
  });
});

Deno.test("/proxy: files of one size, date and beginning that differ behind it have no ETag in common", async () => {
  const other = otherContent(FILE, 300_000);
  const lab = [{ etag: null }, { etag: null, content: other }];
  await withMirrors(lab, async (urls) => {
    const tagOf = async (named: readonly string[]) => {
      let tag = "";
      await withProxyOf(named, async ({ get }) => {
        tag = (await get({ method: "HEAD" })).headers.get("etag")!;
      });
      return tag;
    };
    assertNotEquals(await tagOf([urls[0]!]), await tagOf([urls[1]!]));
  });
  // Neither of them can deliver the file alone before the other one has sent some.
  const paused = lab.map((mirror) => ({ ...mirror, silentAfter: 400_000 }));
  await withMirrorsAtOnce(paused, async (urls, mirrors) => {
    await withProxyOf(urls, async ({ get }) => {
      const first = await get();
      const etag = first.headers.get("etag")!;
      // It ends where the mirrors are found to differ.
      const ended = assertRejects(() => first.bytes());
      await untilOver(ended, () => mirrors.every(({ bytesSent }) => bytesSent > 50_000));
      for (const mirror of mirrors) mirror.setRate(undefined);
      await ended;
      const again = await get({ headers: { range: "bytes=100000-100999", "if-range": etag } });
      assertNotEquals(again.headers.get("etag"), etag);
      assertEquals(again.status, 200);
      await again.body?.cancel();
    });
  });
});

Deno.test("/proxy: a mirror that resets each If-Range is not asked with one for each seek", async () => {
  let conditions = 0;
  const serve: OddServerOptions["serve"] = (ask) => {
    if (ask.head.headers["if-range"] === undefined) return served(ask);
    conditions++;
    return nothing("reset");
  };
  await withOdd(serve, async ({ get }) => {
    for (const start of [0, 5000, 100, 70_000, 20_000]) {
      const response = await get({ headers: { range: `bytes=${start}-${start + 999}` } });
      assertEquals(await response.bytes(), part(start, start + 1000));
    }
    // The response that made the record of the file, and the one that learned from it.
    assert(conditions <= 2, `${conditions} requests`);
  });
});

Deno.test("/proxy: a mirror that answers after the others have agreed is not sampled for ever", async () => {
  let samples = 0;
  const prompt: OddServerOptions["serve"] = (ask) => served(ask, { etag: `"file"` });
  const late: OddServerOptions["serve"] = (ask) => {
    if (ask.head.headers["range"] === "bytes=0-12287") samples++;
    return served(ask, { etag: `"file"` }).after(samples === 1 ? 1000 : 0);
  };
  await using one = await startOddServer({ content: FILE, serve: prompt });
  await using other = await startOddServer({ content: FILE, serve: prompt });
  await using last = await startOddServer({ content: FILE, serve: late });
  await withProxyOf([one.url, other.url, last.url], async ({ get }) => {
    const { headers } = await get({ method: "HEAD" });
    assertEquals(headers.get("content-length"), `${FILE.size}`);
    // Until a client has learned of it, others ask for its first bytes.
    let before = -1;
    for (let client = 0; client < 50 && samples > before; client++) {
      before = samples;
      assertEquals((await (await get()).bytes()).length, FILE.size);
    }
    for (let client = 0; client < 5; client++) await (await get()).bytes();
    assertEquals(samples, before);
  });
});

Deno.test("/proxy: a short text instead of some answers is not taken for the file that is known", async () => {
  for (let count = 1; count <= 8; count++) {
    let bad = 0;
    const serve: OddServerOptions["serve"] = (ask) =>
      bad-- > 0 ? refused(200, { "Content-Type": "application/xml" }, "<busy/>") : served(ask);
    await withOdd(serve, async ({ get }) => {
      const before = await get();
      assertEquals(await before.bytes(), part(0, FILE.size));
      bad = count;
      for (const start of [500_000, 100_000]) {
        const response = await get({ headers: { range: `bytes=${start}-${start + 999}` } });
        if (response.status < 400) {
          assertEquals(response.status, 206, `${count} answers`);
          assertEquals(await response.bytes(), part(start, start + 1000));
        } else await response.body?.cancel();
      }
    });
  }
});
