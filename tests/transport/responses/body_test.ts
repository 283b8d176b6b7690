import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MirrorError, SphttpError } from "../../../lib/errors.ts";
import type { BodyFrame } from "../../../lib/http/response/part.ts";
import { BodyReader, CHUNK, FIRST_CHUNK } from "../../../lib/transport/responses/body.ts";
import { BufferPool } from "../../../lib/transport/responses/buffer_pool.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function bytes(length: number, from = 0): Bytes {
  return Uint8Array.from({ length }, (_, index) => from + index);
}

/** A stream as somebody's own fetch may have it: its chunks are of whatever size they are. */
function chunkStream(...chunks: readonly Bytes[]): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

/** A stream of bytes, as the platform's fetch has it. */
function byteStream(...chunks: readonly Bytes[]): ReadableStream<Bytes> {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

function reader(
  stream: ReadableStream<Bytes> | null,
  length: number | undefined,
  rest: BodyFrame["rest"] = "none",
  skip = 0,
): BodyReader {
  return new BodyReader(stream, {
    frame: { skip, length, rest },
    fail: (reason, message, cause) =>
      new MirrorError(message, {
        mirror: "http://one.test/",
        phase: "body",
        reason,
        retryable: true,
        cause,
      }),
  });
}

/** A reader that takes its buffers from a pool. */
function pooledReader(
  stream: ReadableStream<Bytes>,
  length: number | undefined,
  buffers: BufferPool,
): BodyReader {
  return new BodyReader(stream, {
    frame: { skip: 0, length, rest: "none" },
    fail: (reason, message) => new SphttpError(`${reason}: ${message}`),
    buffers,
  });
}

/** Everything that comes, part by part. */
async function readAll(body: BodyReader, most?: number): Promise<number[][]> {
  const parts: number[][] = [];
  for (let part = await body.read(most); part; part = await body.read(most)) parts.push([...part]);
  return parts;
}

for (const [kind, make] of Object.entries({ byteStream, chunkStream })) {
  Deno.test(`BodyReader of a ${kind}: exactly what was announced comes`, async () => {
    const body = reader(make(bytes(3), bytes(2, 3)), 5);
    assertEquals((await readAll(body)).flat(), [0, 1, 2, 3, 4]);
    assertEquals(await body.read(), undefined);
  });

  Deno.test(`BodyReader of a ${kind}: a body of unknown length ends where it ends`, async () => {
    assertEquals((await readAll(reader(make(bytes(3)), undefined))).flat(), [0, 1, 2]);
    assertEquals(await readAll(reader(make(), undefined)), []);
  });

  Deno.test(`BodyReader of a ${kind}: one that ends early is an error`, async () => {
    const body = reader(make(bytes(3)), 5);
    assertEquals([...(await body.read())!], [0, 1, 2]);
    const error = await assertRejects(
      () => body.read(),
      MirrorError,
      "the body ended after 3 of 5 bytes",
    );
    assertEquals((error as MirrorError).reason, "truncated");
  });

  Deno.test(`BodyReader of a ${kind}: one that is longer is cut`, async () => {
    const body = reader(make(bytes(3), bytes(4, 3)), 5);
    assertEquals((await readAll(body)).flat(), [0, 1, 2, 3, 4]);
  });

  Deno.test(`BodyReader of a ${kind}: never more at once than was wanted`, async () => {
    const body = reader(make(bytes(10)), 10);
    assertEquals((await readAll(body, 4)).map((part) => part.length), [4, 4, 2]);
  });

  Deno.test(`BodyReader of a ${kind}: the bytes before the wanted ones are skipped`, async () => {
    for (const skip of [1, 3, 4, 6]) {
      const body = reader(make(bytes(4), bytes(4, 4)), 2, "none", skip);
      assertEquals((await readAll(body)).flat(), [skip, skip + 1]);
    }
    const short = reader(make(bytes(3)), 2, "none", 4);
    await assertRejects(() => short.read(), MirrorError, "ended after 0 of 2 bytes");
  });

  Deno.test(`BodyReader of a ${kind}: one that ends where the range does is a part`, async () => {
    const read = (...chunks: Bytes[]) =>
      readAll(
        new BodyReader(make(...chunks), {
          frame: { skip: 0, length: undefined, rest: "unknown", partLength: 5 },
          fail: (reason, message) => new SphttpError(`${reason}: ${message}`),
        }),
      );
    await assertRejects(
      () => read(bytes(3), bytes(2)),
      Error,
      "range: answered 200 with the 5 bytes",
    );
    await assertRejects(() => read(), Error, "range: answered a request for a range with an empty");
    assertEquals((await read(bytes(4))).flat().length, 4);
    assertEquals((await read(bytes(6))).flat().length, 6);
  });

  Deno.test(`BodyReader of a ${kind}: an empty body`, async () => {
    assertEquals(await reader(make(), 0).read(), undefined);
  });
}

Deno.test("BodyReader: no stream at all is an empty body", async () => {
  assertEquals(await reader(null, 0).read(), undefined);
  assertEquals(await reader(null, undefined).read(), undefined);
  await assertRejects(() => reader(null, 1).read(), MirrorError, "ended after 0 of 1 bytes");
});

Deno.test("BodyReader: what is too much is cancelled, not read", async () => {
  let cancelled = 0;
  const endless = new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(bytes(4)),
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  assertEquals((await readAll(reader(endless, 10, "unknown"))).flat().length, 10);
  assertEquals(cancelled, 1);
});

Deno.test("BodyReader: a body whose bytes have all come but that does not end is cancelled", async () => {
  let cancelled = 0;
  const open = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(bytes(4)),
    cancel: () => void cancelled++,
  });
  assertEquals((await readAll(reader(open, 4, "unknown"))).flat(), [0, 1, 2, 3]);
  assertEquals(cancelled, 1);
});

