import { assertEquals } from "@std/assert";
import { duplicateRequests, ibrc, nibib } from "../../lib/policy/duplicate.ts";
import type { DuplicateView } from "../../lib/scheduler/view.ts";
import type { DownloaderOptions } from "../../lib/engine/options/options.ts";
import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";

function duplicateView(facts: Partial<DuplicateView>): DuplicateView {
  return { invalidBlocks: 0, receivedSinceFront: 0, threshold: 20, ...facts };
}

Deno.test("nibib() fires above the threshold, which is raised to 20", () => {
  // invalid blocks, threshold → fires
  const table = [
    [0, 0, false],
    [1, 0, false],
    [20, 0, false],
    [21, 0, true],
    [20, 19, false],
    [21, 19, true],
    [20, 20, false],
    [21, 20, true],
    [21, 21, false],
    [50, 50, false],
    [51, 50, true],
  ] as const;
  for (const [invalidBlocks, threshold, fires] of table) {
    assertEquals(nibib(duplicateView({ invalidBlocks, threshold })), fires, `${invalidBlocks}`);
  }
});

Deno.test("nibib() ignores how many blocks arrived", () => {
  assertEquals(nibib(duplicateView({ receivedSinceFront: 1000 })), false);
});

Deno.test("ibrc() fires above the given threshold", () => {
  // received since the front moved, threshold → fires
  const table = [
    [0, 0, false],
    [1, 0, true],
    [5, 5, false],
    [6, 5, true],
    [20, 20, false],
    [21, 20, true],
  ] as const;
  for (const [receivedSinceFront, threshold, fires] of table) {
    assertEquals(ibrc(duplicateView({ receivedSinceFront, threshold })), fires);
  }
});

Deno.test("ibrc() ignores how many blocks wait", () => {
  assertEquals(ibrc(duplicateView({ invalidBlocks: 1000 })), false);
});

Deno.test("duplicateRequests.none never fires", () => {
  const view = duplicateView({ invalidBlocks: 1e6, receivedSinceFront: 1e6, threshold: 0 });
  assertEquals(duplicateRequests.none(view), false);
});

Deno.test("duplicate requests: names lead to algorithms, a caller's own function is taken", () => {
  const urls = ["http://one.test/"];
  const algorithmOf = (duplicateRequest: DownloaderOptions["duplicateRequest"]) =>
    resolveOptions(urls, { delayRequest: "diff", duplicateRequest }).policySettings.duplicate;
  assertEquals(algorithmOf("nibib"), nibib);
  assertEquals(algorithmOf("ibrc"), ibrc);
  const own = () => true;
  assertEquals(algorithmOf(own), own);
});
