import { assertEquals } from "@std/assert";
import { createHandler } from "../../../server.ts";
import { randomContent } from "../../support/lab/content.ts";
import { startMirror } from "../../support/lab/mirror_lab.ts";

const FILE = randomContent(3_000_000, 67);
const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
};

/** Reads a body into buffers of this size, which are used again. */
async function readInto(body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let buffer = new ArrayBuffer(size);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value.slice());
    buffer = value.buffer;
  }
}

Deno.test("a response can be read into buffers of its reader, of any size", async () => {
  await using one = await startMirror({ content: FILE });
  await using two = await startMirror({ content: FILE });
  const handler = createHandler({ allowPrivate: true });
  const query = [one, two].map(({ url }) => `url=${encodeURIComponent(url)}`).join("&");
  const url = `http://127.0.0.1/proxy?${query}`;
  const ask = async (range: string, size: number) => {
    const response = await handler(new Request(url, { headers: { range } }), INFO);
    return await readInto(response.body!, size);
  };
  for (const size of [999, 65_536, 1_000_000]) {
    assertEquals(await ask("bytes=0-", size), FILE.read(0, FILE.size), `${size}`);
    assertEquals(await ask("bytes=70001-1234567", size), FILE.read(70_001, 1_234_568), `${size}`);
    assertEquals(await ask("bytes=-1", size), FILE.read(FILE.size - 1, FILE.size), `${size}`);
  }
});

Deno.test("a body that fails while it is read into a buffer breaks off", async () => {
  const faults = [{ kind: "truncate", afterBytes: 400_000 } as const];
  await using mirror = await startMirror({ content: FILE, faults, ranges: false });
  const handler = createHandler({
    allowPrivate: true,
    retryMaxMs: 0,
    download: { retry: { attempts: 0 } },
  });
  const url = `http://127.0.0.1/proxy?url=${encodeURIComponent(mirror.url)}`;
  const { body } = await handler(new Request(url), INFO);
  const outcome = await readInto(body!, 65_536).then(() => "ended", () => "broke off");
  assertEquals(outcome, "broke off");
});
