import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type PartSource,
  streamOf,
  takeParts,
} from "../../../../lib/proxy/answer/body/part_source.ts";
import { createHandler } from "../../../../server.ts";
import { randomContent } from "../../../support/lab/content.ts";
import { startMirror } from "../../../support/lab/mirror_lab.ts";

const FILE = randomContent(3_000_000, 67);
const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
};

/** Reads parts to the end; what is given back is overwritten, as it may be used again at once. */
async function readParts(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts = takeParts(body);
  const copies: Uint8Array<ArrayBuffer>[] = [];
  for (let part = await parts.next(); part !== undefined; part = await parts.next()) {
    copies.push(part.slice());
    part.fill(0);
    parts.release(part);
  }
  return new Uint8Array(await new Blob(copies).arrayBuffer());
}

/** A source of single bytes. */
function bytesFrom(values: readonly number[]): PartSource & { cancelled: number } {
  const left = values.map((value) => Uint8Array.of(value));
  return {
    next: () => Promise.resolve(left.shift()),
    release: () => {},
    cancel() {
      this.cancelled++;
      return Promise.resolve();
    },
    onBreak: () => {},
    cancelled: 0,
  };
}

Deno.test("takeParts() returns the source of a stream, and locks the stream", async () => {
  const source = bytesFrom([1, 2]);
  const stream = streamOf(source);
  assertEquals(takeParts(stream), source);
  assert(stream.locked);
  assertEquals(await source.next(), Uint8Array.of(1));
});

Deno.test("takeParts() reads any other stream, without empty parts", async () => {
  const stream = ReadableStream.from([1, 0, 2].map((length) => new Uint8Array(length)));
  const parts = takeParts(stream);
  assertEquals((await parts.next())!.byteLength, 1);
  assertEquals((await parts.next())!.byteLength, 2);
  assertEquals(await parts.next(), undefined);
});

Deno.test("takeParts(): a stream that fails while nothing is read is reported", async () => {
  let fail!: (error: Error) => void;
  const parts = takeParts(
    new ReadableStream({ start: (controller) => void (fail = (error) => controller.error(error)) }),
  );
  const { promise, resolve } = Promise.withResolvers<unknown>();
  parts.onBreak = resolve;
  const error = new Error("broken");
  fail(error);
  assertEquals(await promise, error);
  await assertRejects(() => parts.next(), Error, "broken");
});

Deno.test("streamOf() reads one part at a time, and cancels its source", async () => {
  const source = bytesFrom([1, 2, 3]);
  const reader = streamOf(source).getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(1));
  assertEquals(await source.next(), Uint8Array.of(2));
  await reader.cancel();
  assertEquals(source.cancelled, 1);
});

Deno.test("streamOf(): a source that breaks ends its stream with the error", async () => {
  const source = bytesFrom([]);
  const reader = streamOf(source).getReader();
  source.onBreak(new Error("broken"));
  await assertRejects(() => reader.read(), Error, "broken");
});

Deno.test("the body of a response can be taken in parts whose memory is used again", async () => {
  await using one = await startMirror({ content: FILE });
  await using two = await startMirror({ content: FILE });
  await using handler = createHandler({ allowPrivate: true });
  const query = [one, two].map(({ url }) => `url=${encodeURIComponent(url)}`).join("&");
  const url = `http://127.0.0.1/proxy?${query}`;
  const ask = async (range: string) => {
    const response = await handler(new Request(url, { headers: { range } }), INFO);
    return await readParts(response.body!);
  };
  assertEquals(await ask("bytes=0-"), FILE.read(0, FILE.size));
  assertEquals(await ask("bytes=70001-1234567"), FILE.read(70_001, 1_234_568));
  assertEquals(await ask("bytes=-1"), FILE.read(FILE.size - 1, FILE.size));
  assertEquals((await ask("bytes=0-9,20-29")).byteLength > 20, true);
});

Deno.test("parts of a body that fails end with an error, and so do those of one that is cancelled", async () => {
  const faults = [{ kind: "truncate", afterBytes: 400_000 } as const];
  await using mirror = await startMirror({ content: FILE, faults, ranges: false });
  await using handler = createHandler({
    allowPrivate: true,
    retryMaxMs: 0,
    download: { retry: { attempts: 1 } },
  });
  const url = `http://127.0.0.1/proxy?url=${encodeURIComponent(mirror.url)}`;
  const { status, body } = await handler(new Request(url), INFO);
  assertEquals(status, 200);
  await assertRejects(() => readParts(body!), Error, "after 400000 bytes");
  const other = takeParts((await handler(new Request(url), INFO)).body!);
  await other.cancel();
  await assertRejects(() => other.next(), Error, "ended early");
});
