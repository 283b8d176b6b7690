import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BUFFER_SIZES } from "../../../lib/transport/responses/body.ts";
import { BufferPool } from "../../../lib/transport/responses/buffer_pool.ts";

Deno.test("BufferPool gives a buffer again that is not used any more", () => {
  const pool = new BufferPool(100);
  const first = pool.take(100);
  assertEquals(first.byteLength, 100);
  assertNotStrictEquals(pool.take(100), first);
  pool.give(first);
  assertStrictEquals(pool.take(80), first);
  assertNotStrictEquals(pool.take(80), first);
});

Deno.test("BufferPool keeps large buffers from small uses, and those of other sizes out", () => {
  const pool = new BufferPool(100);
  pool.give(pool.take(100));
  assertEquals([pool.take(50).byteLength, pool.take(101).byteLength], [50, 101]);
  assertEquals(pool.take(51).byteLength, 100);
  const odd = new ArrayBuffer(99);
  pool.give(odd);
  assertNotStrictEquals(pool.take(51), odd);
});

Deno.test("BufferPool keeps buffers of several sizes apart", () => {
  const pool = new BufferPool(10, 100);
  const [small, large] = [pool.take(10), pool.take(100)];
  pool.give(large);
  pool.give(small);
  assertStrictEquals(pool.take(6), small);
  assertStrictEquals(pool.take(60), large);
  assertEquals([pool.take(11).byteLength, pool.take(5).byteLength], [11, 5]);
});

Deno.test("BufferPool.close() frees the buffers, also those that come later", () => {
  const pool = new BufferPool(10);
  const [one, other] = [pool.take(10), pool.take(10)];
  pool.give(one);
  pool.close();
  pool.give(other);
  assert(![one, other].includes(pool.take(10)));
});

Deno.test("BufferPool keeps a buffer once, however often it is added", () => {
  const pool = new BufferPool(10);
  const buffer = pool.take(10);
  pool.give(buffer);
  pool.give(buffer);
  assertStrictEquals(pool.take(10), buffer);
  assertNotStrictEquals(pool.take(10), buffer);
});

Deno.test("BufferPool keeps a few buffers only", () => {
  const pool = new BufferPool(10);
  const given = Array.from({ length: 100 }, () => new ArrayBuffer(10));
  for (const buffer of given) pool.give(buffer);
  const taken = Array.from({ length: 100 }, () => pool.take(10));
  const again = taken.filter((buffer) => given.includes(buffer)).length;
  assertEquals(again, 64);
});

Deno.test("BufferPool of the sizes for bodies has a buffer again for any chunk but the small ones", () => {
  for (const wanted of [33_000, 65_536, 70_000, 131_072, 200_000, 262_143, 300_000, 524_288]) {
    const pool = new BufferPool(...BUFFER_SIZES);
    const buffer = pool.take(wanted);
    pool.give(buffer);
    assertStrictEquals(pool.take(wanted), buffer);
  }
});
