import { assertEquals } from "@std/assert";
import type { LiveDownload, LiveMessage } from "../../../../../lib/proxy/observe/live_message.ts";
import { LiveState, sizeOf } from "../../../../../lib/proxy/page/source/live/state.ts";

const MIRRORS = ["https://a.example", "https://b.example:8080"];
const IDLE = { state: "idle", rate: 0, bytes: 0, failures: 0 } as const;

function download(changes: Partial<LiveDownload> = {}): LiveDownload {
  return {
    ...{ id: 1, start: 0, end: 1000, size: 1000, blockSize: 100, outcome: "running" },
    ...{ seconds: 1, rate: 30, front: 200, buffered: 100 },
    perMirror: [{ ...IDLE, state: "busy", rate: 20, bytes: 300 }, { ...IDLE, failures: 2 }],
    ...changes,
  };
}

function message(downloads: LiveDownload[], blocks: LiveMessage["blocks"] = []): LiveMessage {
  return { mirrors: MIRRORS, downloads, blocks };
}

Deno.test("LiveState puts running downloads first, then the newest", () => {
  const state = new LiveState();
  assertEquals(state.merge(message([download()]), 0), true);
  const second = download({ id: 2, outcome: "complete" });
  assertEquals(state.merge(message([download(), second, download({ id: 3 })]), 1), false);
  assertEquals(state.downloads.map(({ id }) => id), [3, 1, 2]);
});

Deno.test("LiveState keeps six downloads, those that are no longer sent too", () => {
  const state = new LiveState();
  for (let id = 1; id <= 8; id++) {
    state.merge(message([download({ id, outcome: id % 2 === 0 ? "complete" : "running" })]), id);
  }
  const kept = state.downloads.map(({ id, outcome }) => [id, outcome]);
  assertEquals(kept.slice(0, 2), [[8, "complete"], [7, "ended"]]);
  assertEquals(kept.length, 6);
});

Deno.test("LiveState keeps the owners of blocks for as long as the download", () => {
  const state = new LiveState();
  state.merge(message([download()], [[1, 0, 0], [1, 600, 1], [9, 0, 0]]), 0);
  const [main] = state.downloads;
  const owners = state.ownersOf(main!);
  assertEquals([owners[0], owners[1], owners[600]], [1, 0, 2]);
  state.restart();
  assertEquals(state.ownersOf(main!).length, 0);
});

Deno.test("LiveState tells apart more than 255 mirrors", () => {
  const state = new LiveState();
  state.merge(message([download()], [[1, 0, 299]]), 0);
  assertEquals(state.ownersOf(state.downloads[0]!)[0], 300);
});

Deno.test("LiveState adds up a mirror's bytes, and its rate while downloads run", () => {
  const state = new LiveState();
  state.merge(message([download(), download({ id: 2, outcome: "complete" })]), 0);
  assertEquals(state.mirrorFigures(0), { state: "busy", rate: 20, bytes: 600, failures: 0 });
  assertEquals(state.mirrorFigures(1).failures, 4);
  assertEquals(state.latest, { at: 0, rates: [20, 0], total: 30 });
  state.merge(message([download({ outcome: "cancelled" })]), 1);
  assertEquals(state.mirrorFigures(0), { state: "idle", rate: 0, bytes: 600, failures: 0 });
  assertEquals(state.isRunning, false);
});

Deno.test("LiveState keeps a little more than a minute of rates", () => {
  const state = new LiveState();
  for (let at = 0; at <= 70_000; at += 1000) state.merge(message([download()]), at);
  assertEquals([state.history[0]!.at, state.latest.at], [8000, 70_000]);
});

Deno.test("LiveState starts its history anew with other mirrors", () => {
  const state = new LiveState();
  state.merge(message([download()]), 0);
  assertEquals(state.merge({ ...message([download()]), mirrors: ["http://c.example"] }, 1), true);
  assertEquals(state.history.length, 1);
});

Deno.test("mirrorNames are hosts, and origins with a number where hosts are the same", () => {
  const state = new LiveState();
  const mirrors = [...MIRRORS, "http://a.example"];
  state.merge({ mirrors, downloads: [], blocks: [] }, 0);
  assertEquals(state.mirrorNames, ["1: a.example", "b.example:8080", "3: a.example"]);
});

Deno.test("sizeOf() falls back to what is known", () => {
  const sizes = [{}, { size: 0 }, { size: 0, end: 0 }, { size: 0, end: 0, front: 0, buffered: 0 }];
  assertEquals(sizes.map((changes) => sizeOf(download(changes))), [1000, 1000, 300, 1]);
});
