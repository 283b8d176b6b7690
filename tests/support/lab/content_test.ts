import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { bytesContent, otherContent, randomContent, resizedContent } from "./content.ts";

function differing(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((count, byte, i) => count + (byte === b[i] ? 0 : 1), 0);
}

Deno.test("randomContent() returns the same bytes for every way of reading", () => {
  const size = 2_500_001;
  const whole = randomContent(size).read(0, size);
  const again = randomContent(size, 1);
  for (const piece of [1, 1460, 65_536, 1_048_573, 1_048_574, 2_000_000]) {
    const last = Math.min(size, 3 * piece);
    for (let at = 0; at < last; at += piece) {
      const end = Math.min(size, at + piece);
      assertEquals(differing(again.read(at, end), whole.subarray(at, end)), 0, `piece of ${piece}`);
    }
  }
});

Deno.test("randomContent() of another seed differs in nearly every byte", () => {
  for (const seed of [0, 2, 3, 1000, -1]) {
    const a = randomContent(100_000, 1).read(0, 100_000);
    const b = randomContent(100_000, seed).read(0, 100_000);
    assert(differing(a, b) > 99_000, `seed ${seed}`);
  }
});

Deno.test("randomContent() does not repeat itself at multiples of a block", () => {
  const content = randomContent(100_000_000);
  const first = content.read(0, 1000);
  for (const block of [65_536, 1_000_000, 1_048_576]) {
    for (let i = 1; i < 90; i++) {
      const other = content.read(i * block, i * block + 1000);
      assert(differing(first, other) > 950, `block ${i} of ${block}`);
    }
  }
});

Deno.test("randomContent() reads beyond 4 GiB without holding it", () => {
  const size = 5 * 2 ** 32;
  const content = randomContent(size);
  assertEquals(content.size, size);
  assertEquals(content.read(size - 10, size).length, 10);
  assertEquals(content.read(size, size).length, 0);
});

Deno.test("read() throws for an invalid range", () => {
  const content = randomContent(100);
  for (const [start, end] of [[-1, 3], [3, 2], [0, 101], [NaN, 5]] as const) {
    assertThrows(() => content.read(start, end), RangeError);
  }
  assertThrows(() => randomContent(-1), RangeError);
  assertThrows(() => randomContent(1.5), RangeError);
});

Deno.test("sha256() is the hash of the whole content", () => {
  const size = 2_100_000;
  const content = randomContent(size, 7);
  const expected = createHash("sha256").update(content.read(0, size)).digest("hex");
  assertEquals(content.sha256(), expected);
  assertEquals(content.sha256(), expected);
});

Deno.test("bytesContent() keeps a copy", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const content = bytesContent(bytes);
  bytes[0] = 9;
  assertEquals([...content.read(0, 3)], [1, 2, 3]);
});

Deno.test("otherContent() differs in every byte from its offset on only", () => {
  const content = randomContent(10_000);
  const other = otherContent(content, 4000);
  assertEquals(other.size, content.size);
  assertEquals(other.read(0, 4000), content.read(0, 4000));
  assertEquals(differing(other.read(4000, 10_000), content.read(4000, 10_000)), 6000);
  assertEquals(differing(other.read(3990, 4010), content.read(3990, 4010)), 10);
  assertNotEquals(other.sha256(), content.sha256());
});

Deno.test("resizedContent() cuts, or appends zeros", () => {
  const content = bytesContent(new Uint8Array([1, 2, 3]));
  assertEquals([...resizedContent(content, 2).read(0, 2)], [1, 2]);
  assertEquals([...resizedContent(content, 5).read(1, 5)], [2, 3, 0, 0]);
  assertEquals([...resizedContent(content, 5).read(4, 5)], [0]);
});
