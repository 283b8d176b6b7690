import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { ReorderBuffer } from "../../../lib/engine/delivery/reorder_buffer.ts";
import { BufferPool } from "../../../lib/transport/responses/buffer_pool.ts";
import { mulberry32 } from "../../support/random.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const KIB = 1024;

/** The byte that belongs at `offset` of the file. */
function byteAt(offset: number): number {
  return (offset * 7 + (offset >> 8) * 13) & 0xff;
}

/** The bytes of the file from `start` to `end`, in a buffer of their own. */
function content(start: number, end: number): Bytes {
  return Uint8Array.from({ length: end - start }, (_, index) => byteAt(start + index));
}

function write(buffer: ReorderBuffer, start: number, end: number): number {
  return buffer.write(start, content(start, end));
}

/** Reads all that is ready; checks that it is the file's content; returns the lengths. */
function readAll(buffer: ReorderBuffer): number[] {
  const lengths: number[] = [];
  for (;;) {
    const offset = buffer.front;
    const part = buffer.read();
    if (part === undefined) return lengths;
    assertEquals(part, content(offset, offset + part.byteLength), `at ${offset}`);
    assert(part.byteLength > 0, "an empty part");
    lengths.push(part.byteLength);
  }
}

Deno.test("ReorderBuffer: an empty one has nothing", () => {
  const buffer = new ReorderBuffer(5);
  assertEquals([buffer.front, buffer.held, buffer.peak, buffer.ready], [5, 0, 0, false]);
  assertEquals(buffer.read(), undefined);
});

Deno.test("ReorderBuffer: a large chunk goes as it came, without a copy", () => {
  const buffer = new ReorderBuffer(0);
  const large = content(0, 40 * KIB);
  buffer.write(0, large);
  assertStrictEquals(buffer.read()?.buffer, large.buffer);
  const ahead = content(40 * KIB + 97, 80 * KIB);
  buffer.write(40 * KIB + 97, ahead);
  write(buffer, 40 * KIB, 40 * KIB + 97);
  assertEquals(buffer.read()?.byteLength, 97);
  assertStrictEquals(buffer.read()?.buffer, ahead.buffer);
});

Deno.test("ReorderBuffer: the memory of a small chunk may be used again at once", () => {
  const buffer = new ReorderBuffer(0);
  const memory = new Uint8Array(32 * KIB - 1);
  for (const start of [memory.length, 0, 2 * memory.length]) {
    memory.set(content(start, start + memory.length));
    buffer.write(start, memory);
    memory.fill(0xee);
  }
  assertEquals(readAll(buffer).reduce((sum, length) => sum + length), 3 * memory.length);
});

Deno.test("ReorderBuffer: a part of few bytes does not keep a page alive, which is used again", () => {
  const pool = new BufferPool(64 * KIB);
  const page = pool.take(64 * KIB);
  pool.give(page);
  const buffer = new ReorderBuffer(0, pool);
  write(buffer, 0, KIB);
  const part = buffer.read()!;
  assertEquals([part.byteLength, part.buffer.byteLength], [KIB, KIB]);
  for (let at = KIB; at < 34 * KIB; at += KIB) write(buffer, at, at + KIB);
  assertStrictEquals(buffer.read()?.buffer, page);
  // It is the consumer's now.
  write(buffer, 34 * KIB, 35 * KIB);
  assertNotStrictEquals(buffer.read()?.buffer, page);
});

Deno.test("ReorderBuffer.has() counts the bytes that can be returned", () => {
  const buffer = new ReorderBuffer(5);
  assertEquals([buffer.has(0), buffer.has(1)], [true, false]);
  write(buffer, 10 + 50 * KIB, 10 + 60 * KIB);
  write(buffer, 10, 10 + 50 * KIB);
  assertEquals(buffer.has(1), false);
  write(buffer, 5, 10);
  assertEquals([buffer.has(5 + 60 * KIB), buffer.has(6 + 60 * KIB)], [true, false]);
  buffer.read();
  assertEquals([buffer.has(60 * KIB), buffer.has(1 + 60 * KIB)], [true, false]);
});

Deno.test("ReorderBuffer: what is ahead of the front waits", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 10, 20);
  assertEquals([buffer.ready, buffer.held], [false, 10]);
  assertEquals(buffer.read(), undefined);
  write(buffer, 0, 10);
  assertEquals([buffer.ready, buffer.held], [true, 20]);
  assertEquals(readAll(buffer).reduce((sum, length) => sum + length, 0), 20);
  assertEquals([buffer.front, buffer.held, buffer.peak], [20, 0, 20]);
});

