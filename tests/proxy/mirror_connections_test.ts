// Runs in an isolate of its own: connections that other tests keep count for the limit of the process.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { freeConnections, limitConnections } from "../../mod.ts";
import { until } from "../support/lab/client.ts";
import { randomContent } from "../support/lab/content.ts";
import { withProxy } from "../support/proxy/proxy_scene.ts";

/** It takes the mirrors 20 s: the first client does not have it before the second one comes. */
const FILE = randomContent(20_000_000, 53);
const MOST = 6;

Deno.test("/proxy: downloads have no more connections than maxMirrorConnections, and others get a 503", async () => {
  const mirrors = Array.from({ length: 5 }, () => ({ content: FILE, bytesPerSecond: 200_000 }));
  try {
    await withProxy(mirrors, async ({ get, mirrors }) => {
      const first = await get();
      assertEquals(first.status, 200);
      await until(() => freeConnections() < 4 ? true : undefined);
      const refused = await get({ headers: { range: "bytes=1000-1999" } });
      assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
      assertStringIncludes(await refused.text(), "limit of connections to mirrors");
      // A mirror has one that was closed until it hears of that.
      const count = () => mirrors.reduce((sum, { openConnections }) => sum + openConnections, 0);
      await deadline(until(() => count() <= MOST ? true : undefined), 60_000);
      for (const mirror of mirrors) mirror.setRate(undefined);
      assertEquals(await first.bytes(), FILE.read(0, FILE.size));
      const next = await get({ headers: { range: "bytes=1000-1999" } });
      assertEquals(await next.bytes(), FILE.read(1000, 2000));
    }, { maxMirrorConnections: MOST });
  } finally {
    limitConnections(Infinity);
  }
});
