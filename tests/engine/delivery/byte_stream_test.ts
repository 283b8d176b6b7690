import { assertEquals, assertRejects } from "@std/assert";
import { byteStream } from "../../../lib/engine/delivery/byte_stream.ts";
import { FILE, withMirrors } from "../../support/download.ts";
import { Downloader } from "../../../mod.ts";

/** A source of these parts, and then of an error if there is one. */
function source(parts: readonly string[], failure?: Error) {
  const left = parts.map((part) => new TextEncoder().encode(part));
  const released: number[] = [];
  const cancelled: unknown[] = [];
  const stream = byteStream({
    next: () => {
      const value = left.shift();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (failure !== undefined) return Promise.reject(failure);
      return Promise.resolve({ done: true, value: undefined });
    },
    release: (part) => void released.push(part.buffer.byteLength),
    cancel: (reason) => Promise.resolve(void cancelled.push(reason)),
  });
  return { stream, released, cancelled, left };
}

/** Reads a stream into buffers of `size` bytes; returns what each was filled with. */
async function readInto(stream: ReadableStream<Uint8Array>, size: number): Promise<string[]> {
  const reader = stream.getReader({ mode: "byob" });
  const texts: string[] = [];
  let buffer = new ArrayBuffer(size);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) return texts;
    texts.push(new TextDecoder().decode(value));
    buffer = value.buffer as ArrayBuffer;
  }
}

/** Reads a stream that another reader has begun. */
async function restOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream.pipeThrough(new TransformStream())).text();
}

Deno.test("byteStream() hands parts over as they are, one for each read", async () => {
  const { stream, released, left } = source(["ab", "cde", "f"]);
  assertEquals(left.length, 3);
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, new TextEncoder().encode("ab"));
  assertEquals(left.length, 2);
  reader.releaseLock();
  assertEquals(await restOf(stream), "cdef");
  assertEquals(released, []);
});

Deno.test("byteStream() fills a reader's own buffers, and releases each part once", async () => {
  const parts = ["abcdefg", "", "hi", "j"].filter(Boolean);
  for (
    const [size, expected] of [
      [3, ["abc", "def", "g", "hi", "j"]],
      [7, ["abcdefg", "hi", "j"]],
      [1, [..."abcdefghij"]],
    ] as const
  ) {
    const { stream, released } = source(parts);
    assertEquals(await readInto(stream, size), [...expected]);
    assertEquals(released, [7, 2, 1]);
  }
});

Deno.test("byteStream(): readers of both kinds may follow one another", async () => {
  const { stream } = source(["abcd", "ef"]);
  const first = stream.getReader({ mode: "byob" });
  assertEquals((await first.read(new Uint8Array(3))).value, new TextEncoder().encode("abc"));
  first.releaseLock();
  assertEquals(await restOf(stream), "def");
});

Deno.test("byteStream() fails after the parts before the failure, and passes cancel() on", async () => {
  const { stream } = source(["ab"], new RangeError("broken"));
  const reader = stream.getReader({ mode: "byob" });
  assertEquals((await reader.read(new Uint8Array(8))).value?.byteLength, 2);
  await assertRejects(() => reader.read(new Uint8Array(8)), RangeError, "broken");
  const { stream: other, cancelled } = source(["ab"]);
  await other.cancel("enough");
  assertEquals(cancelled, ["enough"]);
});

Deno.test("byteStream() does without byte streams where there are none", async () => {
  const Native = globalThis.ReadableStream;
  globalThis.ReadableStream = class<Chunk> extends Native<Chunk> {
    constructor(source: UnderlyingDefaultSource<Chunk>, strategy?: QueuingStrategy<Chunk>) {
      if ("type" in source && source.type !== undefined) throw new TypeError("no byte streams");
      super(source, strategy);
    }
  } as typeof Native;
  try {
    const { stream, left } = source(["ab", "c"]);
    assertEquals(left.length, 2);
    assertEquals(await new Response(stream).text(), "abc");
  } finally {
    globalThis.ReadableStream = Native;
  }
});

Deno.test("Downloader.stream() can be read into own buffers", async () => {
  await withMirrors([{}, {}], async (urls) => {
    const reader = new Downloader(urls).stream().getReader({ mode: "byob" });
    const expected = FILE.read(0, FILE.size);
    let offset = 0;
    let buffer = new ArrayBuffer(100_000);
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer), { min: 1000 });
      if (done) break;
      assertEquals(value, expected.slice(offset, offset + value.byteLength));
      offset += value.byteLength;
      buffer = value.buffer;
    }
    assertEquals(offset, FILE.size);
  });
});
