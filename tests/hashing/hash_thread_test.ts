import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { HashThread } from "../../lib/hashing/hash_thread.ts";
import type { HashType } from "../../lib/http/hashes.ts";
import { mulberry32 } from "../support/random.ts";

/** Runs a function with a thread, if there is more than one processor. */
async function withThread(run: (thread: HashThread) => Promise<void>): Promise<void> {
  const thread = await HashThread.take();
  if (thread === undefined) return assertEquals(navigator.hardwareConcurrency, 1);
  try {
    await run(thread);
  } finally {
    await thread.release();
  }
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const random = mulberry32(length);
  return Uint8Array.from({ length }, () => 256 * random());
}

function hashOf(type: HashType, bytes: Uint8Array): string {
  return createHash(type.replace("-", "")).update(bytes).digest("hex");
}

Deno.test("HashThread: hash() returns the digest, and the bytes in their memory", async () => {
  await withThread(async (thread) => {
    for (const type of ["sha-512", "sha-384", "sha-256", "sha-224", "sha-1", "md5"] as const) {
      const bytes = randomBytes(1000);
      const [copy, expected] = [bytes.slice(), hashOf(type, bytes.subarray(0, 900))];
      const done = thread.hash(type, bytes.subarray(0, 900));
      assertEquals(bytes.byteLength, 0);
      assertEquals(await done, { digest: expected, bytes: copy.subarray(0, 900) });
      assertEquals((await done).bytes.buffer.byteLength, 1000);
    }
  });
});

Deno.test("HashThread: begin() hashes bytes that pass, several of them in turn", async () => {
  await withThread(async (thread) => {
    const bytes = randomBytes(6_000_000);
    const types = ["sha-256", "md5"] as const;
    const [one, other] = [thread.begin(types), thread.begin(["sha-1"])];
    // The memory of what was taken may be used again.
    const part = new Uint8Array(700_000);
    for (let at = 0; at < bytes.length; at += part.length) {
      const some = bytes.subarray(at, at + part.length);
      part.set(some);
      await Promise.all([one, other].map((hashes) => hashes.update(part.subarray(0, some.length))));
      part.fill(0);
    }
    assertEquals(await one.digests(), types.map((type) => hashOf(type, bytes)));
    assertEquals(await other.digests(), [hashOf("sha-1", bytes)]);
    assertEquals(await thread.begin(["md5"]).digests(), [hashOf("md5", new Uint8Array())]);
  });
});

Deno.test("HashThread: what takes one does not end that of another", async () => {
  const threads = await Promise.all(Array.from({ length: 5 }, () => HashThread.take()));
  for (const thread of threads) {
    const done = await thread?.hash("md5", new Uint8Array(3));
    assert(done === undefined || done.digest === hashOf("md5", new Uint8Array(3)));
    await thread?.release();
  }
});

Deno.test("HashThread: one that has failed fails all that use it, and is taken by no others", async () => {
  await withThread(async (failed) => {
    const hashes = failed.begin(["sha-256"]);
    // There is no such hash, so that the thread ends.
    await assertRejects(() => failed.hash("none" as HashType, new Uint8Array(3)));
    await hashes.update(new Uint8Array(2_500_000));
    await assertRejects(() => hashes.digests());
    await withThread(async (other) => {
      const { digest } = await other.hash("md5", new Uint8Array(3));
      assertEquals(digest, hashOf("md5", new Uint8Array(3)));
    });
  });
});

Deno.test("HashThread: a thread that does nothing does not keep the process alive", async () => {
  const code = `
    const { HashThread } = await import("${new URL(
    "../../lib/hashing/hash_thread.ts",
    import.meta.url,
  )}");
    const thread = await HashThread.take();
    // Nothing but the thread is waited for.
    console.log((await thread?.hash("md5", new Uint8Array(50_000_000)))?.digest.length ?? 32);
  `;
  // The permissions of the proxy are enough.
  const flags = ["--quiet", "--no-config", "--allow-read", "--allow-net"];
  const { code: exitCode, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, `data:application/typescript,${encodeURIComponent(code)}`],
  }).output();
  assertEquals([exitCode, new TextDecoder().decode(stdout)], [0, "32\n"]);
});
