import { assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";
import { PieceSums, verifySums } from "../../../../lib/cli/part/pieces/piece_sums.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { mulberry32 } from "../../../support/random.ts";

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

/** Verifies the first bytes of the content, changed by `edit`, of which the first `summed` are recorded. */
async function verify(edit: (bytes: Uint8Array) => void, summed: number | undefined) {
  const bytes = content.read(0, 2 * MIB + 300 * KIB).slice();
  const sums = new PieceSums(0, content.size);
  sums.update(bytes.slice(0, summed ?? 0));
  const recorded = summed === undefined ? undefined : await sums.pieces();
  edit(bytes);
  async function* read({ start, end }: { start: number; end: number }) {
    // As a file may be read, in parts of any length.
    for (let at = start; at < end; at += 70_001) {
      yield bytes.slice(at, Math.min(end, at + 70_001));
    }
  }
  return await verifySums({ start: 0, end: bytes.byteLength, read }, recorded, () => {});
}

Deno.test("verifySums() gives up bytes from a block on that did not reach the disk", async () => {
  const lose = (...blocks: number[]) => (bytes: Uint8Array) => {
    for (const block of blocks) bytes.fill(0, block * 4 * KIB, (block + 1) * 4 * KIB);
  };
  const endOf = async (...args: Parameters<typeof verify>) => {
    const found = await verify(...args);
    if ("differsAt" in found) return `differs at ${found.differsAt}`;
    assertCovers(found.pieces, 0, found.end);
    return found.end;
  };
  const all = 2 * MIB + 300 * KIB;
  assertEquals(await endOf(lose(), 2 * MIB), all);
  // Behind the recorded pieces, and within one.
  assertEquals(await endOf(lose(530, 520, 540), 2 * MIB), 520 * 4 * KIB);
  assertEquals(await endOf(lose(512), 2 * MIB), 2 * MIB);
  assertEquals(await endOf(lose(100), 100 * 4 * KIB), 100 * 4 * KIB);
  assertEquals(await endOf(lose(300, 530), 2 * MIB), MIB);
  // A block of which the first bytes are recorded, and the last block, which is short.
  assertEquals(await endOf((bytes) => bytes.fill(0, MIB + 100, MIB + 4096), MIB + 100), MIB + 100);
  assertEquals(await endOf((bytes) => bytes.fill(0, all - 4096), 2 * MIB), all - 4096);
  // What was changed is no loss, nor are zeros of a file that has no record.
  assertEquals(await endOf((bytes) => bytes[MIB + 5]! ^= 1, 2 * MIB), `differs at ${MIB}`);
  const found = await verify(lose(10), undefined);
  assertEquals("end" in found && found.end, all);
});

Deno.test("verifySums() keeps zeros that were received", async () => {
  const sums = new PieceSums(0, 2 * MIB);
  sums.update(new Uint8Array(2 * MIB));
  const recorded = await sums.pieces();
  async function* read({ start, end }: { start: number; end: number }) {
    yield new Uint8Array(end - start);
  }
  const found = await verifySums({ start: 0, end: 2 * MIB, read }, recorded, () => {});
  assertEquals(found, { pieces: recorded, end: 2 * MIB });
});

Deno.test("verifySums() tells how much it has read, whether the bytes have a record or not", async () => {
  const sums = new PieceSums(7, content.size);
  sums.update(content.read(7, 7 + MIB));
  const end = 7 + 4 * MIB;
  const range = { start: 7, end };
  async function* read({ start, end }: { start: number; end: number }) {
    for (let at = start; at < end; at += 256 * KIB) {
      yield content.read(at, Math.min(end, at + 256 * KIB)).slice();
    }
  }
  const every = Array.from({ length: 16 }, (_, index) => (index + 1) / 16);
  for (const recorded of [undefined, await sums.pieces()]) {
    const shares: number[] = [];
    await verifySums({ ...range, read }, recorded, (share) => shares.push(share));
    assertEquals(shares, every);
  }
});
