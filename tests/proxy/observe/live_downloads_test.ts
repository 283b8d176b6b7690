import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BlockRecord,
  LiveDownloads,
  RateMeter,
} from "../../../lib/proxy/observe/live_downloads.ts";
import type { DownloadStats, MirrorStats, TraceEvent } from "../../../mod.ts";

const MIRRORS = ["http://a.test/f", "http://b.test/f"];
const SILENT = { sent: () => {}, ended: () => {} };

function stats(consumedBytes = 0): DownloadStats {
  const mirrors = MIRRORS.map((url) => ({
    url,
    state: "ready",
    rate: 0,
    bytes: 0,
    wastedBytes: 0,
    failures: 0,
  }));
  return {
    bufferedBytes: 0,
    consumedBytes,
    elapsedMs: 1000.12345,
    bytesPerSecond: 0,
    mirrors,
  } as never;
}

const FACTS = { stats: () => stats(), start: 0, end: 1000, size: 1000, blockSize: 100 };

function receive(block: number, mirror: string): TraceEvent {
  return { type: "receive", atMs: 0, block, mirror } as never;
}

const nothing = () => [];

Deno.test("BlockRecord keeps each block once, in the order of completion", () => {
  const record = new BlockRecord(5);
  for (const [block, mirror] of [[3, 1], [0, 0], [3, 0], [9, 1]]) {
    record.add(block!, mirror!, nothing);
  }
  assertEquals([record.length, record.blocksPerCell], [2, 1]);
  assertEquals([...record.since(0)], [[3, 1], [0, 0]]);
  assertEquals([...record.since(1)], [[0, 0]]);
});

Deno.test("BlockRecord joins neighbouring blocks of a large file to cells", () => {
  const blocks = 16 * 1024 * 100 - 1;
  const record = new BlockRecord(blocks);
  assertEquals(record.blocksPerCell, 100);
  for (let block = 0; block < 99; block++) record.add(block, 0, nothing);
  assertEquals(record.length, 0);
  record.add(99, 1, nothing);
  assertEquals([...record.since(0)], [[0, 1]]);
  // The last cell has one block less.
  for (let block = blocks - 99; block < blocks; block++) record.add(block, 2, nothing);
  assertEquals([...record.since(1)], [[16 * 1024 - 1, 2]]);
  const unknown = new BlockRecord(0);
  unknown.add(7, 1, nothing);
  unknown.add(1e9, 1, nothing);
  assertEquals([...unknown.since(0)], [[7, 1]]);
});

Deno.test("BlockRecord shows each mirror's share, though one of them ends every block", () => {
  const record = new BlockRecord(35);
  const used = [0, 0, 0];
  for (let block = 0; block < 35; block++) {
    for (const [mirror, bytes] of [20, 10, 5].entries()) {
      record.request(block, mirror);
      used[mirror]! += bytes;
    }
    record.add(block, 0, () => used);
  }
  const counts = [0, 0, 0];
  for (const [, mirror] of record.since(0)) counts[mirror]! += 1;
  assertEquals(counts, [20, 10, 5]);
});

Deno.test("BlockRecord gives a block only to mirrors that it was requested from", () => {
  const record = new BlockRecord(2);
  record.request(0, 1);
  record.add(0, 1, () => [900, 100]);
  record.request(1, 0);
  record.request(1, 1);
  record.add(1, 1, () => [900, 200]);
  assertEquals([...record.since(0)], [[0, 1], [1, 0]]);
});

