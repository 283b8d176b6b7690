import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { PieceDigests, piecesToCompare } from "../../../lib/cli/part/piece_digests.ts";
import { randomContent } from "../../support/lab/content.ts";
import { mulberry32 } from "../../support/random.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

Deno.test("PieceDigests digests pieces spread over the file, however the bytes arrive", async () => {
  const content = randomContent(5 * MIB);
  const random = mulberry32(7);
  for (const start of [0, 12_345]) {
    const digests = new PieceDigests(start, start);
    for (let at = start; at < content.size;) {
      const end = Math.min(content.size, at + 1 + Math.floor(random() * 200 * KIB));
      digests.update(content.read(at, end));
      at = end;
    }
    assertEquals(digests.position, content.size);
    const pieces = await digests.pieces();
    assertEquals(pieces.length, 5);
    for (const [index, piece] of pieces.entries()) {
      assertEquals([piece.start, piece.end], [
        start + index * MIB,
        start + index * MIB + 64 * KIB,
      ]);
      assertEquals(piece.sha256, sha256(content.read(piece.start, piece.end)));
    }
  }
});

Deno.test("PieceDigests keeps a bounded number of pieces, spread over a long file", async () => {
  const chunk = new Uint8Array(MIB);
  const digests = new PieceDigests(0, 0);
  for (let count = 0; count < 200; count++) digests.update(chunk);
  const pieces = await digests.pieces();
  assert(pieces.length <= 64 && pieces.length > 30, `${pieces.length}`);
  assertEquals(pieces[0]!.start, 0);
  assert(pieces.at(-1)!.end > 190 * MIB);
});

Deno.test("PieceDigests goes on behind recorded pieces, and drops those of bytes that are gone", async () => {
  const content = randomContent(4 * MIB);
  const first = new PieceDigests(0, 0);
  first.update(content.read(0, 2 * MIB + 100 * KIB));
  const recorded = await first.pieces();
  assertEquals(recorded.length, 3);
  // The part file is shorter than its record says: the last write did not reach the disk.
  const second = new PieceDigests(0, 2 * MIB, recorded);
  second.update(content.read(2 * MIB, 4 * MIB));
  const pieces = await second.pieces();
  assertEquals(pieces.map(({ start }) => start / MIB), [0, 1, 2, 3]);
  for (const { start, end, sha256: digest } of pieces) {
    assertEquals(digest, sha256(content.read(start, end)));
  }
});

Deno.test("piecesToCompare() covers a short part file, and samples a long one", () => {
  const random = mulberry32(3);
  for (const size of [0, 1, 64 * KIB, 64 * KIB + 1, 3 * MIB + 5, 8 * MIB]) {
    const pieces = piecesToCompare({ start: 7, end: 7 + size }, random);
    let at = 7;
    for (const { start, end } of pieces) {
      assertEquals(start, at);
      assert(end > start && end - start <= MIB);
      at = end;
    }
    assertEquals(at, 7 + size);
    assert(pieces.length <= 8);
  }
  const long = piecesToCompare({ start: 0, end: 5000 * MIB + 3 }, random);
  assertEquals(long.length, 8);
  assertEquals(long[0]!.start, 0);
  assertEquals(long.at(-1)!.end, 5000 * MIB + 3);
  assertEquals(new Set(long.map(({ start }) => start)).size, 8);
});