Deno.test("ReorderBuffer: what overlaps is kept once", () => {
  // written before, written then, kept of it
  const table = [
    [[[10, 20]], [10, 20], 0],
    [[[10, 20]], [12, 18], 0],
    [[[10, 20]], [5, 25], 10],
    [[[10, 20]], [15, 25], 5],
    [[[10, 20]], [5, 15], 5],
    [[[10, 20]], [20, 25], 5],
    [[[10, 20], [30, 40]], [15, 35], 10],
    [[[10, 20], [30, 40]], [0, 50], 30],
    [[[10, 20], [30, 40]], [20, 30], 10],
    [[[10, 20], [20, 30]], [5, 35], 10],
    [[], [7, 7], 0],
  ] as const;
  for (const [before, [start, end], kept] of table) {
    const buffer = new ReorderBuffer(0);
    let held = 0;
    for (const [from, to] of before) held += write(buffer, from, to);
    assertEquals(write(buffer, start, end), kept, `${before} and ${start}-${end}`);
    assertEquals(buffer.held, held + kept);
    write(buffer, 0, 50);
    readAll(buffer);
    assertEquals(buffer.front, 50, `${before} and ${start}-${end}`);
  }
});

Deno.test("ReorderBuffer: what has been returned is dropped", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 0, 10);
  readAll(buffer);
  assertEquals(write(buffer, 0, 10), 0);
  assertEquals(write(buffer, 5, 12), 2);
  assertEquals(buffer.held, 2);
  assertEquals(readAll(buffer), [2]);
});

Deno.test("ReorderBuffer: small chunks that wait are gathered into pages", () => {
  const buffer = new ReorderBuffer(0);
  for (let offset = 100; offset < 100 + 200 * KIB; offset += KIB) {
    write(buffer, offset, offset + KIB);
  }
  write(buffer, 0, 100);
  assertEquals(readAll(buffer), [100, 64 * KIB, 64 * KIB, 64 * KIB, 8 * KIB]);
});

Deno.test("ReorderBuffer: a small chunk that waits does not keep its large buffer", () => {
  const buffer = new ReorderBuffer(0);
  const large = new ArrayBuffer(1024 * KIB);
  const view = new Uint8Array(large, 500, 10);
  view.set(content(10, 20));
  buffer.write(10, view);
  write(buffer, 0, 10);
  buffer.read();
  assertNotStrictEquals(buffer.read()?.buffer, large);
});

Deno.test("ReorderBuffer: chunks from 32 KiB on are kept apart, smaller ones only gathered", () => {
  for (const size of [32 * KIB - 1, 32 * KIB, 32 * KIB + 1]) {
    const buffer = new ReorderBuffer(0);
    const first = content(1, 1 + size);
    buffer.write(1, first);
    write(buffer, 1 + size, 1 + 2 * size);
    write(buffer, 0, 1);
    const [, ...rest] = readAll(buffer);
    assertEquals(rest, size < 32 * KIB ? [2 * size] : [size, size], `${size}`);
  }
});

Deno.test("ReorderBuffer: a page that has been returned is not touched again", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 10, 20);
  write(buffer, 0, 10);
  buffer.read();
  const page = buffer.read()!;
  const before = new Uint8Array(page.buffer).slice();
  // The page had room for more, and these follow it.
  write(buffer, 30, 40);
  write(buffer, 20, 30);
  assertEquals(new Uint8Array(page.buffer), before);
  assertEquals(readAll(buffer), [10, 10]);
});

Deno.test("ReorderBuffer: the consumer may transfer the buffers that were returned", () => {
  const buffer = new ReorderBuffer(0);
  // One chunk whose middle is held already becomes two parts.
  write(buffer, 20 * KIB, 40 * KIB);
  write(buffer, 0, 60 * KIB);
  let offset = 0;
  for (let part = buffer.read(); part !== undefined; part = buffer.read()) {
    assertEquals(part, content(offset, offset + part.byteLength), `at ${offset}`);
    offset += part.byteLength;
    part.buffer.transfer();
  }
  assertEquals(offset, 60 * KIB);
});

Deno.test("ReorderBuffer: a page taken away does not harm what follows it", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 10, 20);
  write(buffer, 0, 10);
  for (let part = buffer.read(); part !== undefined; part = buffer.read()) part.buffer.transfer();
  write(buffer, 25, 30);
  write(buffer, 20, 25);
  assertEquals(readAll(buffer), [5, 5]);
});

Deno.test("ReorderBuffer.peak is the most that was held at any time", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 10, 40);
  write(buffer, 0, 10);
  readAll(buffer);
  write(buffer, 40, 50);
  assertEquals([buffer.held, buffer.peak], [10, 40]);
});

Deno.test("ReorderBuffer.clear() drops everything", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 0, 10);
  write(buffer, 20, 30);
  buffer.clear();
  assertEquals([buffer.held, buffer.ready, buffer.read()], [0, false, undefined]);
});

