import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { metric, withProxy } from "../support/proxy/proxy_scene.ts";
import { type Content, randomContent } from "../support/lab/content.ts";
import type { MirrorOptions } from "../support/lab/mirror_lab.ts";

const MIB = 1024 * 1024;
/** Larger than what kernels hold of a response that is not read. */
const FILE = randomContent(24 * MIB, 41);
const CLIENTS = 12;
const MEMORY = 32 * MIB;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads from `at` to the end, and compares every byte. */
async function readOn(reader: Reader, at: number, end: number, content: Content): Promise<void> {
  for (let position = at;;) {
    const { done, value } = await reader.read();
    if (done) return assertEquals(position, end);
    const expected = content.read(position, position + value.length);
    assert(Buffer.compare(value, expected) === 0, `wrong bytes from ${position} on`);
    position += value.length;
  }
}

/** Clients come one after the other, read their first bytes and pause; then they read on together. */
async function pause(
  lab: readonly Partial<MirrorOptions>[],
  bytes: number,
  status: number,
): Promise<void> {
  const mirrors = lab.map((mirror) => ({ content: FILE, ...mirror }));
  await withProxy(mirrors, async ({ get, base }) => {
    const paused: { reader: Reader; at: number; end: number }[] = [];
    const buffered = () => metric(base, "sphttp_buffer_bytes");
    for (let client = 0; client < CLIENTS; client++) {
      const start = status === 206 ? client * MIB / 2 : 0;
      const end = start + bytes;
      const headers = { range: `bytes=${start}-${end - 1}` };
      const response = await get(status === 206 ? { headers } : {});
      assertEquals(response.status, status);
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      paused.push({ reader, at: start + value!.length, end: status === 206 ? end : FILE.size });
      // What it may hold arrives before the next one comes.
      let [before, now] = [-1, await buffered()];
      while (now > before) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        [before, now] = [now, await buffered()];
      }
      assert(now <= MEMORY * 3 / 8, `${now} bytes held for ${client + 1} clients`);
    }
    assert(await buffered() > MEMORY / 8);
    for (const { reader, at, end } of paused) await readOn(reader, at, end, FILE);
    assertEquals(await metric(base, "sphttp_buffer_bytes"), 0);
  }, { memory: MEMORY, maxDownloads: CLIENTS });
}

Deno.test("/proxy: paused clients hold no more memory than there is, however many there are", () =>
  pause([{}, {}, {}], 16 * MIB, 206));

Deno.test("/proxy: paused clients of which every byte has arrived give memory back, too", () =>
  pause([{}, {}], 9 * MIB, 206));

Deno.test("/proxy: paused clients of mirrors without ranges hold little", () =>
  pause([{ ranges: false }], 0, 200));
