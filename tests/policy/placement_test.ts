import { assertEquals } from "@std/assert";
import { cutOut, fitStream, fitWindow, gapAt } from "../../lib/policy/placement.ts";
import { Ledger } from "../../lib/scheduler/bytes/ledger.ts";
import type { DownloadView } from "../../lib/scheduler/view.ts";
import { downloadView } from "../support/scheduler/views.ts";

Deno.test("cutOut() leaves no crumb before or after a range", () => {
  const gap = { start: 1000, end: 2000 };
  const table = [
    // start, length → range; a crumb is less than 50 bytes
    [1000, 100, [1000, 1100]],
    [1040, 100, [1000, 1100]],
    [1060, 100, [1060, 1160]],
    [1880, 100, [1900, 2000]],
    [1960, 100, [1900, 2000]],
    // A gap of few ranges is shared out evenly, or taken as a whole.
    [1000, 480, [1000, 1500]],
    [1000, 900, [1000, 2000]],
    [1100, 990, [1000, 2000]],
  ] as const;
  for (const [start, length, [from, to]] of table) {
    assertEquals(cutOut(gap, start, length, 50), { start: from, end: to }, `${start} ${length}`);
  }
});

Deno.test("gapAt() returns the end of the gap in which a byte lies", () => {
  const free = [{ start: 10, end: 20 }, { start: 30, end: 40 }];
  assertEquals([gapAt(free, 10), gapAt(free, 19), gapAt(free, 30)], [20, 20, 40]);
});

Deno.test("fitWindow() and fitStream() keep an eighth of the window for the front", () => {
  const ahead = { start: 4_000_000, end: 5_000_000 };
  const front = { start: 0, end: 1_000_000 };
  const view = viewOf(8_000_000, 6_500_000);
  assertEquals(fitWindow(front, view), front);
  assertEquals(fitWindow(ahead, view), undefined);
  assertEquals(fitStream(ahead, true, view), ahead);
  assertEquals(fitStream(ahead, false, view), { start: 4_000_000, end: 4_500_000 });
});

Deno.test("fitWindow() and fitStream(): where nothing but the front can make room, it comes", () => {
  const front = { start: 0, end: 1_000_000 };
  for (
    const fit of [
      fitWindow,
      (range: typeof front, view: DownloadView) => fitStream(range, true, view),
    ]
  ) {
    const range = fit(front, viewOf(80_000, 80_000));
    assertEquals(range, { start: 0, end: 10_000 });
  }
});

/** A window of which `taken` bytes are held behind the front. */
function viewOf(windowSize: number, taken: number): DownloadView {
  return downloadView({
    ledger: new Ledger(0, 10_000_000, 100_000),
    windowSize,
    roomFor: () => windowSize - taken,
  });
}
