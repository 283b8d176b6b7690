import { assertEquals, assertRejects } from "@std/assert";
import { randomContent } from "../support/lab/content.ts";
import { withProxy } from "../support/proxy/proxy_scene.ts";

/** Larger than what kernels hold of a response that is not read. */
const FILE = randomContent(40_000_000, 47);

for (const stallTimeoutMs of [50, 60_000]) {
  const makesWay = stallTimeoutMs < 1000;
  const name = makesWay ? "makes way for one that waits" : "keeps its place for a while";
  Deno.test(`/proxy: a client that takes nothing ${name}`, async () => {
    await withProxy([{ content: FILE }], async ({ get }) => {
      const stalled = await get();
      // Until nothing more is taken of its response.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      let next = await get({ headers: { range: "bytes=1000-1999" } });
      // On a busy machine it may take longer until its response fills what the system holds.
      for (let tries = 0; makesWay && next.status === 503 && tries < 100; tries++) {
        await next.body?.cancel();
        await new Promise((resolve) => setTimeout(resolve, 100));
        next = await get({ headers: { range: "bytes=1000-1999" } });
      }
      assertEquals(next.status, makesWay ? 206 : 503);
      const bytes = await next.bytes();
      if (!makesWay) return await stalled.body!.cancel();
      assertEquals(bytes, FILE.read(1000, 2000));
      await assertRejects(() => stalled.bytes());
    }, { maxDownloads: 1, stallTimeoutMs });
  });
}
