import { assert, assertEquals } from "@std/assert";
import { createHandler, type ProxyOptions } from "../../server.ts";
import { FILE, QUICK, withMirrors } from "../support/download.ts";
import { until } from "../support/lab/client.ts";
import type { Fault, LabMirror, MirrorOptions } from "../support/lab/mirror_lab.ts";

const SILENT: Fault = { kind: "stall", beforeHeaders: true };

interface Scene {
  readonly target: string;
  readonly base: string;
  readonly mirrors: readonly LabMirror[];
  /** Returns status and outcome of each log line. */
  readonly log: readonly (readonly [status: number, outcome: string])[];
}

async function withProxy(
  lab: readonly Partial<MirrorOptions>[],
  run: (scene: Scene) => Promise<void>,
  options: ProxyOptions = {},
): Promise<void> {
  await withMirrors(lab, async (urls, mirrors) => {
    const log: [number, string][] = [];
    await using handler = createHandler({
      allowPrivate: true,
      download: QUICK,
      logFormat: "json",
      log: (line) => {
        const { url, status, outcome } = JSON.parse(line);
        if (url.startsWith("/proxy")) log.push([status, outcome]);
      },
      ...options,
    });
    const onError = () => new Response(null, { status: 500 });
    const listen = { port: 0, hostname: "127.0.0.1", onListen() {}, onError };
    await using server = Deno.serve(listen, handler);
    const base = `http://127.0.0.1:${server.addr.port}`;
    await run({ target: `${base}/proxy?host=${urls}`, base, mirrors, log });
  });
}

function hasNoRequest(mirrors: readonly LabMirror[]): true | undefined {
  const all = mirrors.flatMap(({ requests }) => requests);
  return all.every(({ ended }) => ended !== undefined) || undefined;
}

async function underWay(base: string): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(/^sphttp_downloads_under_way (\d+)/m.exec(text)![1]);
}

Deno.test("/proxy: a client that disconnects during the probe ends the requests", async () => {
  await withProxy([{ faults: [SILENT] }], async ({ target, mirrors, log }) => {
    const client = new AbortController();
    const asked = fetch(target, { signal: client.signal }).catch(() => "left");
    await until(() => mirrors[0]!.requests.length > 0 || undefined);
    client.abort();
    assertEquals(await asked, "left");
    await until(() => hasNoRequest(mirrors));
    await until(() => log.length > 0 || undefined);
    assertEquals(log, [[499, "cancelled"]]);
  });
});

Deno.test("/proxy: another client waiting for the same probe still gets its result", async () => {
  const slow: Fault = { kind: "slow-headers", delayMs: 150 };
  await withProxy([{ faults: [slow] }], async ({ target, mirrors, log }) => {
    const client = new AbortController();
    const leaving = fetch(target, { method: "HEAD", signal: client.signal }).catch(() => "left");
    const staying = fetch(target, { method: "HEAD" });
    await until(() => mirrors[0]!.requests.length > 0 || undefined);
    client.abort();
    assertEquals(await leaving, "left");
    assertEquals((await staying).status, 200);
    assertEquals(mirrors[0]!.requests.filter(({ range }) => range!.start === 0).length, 1);
    await until(() => log.length === 2 || undefined);
    assertEquals(log.map(([, outcome]) => outcome).sort(), ["cancelled", "complete"]);
  });
});

for (const range of ["bytes=500000-", "bytes=500000-500009,700000-700009"]) {
  Deno.test(`/proxy: a client that disconnects before the first byte of a seek, ${range}`, async () => {
    await withProxy([{}], async ({ target, base, mirrors, log }) => {
      await fetch(target, { method: "HEAD" });
      mirrors[0]!.setFaults([SILENT]);
      const before = mirrors[0]!.requests.length;
      const client = new AbortController();
      const asked = fetch(target, { headers: { range }, signal: client.signal })
        .catch(() => "left");
      await until(() => mirrors[0]!.requests.length > before || undefined);
      client.abort();
      assertEquals(await asked, "left");
      await until(() => hasNoRequest(mirrors));
      await until(() => log.length > 1 || undefined);
      assertEquals(log, [[200, "complete"], [499, "cancelled"]]);
      assertEquals(await underWay(base), 0);
    });
  });
}

