import { assert, assertEquals, assertThrows } from "@std/assert";
import { BlockRecord, LiveDownloads } from "../../../lib/proxy/observe/live_downloads.ts";
import type { DownloadStats, TraceEvent } from "../../../mod.ts";

const MIRRORS = ["http://a.test/f", "http://b.test/f"];
const SILENT = { sent: () => {}, ended: () => {} };

function stats(consumedBytes = 0): DownloadStats {
  const mirrors = MIRRORS.map((url) => ({ url, state: "ready", rate: 0, bytes: 0, failures: 0 }));
  return { bufferedBytes: 0, consumedBytes, elapsedMs: 1000, bytesPerSecond: 0, mirrors } as never;
}

const FACTS = { stats: () => stats(), start: 0, end: 1000, size: 1000, blockSize: 100 };

function receive(block: number, mirror: string): TraceEvent {
  return { type: "receive", atMs: 0, block, mirror } as never;
}

Deno.test("BlockRecord keeps each block once, in the order of completion", () => {
  const record = new BlockRecord(5);
  for (const [block, mirror] of [[3, 1], [0, 0], [3, 0], [9, 1]]) record.add(block!, mirror!);
  assertEquals([record.length, record.blocksPerCell], [2, 1]);
  assertEquals([...record.since(0)], [[3, 1], [0, 0]]);
  assertEquals([...record.since(1)], [[0, 0]]);
});

Deno.test("BlockRecord joins neighbouring blocks of a large file to cells", () => {
  const blocks = 16 * 1024 * 100 - 1;
  const record = new BlockRecord(blocks);
  assertEquals(record.blocksPerCell, 100);
  for (let block = 0; block < 99; block++) record.add(block, 0);
  assertEquals(record.length, 0);
  record.add(99, 1);
  assertEquals([...record.since(0)], [[0, 1]]);
  // The last cell has one block less.
  for (let block = blocks - 99; block < blocks; block++) record.add(block, 2);
  assertEquals([...record.since(1)], [[16 * 1024 - 1, 2]]);
  const unknown = new BlockRecord(0);
  unknown.add(7, 1);
  unknown.add(1e9, 1);
  assertEquals([...unknown.since(0)], [[7, 1]]);
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
  assertEquals([downloads[0].front, downloads[0].outcome], [1000, "complete"]);
  assertEquals([blocks, asked], [[[1, 4, 1]], before]);
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