Deno.test("ReorderBuffer returns what a plain array of bytes would", () => {
  const random = mulberry32(31);
  const whole = (below: number) => Math.floor(random() * below);
  const SIZE = 400 * KIB;
  const file = content(0, SIZE);
  const sizes = [1, 3, KIB, 16 * KIB, 32 * KIB - 1, 32 * KIB, 32 * KIB + 1, 90 * KIB];
  for (let round = 0; round < 12; round++) {
    const buffer = new ReorderBuffer(0);
    const known = new Uint8Array(SIZE);
    let [front, held, peak] = [0, 0, 0];
    while (front < SIZE) {
      // Mostly near the front, so that the file ends some day.
      const start = random() < 0.4 ? front : Math.min(SIZE - 1, front + whole(150 * KIB));
      const end = Math.min(SIZE, start + 1 + whole(sizes[whole(sizes.length)]!));
      let kept = 0;
      for (let at = start; at < end; at++) if (known[at] === 0) kept += known[at] = 1;
      held += kept;
      peak = Math.max(peak, held);
      // At times a view of a larger buffer, as transports give them.
      const chunk = random() < 0.5 ? file.slice(start, end) : file.slice(0, end).subarray(start);
      assertEquals(buffer.write(start, chunk), kept);
      assertEquals([buffer.held, buffer.peak], [held, peak]);
      assertEquals(buffer.ready, known[front] === 1);
      for (let reads = whole(3); reads > 0; reads--) {
        const part = buffer.read();
        assertEquals(part === undefined, known[front] !== 1);
        if (part === undefined) break;
        const differs = part.findIndex((byte, index) => byte !== file[front + index]);
        assertEquals(differs, -1, `at ${front}`);
        front += part.byteLength;
        held -= part.byteLength;
        part.fill(0xee);
      }
      assertEquals(buffer.front, front);
    }
    assertEquals(buffer.held, 0);
  }
});

Deno.test("ReorderBuffer.drop() drops the bytes from an offset on", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 0, 40 * KIB);
  write(buffer, 50 * KIB, 80 * KIB);
  write(buffer, 90 * KIB, 99 * KIB);
  buffer.drop(200 * KIB);
  assertEquals(buffer.held, 79 * KIB);
  buffer.drop(85 * KIB);
  assertEquals(buffer.held, 70 * KIB);
  buffer.drop(60 * KIB);
  assertEquals(buffer.held, 50 * KIB);
  buffer.drop(30 * KIB);
  assertEquals(buffer.held, 30 * KIB);
  // It comes again.
  write(buffer, 25 * KIB, 70 * KIB);
  assertEquals(readAll(buffer), [30 * KIB, 40 * KIB]);
});

Deno.test("ReorderBuffer.drop() keeps no memory of what it drops", () => {
  const buffer = new ReorderBuffer(0);
  write(buffer, 0, 400 * KIB);
  buffer.drop(10 * KIB);
  assertEquals(buffer.read()!.buffer.byteLength, 10 * KIB);
});

Deno.test("ReorderBuffer: nothing is returned from its limit on", () => {
  const buffer = new ReorderBuffer(0);
  buffer.limit = 0;
  buffer.write(0, Uint8Array.of(0, 1, 2, 3, 4, 5));
  assertEquals([buffer.ready, buffer.has(1), buffer.read()], [false, false, undefined]);
  buffer.limit = 4;
  assertEquals([buffer.ready, buffer.has(4), buffer.has(5)], [true, true, false]);
  assertEquals(buffer.read(), Uint8Array.of(0, 1, 2, 3));
  assertEquals([buffer.ready, buffer.held, buffer.front], [false, 2, 4]);
  buffer.write(6, Uint8Array.of(6));
  buffer.limit = Infinity;
  assertEquals(buffer.read(), Uint8Array.of(4, 5, 6));
});

Deno.test("ReorderBuffer: bytes take the place of others, in whatever segments these are", () => {
  for (const size of [1, 3, 10, 40_000, 100_000]) {
    const buffer = new ReorderBuffer(0);
    const length = 3 * size + 7;
    const bytes = Uint8Array.from({ length }, (_, index) => index);
    for (let at = 0; at < length; at += size) buffer.write(at, bytes.slice(at, at + size));
    const other = new Uint8Array(size).fill(255);
    buffer.replace(size - 1, other);
    bytes.set(other, size - 1);
    assertEquals(buffer.held, length);
    const copy = new Uint8Array(length - 1);
    buffer.copy(1, copy);
    assertEquals(copy, bytes.slice(1));
    const read: number[] = [];
    for (let part; (part = buffer.read()) !== undefined;) for (const byte of part) read.push(byte);
    assertEquals(Uint8Array.from(read), bytes);
  }
});
