import { assert, assertEquals } from "@std/assert";
import { countCells, layOut } from "../../../../../lib/proxy/page/source/live/cells.ts";
import type { Download } from "../../../../../lib/proxy/page/source/live/state.ts";

const LIMITS = { maxHeight: 200, maxPitch: 34, minPitch: 9 };

function download(changes: Partial<Download> = {}): Download {
  return {
    ...{ id: 1, start: 0, end: 1000, size: 1000, blockSize: 100, outcome: "running" },
    ...{ seconds: 1, rate: 30, front: 200, buffered: 100, perMirror: [] },
    ...changes,
  };
}

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
