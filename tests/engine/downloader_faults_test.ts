import { assert, assertEquals } from "@std/assert";
import { DelayRequestAlgorithm, Downloader, DuplicateRequestAlgorithm } from "../../mod.ts";
import { download, FILE, IMPATIENT, QUICK, readToEnd, withMirrors } from "../support/download.ts";
import { LATE_BLOCK, onceLate } from "../support/held_mirrors.ts";
import type { Fault } from "../support/lab/faults.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";

const { ADAPTIVE: _, ...CLASSIC } = DelayRequestAlgorithm;

for (const delayRequest of Object.values(CLASSIC)) {
  for (const duplicateRequest of Object.values(DuplicateRequestAlgorithm)) {
    for (const closeBadConnections of duplicateRequest === "none" ? [false] : [false, true]) {
      const name = `${delayRequest} with ${duplicateRequest}` +
        (closeBadConnections ? ", bad connections closed" : "");
      Deno.test(`Downloader: ${name} gives the right file over the wire`, async () => {
        const links = [{}, { bytesPerSecond: 4e6, roundTripMs: 5 }, { bytesPerSecond: 1e6 }];
        await withMirrors(links, async (urls) => {
          const outcome = await download(urls, {
            delayRequest,
            duplicateRequest,
            closeBadConnections,
            splitSize: 20_000,
            invalidBlockThreshold: duplicateRequest === "none" ? undefined : 2,
            staticDelays: delayRequest === "static" ? { [urls[1]!]: 2, [urls[2]!]: 5 } : undefined,
          });
          assertEquals(outcome.error, undefined);
          assertEquals(outcome.sha256, FILE.sha256());
          const blocks = outcome.events.flatMap((one) => one.type === "receive" ? [one.block] : []);
          assertEquals(blocks.sort((a, b) => a - b), Array.from({ length: 51 }, (_, i) => i));
        });
      });
    }
  }
}

Deno.test("Downloader takes a caller's own algorithms", async () => {
  await withMirrors(LATE_BLOCK, async (urls, mirrors) => {
    const seen = { delay: 0, duplicate: 0 };
    const outcome = await download(urls, {
      stallTimeoutMs: 60_000,
      onEvent: onceLate(urls, mirrors),
      // The other one holds up the front.
      delayRequest: ({ mirror, left }) => (seen.delay++, mirror.url === urls[0] ? left - 1 : 0),
      duplicateRequest: () => (seen.duplicate++, true),
    });
    assertEquals(outcome.sha256, FILE.sha256());
    assert(seen.delay > 0 && seen.duplicate > 0);
  });
});

const faults: Record<string, Fault> = {
  "resets mid-body": { kind: "reset", afterBytes: 20_000 },
  "truncates every body": { kind: "truncate", afterBytes: 20_000 },
  "stalls mid-body": { kind: "stall", afterBytes: 20_000 },
  "stalls before headers": { kind: "stall", beforeHeaders: true },
  "refuses every connection": { kind: "refuse" },
  "answers 500": { kind: "status", status: 500 },
  "answers 503 with Retry-After": { kind: "status", status: 503, retryAfter: "1" },
  "answers 429 with Retry-After as a date": {
    kind: "status",
    status: 429,
    retryAfter: "Fri, 01 Jan 2100 00:00:00 GMT",
  },
  "answers 404": { kind: "status", status: 404 },
  "answers 404 with an HTML page": { kind: "status", status: 404, body: "<html>gone</html>" },
  "sends no Content-Range": { kind: "wrong-range", variant: "missing" },
  "sends another range": { kind: "wrong-range", variant: "shifted" },
  "sends another unit": { kind: "wrong-range", variant: "unit" },
  "sends an inverted range": { kind: "wrong-range", variant: "inverted" },
  "sends a multipart body": { kind: "wrong-range", variant: "multipart" },
  "gives another total": { kind: "wrong-range", variant: "total" },
  "compresses anyway": { kind: "compress" },
  "sends longer bodies": { kind: "longer", extraBytes: 777 },
  "sends shorter ranges": { kind: "shorter", bytes: 1777 },
  "has slow headers": { kind: "slow-headers", delayMs: 60 },
};

for (const [name, fault] of Object.entries(faults)) {
  for (const from of [0, 1, 2]) {
    const when = ["from the start", "after its probe", "later"][from];
    Deno.test(`Downloader: a mirror that ${name} ${when} is not noticed`, async () => {
      const mirrors: Partial<MirrorOptions>[] = [
        { faults: [{ ...fault, from }] },
        { bytesPerSecond: 6e6, roundTripMs: 2 },
        { bytesPerSecond: 6e6, roundTripMs: 2 },
      ];
      await withMirrors(mirrors, async (urls) => {
        const outcome = await download(urls);
        assertEquals(outcome.error, undefined);
        assertEquals(outcome.sha256, FILE.sha256());
      });
    });
  }
}

for (const [name, fault] of Object.entries(faults)) {
  const lasting = /404|429|no Content-Range|another|inverted|multipart|compresses/.test(name);
  if (lasting) continue;
  Deno.test(`Downloader: the only mirror ${name} twice, and is retried`, async () => {
    await withMirrors([{ faults: [{ ...fault, from: 1, count: 2 }] }], async (urls) => {
      const outcome = await download(urls, IMPATIENT);
      assertEquals(outcome.error, undefined);
      assertEquals(outcome.sha256, FILE.sha256());
    });
  });
}

Deno.test("Downloader waits as long as Retry-After says", async () => {
  const faults: Fault[] = [{ kind: "status", status: 429, retryAfter: "1", from: 3, count: 1 }];
  await withMirrors([{ faults }], async (urls, [mirror]) => {
    const outcome = await download(urls, { delayRequest: "diff" });
    assertEquals(outcome.sha256, FILE.sha256());
    const [refused, next] = [mirror!.requests[3]!, mirror!.requests[4]!];
    assert(next.atMs - refused.atMs >= 1000, `${next.atMs - refused.atMs} ms`);
  });
});

Deno.test("Downloader: one mirror after another dies, the last one finishes", async () => {
  const dying = (from: number): Partial<MirrorOptions> => ({ faults: [{ kind: "refuse", from }] });
  await withMirrors([dying(2), dying(4), { bytesPerSecond: 0 }], async (urls, [, , last]) => {
    const failed = new Set<string>();
    const downloader = new Downloader(urls, {
      ...QUICK,
      delayRequest: "normal",
      splitSize: 20_000,
      maxBlocksPerRequest: 1,
      retry: { attempts: 1 },
      onEvent: (event) => {
        if (event.type !== "failure") return;
        failed.add(event.mirror);
        // The last one says nothing until the others have died.
        if (failed.size === 2) last!.setRate(undefined);
      },
    });
    const { error, sha256 } = await readToEnd(downloader);
    assertEquals([error, sha256], [undefined, FILE.sha256()]);
    assertEquals([...failed].sort(), urls.slice(0, 2).sort());
  });
});
