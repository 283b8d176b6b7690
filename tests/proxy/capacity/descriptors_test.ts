import { assert, assertEquals } from "@std/assert";
import { countDescriptors, shareDescriptors } from "../../../lib/proxy/capacity/descriptors.ts";

Deno.test("shareDescriptors() gives clients a third, and mirrors the rest, less a few", () => {
  const table: [args: Parameters<typeof shareDescriptors>, shares: [number, number | undefined]][] =
    [
      [[Infinity, 1], [1024, undefined]],
      [[Infinity, 3, 5000], [5000, undefined]],
      [[1000, 1], [322, 646]],
      [[1000, 3], [107, 647]],
      [[1000, 1, 100], [100, 868]],
      [[1000, 1, 5000], [967, 1]],
      [[1000, 3, 5000], [322, 2]],
      [[10_000, 1], [1024, 8944]],
      [[10, 1], [1, 1]],
      [[0, 3], [1, 1]],
    ];
  for (const [args, [clients, mirrors]] of table) {
    const { maxConnections, maxMirrorConnections } = shareDescriptors(...args);
    assertEquals([maxConnections, maxMirrorConnections], [clients, mirrors], `${args}`);
  }
});

Deno.test("countDescriptors() leaves none open", async () => {
  const before = await countDescriptors();
  assert(before > 0);
  assertEquals(await countDescriptors(), before);
});