Deno.test("BodyReader: a body that goes on is cancelled without waiting for more", async () => {
  let cancelled = 0;
  let pulls = 0;
  const silent = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(bytes(4)),
    pull: () => void pulls++,
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  assertEquals((await readAll(reader(silent, 4, "more"))).flat(), [0, 1, 2, 3]);
  assertEquals([cancelled, pulls], [1, 0]);
});

Deno.test("BodyReader: a connection that breaks is the mirror's failure, with its cause", async () => {
  const cause = new TypeError("connection reset");
  const broken = new ReadableStream<Bytes>({
    pull: (controller) => controller.error(cause),
  });
  const error = await assertRejects(
    () => reader(broken, 5).read(),
    MirrorError,
    "the connection broke after 0 bytes",
  );
  assertEquals((error as MirrorError).reason, "network");
  assertStrictEquals((error as MirrorError).cause, cause);
});

Deno.test("BodyReader: small chunks do not keep large buffers alive", async () => {
  let sent = 0;
  const trickle = new ReadableStream<Bytes>({
    type: "bytes",
    pull(controller) {
      const { byobRequest } = controller as ReadableByteStreamController;
      (byobRequest!.view as Bytes)[0] = sent++;
      byobRequest!.respond(1);
      if (sent === 5) controller.close();
    },
  });
  const body = reader(trickle, undefined);
  const parts: Bytes[] = [];
  for (let part = await body.read(); part !== undefined; part = await body.read()) {
    assertEquals(part.buffer.byteLength, 1);
    parts.push(part);
  }
  // They were not read into the same memory.
  assertEquals(parts.map(([byte]) => byte), [0, 1, 2, 3, 4]);
});

Deno.test("BodyReader: large chunks are returned without a copy", async () => {
  const large = new Uint8Array(CHUNK);
  const part = await reader(chunkStream(large), CHUNK).read();
  assertStrictEquals(part?.buffer, large.buffer);
});

Deno.test("BodyReader: parts are the caller's to keep, and to take away", async () => {
  const body = reader(byteStream(bytes(100), bytes(100, 100)), 200);
  const total: number[] = [];
  for (let part = await body.read(64); part !== undefined; part = await body.read(64)) {
    total.push(...part);
    part.buffer.transfer();
  }
  assertEquals(total, [...bytes(200)]);
});

Deno.test("BodyReader.borrow(): small chunks are read into the same memory, unless kept", async () => {
  const pool = new BufferPool(FIRST_CHUNK);
  const memory = pool.take(FIRST_CHUNK);
  pool.give(memory);
  const chunks = [bytes(3), bytes(3, 3), bytes(FIRST_CHUNK - 1, 6), bytes(3, 9)];
  const left = [...chunks];
  const stream = new ReadableStream<Bytes>({
    type: "bytes",
    pull(controller) {
      const { byobRequest } = controller as ReadableByteStreamController;
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else (byobRequest!.view as Bytes).set(chunk);
      byobRequest!.respond(chunk?.byteLength ?? 0);
    },
  });
  const body = pooledReader(stream, undefined, pool);
  const kept: Bytes[] = [];
  for (let chunk = await body.borrow(); chunk !== undefined; chunk = await body.borrow()) {
    kept.push(body.keep(chunk));
  }
  assertEquals(kept.flatMap((chunk) => [...chunk]), chunks.flatMap((chunk) => [...chunk]));
  // The small ones are copies; the memory itself went with the large one.
  assertEquals(kept.map(({ buffer }) => buffer.byteLength), [3, 3, FIRST_CHUNK, 3]);
});

Deno.test("BodyReader: as long as chunks come full, they become larger", async () => {
  const wanted: number[] = [];
  const fast = new ReadableStream<Bytes>({
    type: "bytes",
    pull(controller) {
      const { byobRequest } = controller as ReadableByteStreamController;
      wanted.push(byobRequest!.view!.byteLength);
      byobRequest!.respond(wanted.length < 6 ? byobRequest!.view!.byteLength : 1);
    },
  });
  const body = reader(fast, undefined);
  for (let count = 0; count < 7; count++) await body.read();
  const sizes = [1, 2, 4, 8, 8, 8, 8].map((factor) => factor * FIRST_CHUNK);
  assertEquals(wanted, sizes);
  await body.cancel();
});

Deno.test("BodyReader leaves its buffer to other bodies at the end, but none of the stream", async () => {
  const ends = {
    end: (body: BodyReader) => body.read(),
    cancel: (body: BodyReader) => body.cancel(),
  };
  for (const end of Object.values(ends)) {
    for (const [make, length] of [[byteStream, undefined], [chunkStream, undefined]] as const) {
      const pool = new BufferPool(FIRST_CHUNK);
      const memory = pool.take(FIRST_CHUNK);
      pool.give(memory);
      const own = new Uint8Array(FIRST_CHUNK);
      const body = pooledReader(make(own.subarray(0, 3)), length, pool);
      assertEquals((await body.borrow())?.byteLength, 3);
      await end(body);
      const next = pool.take(FIRST_CHUNK);
      // The stream has taken the memory over, and returned it as another object.
      assertEquals(next === memory, make === chunkStream);
      assert(next !== own.buffer);
    }
  }
});

Deno.test("BodyReader.cancel() reaches the stream, and is harmless afterwards", async () => {
  let reached = 0;
  const stream = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(bytes(1)),
    cancel: () => void reached++,
  });
  const body = reader(stream, 5);
  await body.read();
  await body.cancel();
  await body.cancel();
  assertEquals(reached, 1);
  const broken = new ReadableStream<Bytes>({ start: (controller) => controller.error("gone") });
  await reader(broken, 5).cancel();
  assert(broken.locked);
});
