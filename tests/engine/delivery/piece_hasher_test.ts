import { assertEquals } from "@std/assert";
import { PieceHasher } from "../../../lib/engine/delivery/piece_hasher.ts";
import { sha256Of } from "../../../lib/hashing/platform_hash.ts";

const LENGTH = 1000;

function piece(index: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(LENGTH).fill(index);
}

Deno.test("PieceHasher: pieces have the same digests before, on and after a thread", async () => {
  const hasher = new PieceHasher({ algorithm: "sha-256", total: Infinity, threadAfter: LENGTH });
  const hash = async (index: number) => {
    const { digest, memory } = await hasher.digest(piece(index));
    assertEquals([digest, memory], [await sha256Of(piece(index)), piece(index)]);
  };
  assertEquals(hasher.mostAtOnce, 1);
  await hash(0);
  // The thread takes a while to start.
  while (hasher.mostAtOnce === 1 && navigator.hardwareConcurrency > 1) await hash(1);
  await Promise.all([hash(2), hash(3)]);
  // Several parts of a download may end it.
  await Promise.all([hasher.close(), hasher.close()]);
  assertEquals(hasher.mostAtOnce, 1);
  await hash(4);
});

Deno.test("PieceHasher: a few bytes are not worth a thread, nor is it near the end", async () => {
  const hasher = new PieceHasher({
    algorithm: "sha-1",
    total: 3 * LENGTH,
    threadAfter: 2 * LENGTH,
  });
  for (let index = 0; index < 3; index++) await hasher.digest(piece(index));
  assertEquals(hasher.mostAtOnce, 1);
  await hasher.close();
});
