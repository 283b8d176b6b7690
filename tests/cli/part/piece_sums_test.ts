import { assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";
import { PieceSums } from "../../../lib/cli/part/piece_sums.ts";
import { randomContent } from "../../support/lab/content.ts";
import { mulberry32 } from "../../support/random.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const content = randomContent(5 * MIB + 777);

/** Asserts that pieces follow each other from `start` to `end`, and have the right sums. */
function assertCovers(
  pieces: Awaited<ReturnType<PieceSums["pieces"]>>,
  start: number,
  end: number,
) {
  let at = start;
  for (const piece of pieces) {
    assertEquals(piece.start, at);
    assertEquals(piece.crc32, crc32(content.read(piece.start, piece.end)));
    at = piece.end;
  }
  assertEquals(at, end);
}

Deno.test("PieceSums sums up every byte, however the bytes arrive", async () => {
  const random = mulberry32(7);
  for (const start of [0, 12_345]) {
    const sums = new PieceSums(start, content.size);
    for (let at = start; at < content.size;) {
      const end = Math.min(content.size, at + 1 + Math.floor(random() * 200 * KIB));
      sums.update(content.read(at, end));
      at = end;
      if (random() < 0.1) assertCovers(await sums.pieces(), start, at);
    }
    assertEquals(sums.position, content.size);
    assertCovers(await sums.pieces(), start, content.size);
  }
});

Deno.test("PieceSums goes on behind recorded pieces, and drops those of bytes that are gone", async () => {
  const first = new PieceSums(0, content.size);
  first.update(content.read(0, 2 * MIB + 100 * KIB));
  const recorded = await first.pieces();
  assertEquals(recorded.map(({ end }) => end), [MIB, 2 * MIB, 2 * MIB + 100 * KIB]);
  // The part file is shorter than its record says: the last write did not reach the disk.
  const second = new PieceSums(2 * MIB, content.size, recorded);
  second.update(content.read(2 * MIB, 4 * MIB));
  assertCovers(await second.pieces(), 0, 4 * MIB);
});

Deno.test("PieceSums has longer pieces where the file would have too many", async () => {
  const sums = new PieceSums(0, 2 ** 40);
  sums.update(new Uint8Array(3 * MIB));
  assertEquals((await sums.pieces()).map(({ end }) => end), [3 * MIB]);
});
