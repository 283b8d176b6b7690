import { assert, assertEquals } from "@std/assert";
import { randomContent } from "./content.ts";
import { spawnLab } from "./spawn_lab.ts";

Deno.test("spawnLab() serves one file from several mirrors in another process", async () => {
  const size = 1_000_000;
  await using lab = await spawnLab({
    size,
    seed: 3,
    sha256: true,
    mirrors: [{}, { bytesPerSecond: 50e6, faults: [{ kind: "status", status: 503, count: 1 }] }],
  });
  assert(lab.pid !== Deno.pid);
  assertEquals(lab.sha256, randomContent(size, 3).sha256());
  assertEquals(lab.urls.length, 2);
  using client = Deno.createHttpClient({});
  const seen = [];
  for (const url of [...lab.urls, ...lab.urls]) {
    const response = await fetch(url, { client });
    seen.push([response.status, (await response.bytes()).length]);
  }
  assertEquals(seen, [[200, size], [503, 0], [200, size], [200, size]]);
  const report = await lab.report();
  assertEquals(report.map(({ requests, bytesSent }) => [requests, bytesSent]), [
    [2, 2 * size],
    [2, size],
  ]);
});
