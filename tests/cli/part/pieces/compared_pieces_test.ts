import { assert, assertEquals } from "@std/assert";
import { piecesToCompare } from "../../../../lib/cli/part/pieces/compared_pieces.ts";
import { mulberry32 } from "../../../support/random.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

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
