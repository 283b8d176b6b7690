import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { type Content, randomContent } from "../support/lab/content.ts";
import { type Ask, refused, served } from "../support/lab/odd_reply.ts";
import {
  type OddServer,
  type OddServerOptions,
  startOddServer,
} from "../support/lab/odd_server.ts";
import { type ProxyScene, withProxyOf } from "../support/proxy/proxy_scene.ts";

const FILE = randomContent(1_200_000, 5);
/** Larger than what a proxy with {@linkcode MEMORY} and the sockets around it hold. */
const BIG = randomContent(40_000_000, 6);
const MEMORY = { memory: 16 * 1024 * 1024, maxDownloads: 8 };

/** Answers something else while two requests are being answered. */
const two = (ask: Ask) => ask.live >= 2 ? refused(503) : served(ask);

async function withServer(
  options: Partial<OddServerOptions>,
  run: (scene: Pick<ProxyScene, "get" | "base"> & { server: OddServer }) => Promise<void>,
): Promise<void> {
  await using server = await startOddServer({ content: FILE, serve: two, ...options });
  await withProxyOf([server.url], (scene) => run({ ...scene, server }), MEMORY);
}

function whole(content: Content): Uint8Array {
  return content.read(0, content.size).slice();
}

Deno.test("/proxy: six clients get a file from a host that allows two connections", async () => {
  await withServer({ bytesPerSecond: 6e6 }, async ({ get }) => {
    const bodies = await Promise.all(Array.from({ length: 6 }, async () => {
      const response = await get();
      assertEquals(response.status, 200);
      return await response.bytes();
    }));
    for (const bytes of bodies) assertEquals(bytes, whole(FILE));
  });
});

Deno.test("/proxy: players that pause do not keep others from a host that allows two connections", async () => {
  await withServer({ content: BIG }, async ({ get }) => {
    const paused = await Promise.all([get(), get()]);
    const readers = paused.map(({ body }) => body!.getReader());
    const first = new Map<unknown, Uint8Array>();
    for (const reader of readers) first.set(reader, (await reader.read()).value!);
    const seek = await get({ headers: { range: "bytes=20000000-20999999" } });
    assertEquals(seek.status, 206);
    assertEquals(Buffer.compare(await seek.bytes(), BIG.read(20e6, 21e6)), 0);
    // They go on where they were.
    for (const reader of readers) {
      const parts = [first.get(reader)!];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
      }
      assertEquals(Buffer.compare(Buffer.concat(parts), BIG.read(0, BIG.size)), 0);
    }
  });
});

Deno.test("/proxy: a mirror that thinks before each answer is asked once for each client request", async () => {
  const serve = (ask: Ask) => served(ask).after(200);
  await withServer({ serve, content: randomContent(7_600_000, 7) }, async ({ get, server }) => {
    const { requests } = server;
    for (
      const [range, most] of [[undefined, 1], ["bytes=3000000-", 1], [
        "bytes=5000-104999",
        1,
      ]] as const
    ) {
      const before = requests.length;
      const response = await get({ headers: range === undefined ? {} : { range } });
      await response.bytes();
      assert(requests.length - before <= most, `${requests.length - before} for ${range}`);
    }
  });
});

Deno.test("/proxy: a link that can be used once gives its file once", async () => {
  const serve = (ask: Ask) => ask.index > 0 ? refused(403) : served(ask);
  await withServer({ serve }, async ({ get, server }) => {
    const response = await get();
    assertEquals([response.status, await response.bytes()], [200, whole(FILE)]);
    assertEquals(server.requests.length, 1);
    // What is known of the file stays, but its bytes are gone.
    const again = await get();
    assertEquals(again.status, 502);
    await again.body?.cancel();
  });
});

Deno.test("/proxy: a server that asks to wait is asked once, and clients are told so at once", async () => {
  const serve = (ask: Ask) => ask.index > 0 ? refused(429, { "Retry-After": "100" }) : served(ask);
  await withServer({ serve }, async ({ get, server }) => {
    assertEquals(await (await get()).bytes(), whole(FILE));
    for (const range of ["bytes=1000-", "bytes=2000-", "bytes=-10"]) {
      const response = await get({ headers: { range } });
      assertEquals(response.status, 503, range);
      const seconds = Number(response.headers.get("retry-after"));
      assert(seconds > 50 && seconds <= 100, `${seconds} s`);
      await response.body?.cancel();
    }
    assertEquals(server.requests.length, 2);
  });
});