Deno.test("LiveDownloads keeps the last statistics of a download that has ended", async () => {
  const live = new LiveDownloads({ periodMs: 1 });
  let consumed = 5;
  let asked = 0;
  const download = live.add(MIRRORS, { ...FACTS, stats: () => (asked++, stats(consumed)) });
  download.record(receive(4, MIRRORS[1]!));
  download.record({ type: "end", atMs: 1000, outcome: "complete" } as never);
  consumed = 1000;
  download.finish();
  const before = asked;
  const reader = live.watch(MIRRORS, SILENT).body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  const { downloads, blocks } = JSON.parse(/^data:(.*)$/m.exec(value!)![1]!);
  const [{ front, outcome, elapsedMs }] = downloads;
  assertEquals([front, outcome, elapsedMs], [1000, "complete", 1000.123]);
  assertEquals([blocks, asked], [[[1, 4, 1]], before]);
  await reader.cancel();
});

Deno.test("LiveDownloads shows blocks by the bytes used of each mirror", async () => {
  const [one, other] = stats().mirrors as [MirrorStats, MirrorStats];
  const mirrors = [{ ...one, bytes: 80 }, { ...other, bytes: 500, wastedBytes: 480 }];
  const live = new LiveDownloads({ periodMs: 1 });
  const download = live.add(MIRRORS, { ...FACTS, stats: () => ({ ...stats(), mirrors }) });
  for (const mirror of MIRRORS) download.record({ ...receive(4, mirror), type: "send" } as never);
  download.record(receive(4, MIRRORS[1]!));
  const reader = live.watch(MIRRORS, SILENT).body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  assertEquals(JSON.parse(/^data:(.*)$/m.exec(value!)![1]!).blocks, [[1, 4, 0]]);
  await reader.cancel();
});

Deno.test("LiveDownloads sends comments while nothing happens", async () => {
  const live = new LiveDownloads({ periodMs: 1, keepAliveMs: 5 });
  const response = live.watch(MIRRORS, SILENT);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const texts = [(await reader.read()).value!, (await reader.read()).value!];
  assert(texts[0]!.startsWith("event:state\n"), texts[0]);
  assertEquals(texts[1], ":\n\n");
  await reader.cancel();
});

Deno.test("LiveDownloads.watch() limits the number of watchers", async () => {
  const live = new LiveDownloads({ maxWatchers: 2 });
  const left = Promise.withResolvers<void>();
  const one = live.watch(MIRRORS, { ...SILENT, ended: () => left.resolve() });
  const two = live.watch(MIRRORS, SILENT);
  assertThrows(() => live.watch(MIRRORS, SILENT), Error, "too many clients are watching");
  await one.body!.cancel();
  await left.promise;
  const three = live.watch(MIRRORS, SILENT);
  await Promise.all([two, three].map(({ body }) => body!.cancel()));
});

Deno.test("LiveDownloads: a download is complete when its client has everything", async () => {
  const live = new LiveDownloads({ periodMs: 1 });
  let consumed = 500;
  const download = live.add(MIRRORS, { ...FACTS, stats: () => stats(consumed) });
  download.record({ type: "end", atMs: 1000, outcome: "complete" } as never);
  const reader = live.watch(MIRRORS, SILENT).body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => {
    const { value } = await reader.read();
    const [{ front, outcome }] = JSON.parse(/^data:(.*)$/m.exec(value!)![1]!).downloads;
    return [front, outcome];
  };
  assertEquals(await next(), [500, "running"]);
  consumed = 1000;
  download.finish();
  let last = await next();
  while (last[1] === "running") last = await next();
  assertEquals(last, [1000, "complete"]);
  await reader.cancel();
});

Deno.test("RateMeter measures the last second by mirror", () => {
  const meter = new RateMeter();
  assertEquals(meter.rates(0, [0, 0]), [0, 0]);
  assertEquals(meter.rates(500, [1000, 50]), [2000, 100]);
  // Samples in quick succession change nothing.
  assertEquals(meter.rates(501, [1002, 50]).map(Math.round), [2000, 100]);
  assertEquals(meter.rates(1000, [2000, 100]), [2000, 100]);
  assertEquals(meter.rates(1500, [2000, 1100]), [1000, 1050]);
  assertEquals(meter.rates(2500, [2000, 1100]), [0, 0]);
});
