import { assert, assertEquals } from "@std/assert";
import { Downloader, MirrorBook } from "../../mod.ts";
import { randomContent } from "../support/lab/content.ts";
import type { Fault } from "../support/lab/mirror_lab.ts";
import { download, FILE, QUICK, withMirrors } from "../support/download.ts";

/** Every request but the first is refused. */
const ONCE: Fault = { kind: "status", status: 403, from: 1 };

Deno.test("Downloader: a link that is good for one request brings the file", async () => {
  await withMirrors([{ faults: [ONCE] }], async (urls, [mirror]) => {
    const { sha256, error, stats } = await download(urls);
    assertEquals([sha256, error], [FILE.sha256(), undefined]);
    assertEquals(mirror!.requests.length, 1);
    assertEquals([stats.mirrors[0]!.requests, stats.mirrors[0]!.wastedBytes], [1, 0]);
  });
});

Deno.test("Downloader: a range of a file, and its rest, are one request, too", async () => {
  await withMirrors([{ faults: [ONCE] }], async (urls, [mirror]) => {
    const part = await download(urls, { range: { start: 1000, end: 500_000 } });
    assertEquals([part.bytes, part.error], [499_000, undefined]);
    assertEquals(mirror!.requests.length, 1);
    mirror!.setFaults([{ ...ONCE, from: 2 }]);
    const rest = await download(urls, { range: { start: 700_000 } });
    assertEquals([rest.bytes, rest.error], [FILE.size - 700_000, undefined]);
    assertEquals(mirror!.requests.length, 2);
  });
});

Deno.test("Downloader: a mirror without ranges is asked once, too", async () => {
  for (const unknownLength of [undefined, "chunked"] as const) {
    const mirror = { ranges: false, unknownLength, faults: [ONCE] };
    await withMirrors([mirror as Parameters<typeof withMirrors>[0][0]], async (urls, [mirror]) => {
      const { sha256, error } = await download(urls);
      assertEquals([sha256, error], [FILE.sha256(), undefined]);
      assertEquals(mirror!.requests.length, 1);
    });
  }
});

Deno.test("Downloader: a lone mirror whose connections break goes on where it broke", async () => {
  const faults: Fault[] = [{ kind: "reset", afterBytes: 200_000 }];
  await withMirrors([{ faults }], async (urls, [mirror]) => {
    const { sha256, error } = await download(urls);
    assertEquals([sha256, error], [FILE.sha256(), undefined]);
    assert(mirror!.requests.length <= 20, `${mirror!.requests.length} requests`);
  });
});

Deno.test("Downloader: what a known file was learned from is asked for all that is wanted at once", async () => {
  await withMirrors([{}], async (urls, [mirror]) => {
    const first = new Downloader(urls, QUICK);
    for await (const _ of first);
    const before = mirror!.requests.length;
    const { sha256 } = await download(urls, { knownFile: first.knownFile! });
    assertEquals([sha256, mirror!.requests.length - before], [FILE.sha256(), 1]);
  });
});

const LONG = randomContent(20_000_000, 5);

Deno.test("Downloader: a stream is read only as far as the consumer makes room", async () => {
  await withMirrors([{ content: LONG }], async (urls, [mirror]) => {
    const book = new MirrorBook();
    const windowSize = 400_000;
    const running = new Downloader(urls, { ...QUICK, windowSize, book });
    await running.open();
    let bytes = 0;
    let most = 0;
    for await (const part of running) {
      bytes += part.byteLength;
      most = Math.max(most, running.stats().bufferedBytes);
      // A consumer that is slower than the link.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assertEquals([bytes, mirror!.requests.length], [LONG.size, 1]);
    assert(most <= windowSize, `${most} bytes`);
  });
});

const BROKEN: [name: string, connections: number | undefined, mostRequests: number][] = [
  // The rest, and perhaps a check of its bytes.
  ["one lane", 2, 3],
  // Where bytes pause, as on a busy machine, lanes share the rest in ranges that fit into the window.
  ["as many lanes as are of use", undefined, Infinity],
];

/** Where no byte has come between so many looks, none is on its way, however slow the machine. */
const STILL_LOOKS = 20;

for (const [name, maxConnectionsPerMirror, mostRequests] of BROKEN) {
  Deno.test(`Downloader: a stream that breaks while the consumer pauses is asked for again: ${name}`, async () => {
    await withMirrors([{ content: LONG }], async (urls, [mirror]) => {
      const running = new Downloader(urls, {
        ...QUICK,
        windowSize: 400_000,
        maxConnectionsPerMirror,
        retry: { ...QUICK.retry, attempts: 1 },
      });
      const iterator = running[Symbol.asyncIterator]();
      let bytes = (await iterator.next()).value!.byteLength;
      // Until nothing is read any more: to a body that is being read, the end of its connection is a failure.
      let held = 0;
      for (let looks = 0; looks < STILL_LOOKS; looks++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        const { bufferedBytes } = running.stats();
        if (bufferedBytes < 300_000 || bufferedBytes > held) looks = 0;
        held = bufferedBytes;
      }
      mirror!.resetConnections();
      await new Promise((resolve) => setTimeout(resolve, 1100));
      for (let next; !(next = await iterator.next()).done;) bytes += next.value.byteLength;
      assertEquals(bytes, LONG.size);
      assert(mirror!.requests.length <= mostRequests, `${mirror!.requests.length} requests`);
      assertEquals(running.stats().mirrors[0]!.failures, 0);
    });
  });
}

Deno.test("Downloader: leaving a stream in the middle leaves nothing behind", async () => {
  await withMirrors([{ content: LONG, bytesPerSecond: 20e6 }], async (urls, [mirror]) => {
    for await (const _ of new Downloader(urls, QUICK)) break;
    while (mirror!.openConnections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(mirror!.requests.length, 1);
  });
});
