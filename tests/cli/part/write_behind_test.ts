import { assertEquals, assertRejects } from "@std/assert";
import { WriteBehind } from "../../../lib/cli/part/write_behind.ts";
import { randomContent } from "../../support/lab/content.ts";

const CONTENT = randomContent(9_000_000, 5);

/** A file in memory that takes a few bytes at a time, and is slow. */
class SlowFile {
  readonly bytes = new Uint8Array(CONTENT.size + 1);
  length = 0;
  writes = 0;
  /** Writes before the disk is full. */
  constructor(readonly full = Infinity) {}

  async write(bytes: Uint8Array): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.writes++ >= this.full) throw new Error("the disk is full");
    const count = Math.min(bytes.byteLength, 700_001);
    this.bytes.set(bytes.subarray(0, count), this.length);
    this.length += count;
    return count;
  }
}

Deno.test("WriteBehind writes every byte once and in order, and lets go of what it took", async () => {
  for (const piece of [1_000, 65_536, 500_000, 3_000_000, CONTENT.size]) {
    const file = new SlowFile();
    const behind = new WriteBehind(file);
    for (let at = 0; at < CONTENT.size; at += piece) {
      const bytes = CONTENT.read(at, Math.min(CONTENT.size, at + piece)).slice();
      await behind.write(bytes);
      bytes.fill(0);
    }
    await behind.flush();
    assertEquals(file.length, CONTENT.size);
    assertEquals(file.bytes.subarray(0, file.length), CONTENT.read(0, CONTENT.size), `${piece}`);
  }
});

Deno.test("WriteBehind gathers while it writes", async () => {
  const file = new SlowFile();
  const behind = new WriteBehind(file);
  for (let at = 0; at < 600_000; at += 1000) await behind.write(CONTENT.read(at, at + 1000));
  await behind.flush();
  assertEquals([file.length, file.writes < 10], [600_000, true]);
});

Deno.test("WriteBehind tells what went wrong, and writes nothing behind a gap", async () => {
  for (const full of [0, 1, 5]) {
    const file = new SlowFile(full);
    const behind = new WriteBehind(file);
    await assertRejects(
      async () => {
        for (let at = 0; at < CONTENT.size; at += 100_000) {
          await behind.write(CONTENT.read(at, at + 100_000));
        }
        await behind.flush();
      },
      Error,
      "the disk is full",
    );
    const { length } = file;
    await assertRejects(() => behind.write(CONTENT.read(0, 1)), Error, "the disk is full");
    await assertRejects(() => behind.flush(), Error, "the disk is full");
    assertEquals(file.length, length);
    assertEquals(file.bytes.subarray(0, length), CONTENT.read(0, length));
  }
});
