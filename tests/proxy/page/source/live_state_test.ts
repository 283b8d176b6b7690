import { assert, assertEquals } from "@std/assert";
import type { LiveDownload, LiveMessage } from "../../../../lib/proxy/observe/live_message.ts";
import {
  countCells,
  layOut,
  LiveState,
  sizeOf,
} from "../../../../lib/proxy/page/source/live_state.ts";

const MIRRORS = ["https://a.example", "https://b.example:8080"];
const IDLE = { state: "idle", bytesPerSecond: 0, bytes: 0, failures: 0 } as const;

function download(changes: Partial<LiveDownload> = {}): LiveDownload {
  return {
    ...{ id: 1, start: 0, end: 1000, size: 1000, blockSize: 100, outcome: "running" },
    ...{ elapsedMs: 1000, bytesPerSecond: 30, front: 200, buffered: 100 },
    perMirror: [{ ...IDLE, state: "busy", bytesPerSecond: 20, bytes: 300 }, {
      ...IDLE,
      failures: 2,
    }],
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
  assertEquals(state.mirrorFigures(0), {
    state: "busy",
    bytesPerSecond: 20,
    bytes: 600,
    failures: 0,
  });
  assertEquals(state.mirrorFigures(1).failures, 4);
  assertEquals(state.latest, { atMs: 0, rates: [20, 0], total: 30 });
  state.merge(message([download({ outcome: "cancelled" })]), 1);
  assertEquals(state.mirrorFigures(0), {
    state: "idle",
    bytesPerSecond: 0,
    bytes: 600,
    failures: 0,
  });
  assertEquals(state.isRunning, false);
});

Deno.test("LiveState keeps a little more than a minute of rates", () => {
  const state = new LiveState();
  for (let atMs = 0; atMs <= 70_000; atMs += 1000) state.merge(message([download()]), atMs);
  assertEquals([state.history[0]!.atMs, state.latest.atMs], [8000, 70_000]);
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

const LIMITS = { maxHeight: 200, maxPitch: 34, minPitch: 9 };

Deno.test("layOut() gives every block a large cell where there is room", () => {
  const grid = layOut(download(), 340, LIMITS);
  assertEquals(grid, { bytes: 100, origin: 0, count: 10, columns: 10, rows: 1, pitch: 34 });
});

Deno.test("layOut() stays within the height for any size and width", () => {
  for (const size of [1, 99, 1e4, 1e6, 1e9]) {
    for (const width of [9, 40, 360, 1000]) {
      for (const start of [0, 250]) {
        const grid = layOut(download({ start, end: size, size }), width, LIMITS);
        const name = `${size} ${width} ${start}`;
        assert(grid.rows * grid.pitch <= LIMITS.maxHeight, name);
        assert(grid.columns * grid.pitch <= Math.max(width, grid.pitch), name);
        assert(grid.origin <= 0 && grid.origin + grid.count * grid.bytes >= size, name);
        assertEquals(grid.bytes % 100, 0, name);
      }
    }
  }
});

Deno.test("countCells() counts blocks by mirror, before and ahead of the front", () => {
  const one = download({ front: 200 });
  const grid = { ...layOut(one, 340, LIMITS), bytes: 500, count: 2 };
  const cells = countCells(one, grid, new Uint16Array([1, 2, 1, 0, 0]), 2);
  assertEquals(cells, [
    { blocks: 5, pieces: new Uint32Array([1, 1, 1, 0]) },
    { blocks: 5, pieces: undefined },
  ]);
});

Deno.test("countCells() leaves cells outside the download's range empty", () => {
  const part = download({ start: 250, end: 600, front: 250 });
  const grid = layOut(part, 374, LIMITS);
  assertEquals([grid.origin, grid.count], [-50, 11]);
  const blocks = countCells(part, grid, new Uint16Array(), 1).map(({ blocks }) => blocks);
  assertEquals(blocks, [0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
});