Deno.test("/proxy: a client that disconnects while the second of several ranges is opened", async () => {
  await withProxy([{}], async ({ target, base, mirrors, log }) => {
    const client = new AbortController();
    const headers = { range: "bytes=0-9,700000-700009" };
    await fetch(target, { method: "HEAD" });
    // Its headers arrive, its bytes never do.
    const before = mirrors[0]!.requests.length;
    mirrors[0]!.setFaults([{ ...SILENT, from: before + 1 }]);
    const reader = (await fetch(target, { headers, signal: client.signal })).body!.getReader();
    await until(() => mirrors[0]!.requests.length > before + 1 || undefined);
    client.abort();
    await reader.read().catch(() => {});
    await until(() => hasNoRequest(mirrors));
    await until(() => log.length > 1 || undefined);
    assertEquals(log[1], [206, "cancelled"]);
    assertEquals(await underWay(base), 0);
    mirrors[0]!.setFaults([]);
    // The only slot was released.
    assertEquals((await (await fetch(target)).bytes()).length, FILE.size);
  }, { maxDownloads: 1 });
});

Deno.test("/proxy: several ranges of which a later one fails abort and are logged", async () => {
  await withProxy([{}], async ({ target, mirrors, log }) => {
    const headers = { range: "bytes=0-9,700000-700009" };
    await fetch(target, { method: "HEAD" });
    const from = mirrors[0]!.requests.length + 1;
    mirrors[0]!.setFaults([{ kind: "status", status: 410, from }]);
    const response = await fetch(target, { headers });
    assertEquals(response.status, 206);
    let whole = true;
    await response.bytes().catch(() => whole = false);
    assert(!whole);
    await until(() => log.length > 1 || undefined);
    assertEquals(log[1], [206, "failed"]);
    mirrors[0]!.setFaults([]);
    assertEquals((await (await fetch(target)).bytes()).length, FILE.size);
  }, { maxDownloads: 1 });
});

Deno.test("/proxy: several ranges without memory or mirrors get an error status", async () => {
  // The first download cannot end, however late the second client comes.
  const lab = { bytesPerSecond: 300_000, silentAfter: 500_000 };
  await withProxy([lab], async ({ target, mirrors }) => {
    const headers = { range: "bytes=0-9,700000-700009" };
    const first = await fetch(target);
    const second = await fetch(target, { headers });
    assertEquals([second.status, second.headers.get("retry-after")], [503, "5"]);
    await second.body?.cancel();
    await first.body!.cancel();
    mirrors[0]!.setFaults([{ kind: "status", status: 410 }]);
    mirrors[0]!.setRate(undefined);
    for (let status = 503; status !== 410;) {
      const third = await fetch(target, { headers });
      await third.body?.cancel();
      status = third.status;
      assert(status === 410 || status === 503, `${status}`);
    }
  }, { maxDownloads: 1 });
});

Deno.test("/proxy: concurrent probes are limited like downloads", async () => {
  await withProxy([{ faults: [SILENT] }], async ({ target, base, mirrors }) => {
    const client = new AbortController();
    const asked = fetch(target, { signal: client.signal }).catch(() => "left");
    await until(() => mirrors[0]!.requests.length > 0 || undefined);
    const other = await fetch(`${target}%3Fother`);
    assertEquals([other.status, other.headers.get("retry-after")], [503, "5"]);
    await other.body?.cancel();
    const text = await (await fetch(`${base}/metrics`)).text();
    assert(text.includes('sphttp_downloads_total{outcome="refused"} 1'), text);
    client.abort();
    await asked;
    await until(() => hasNoRequest(mirrors));
  }, { maxDownloads: 1 });
});
