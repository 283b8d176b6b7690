import { assertEquals } from "@std/assert";
import {
  formatBytes,
  formatDuration,
  formatRate,
  formatRoundBytes,
  formatShare,
  roundUp,
} from "../../../../lib/proxy/page/source/formats.ts";

Deno.test("formatBytes() keeps three digits", () => {
  const cases = [
    [-1, "0 B"],
    [0, "0 B"],
    [950, "950 B"],
    [999.4, "999 B"],
    [999.5, "1.00 kB"],
    [9_994, "9.99 kB"],
    [9_995, "10.0 kB"],
    [99_950, "100 kB"],
    [3_200_000, "3.20 MB"],
    [999_500_000, "1.00 GB"],
    [5e18, "5000 PB"],
  ] as const;
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text, `${bytes}`);
});

Deno.test("formatRoundBytes() drops trailing zeros", () => {
  const texts = [1e6, 20e6, 1.5e6, 100].map(formatRoundBytes);
  assertEquals(texts, ["1 MB", "20 MB", "1.50 MB", "100 B"]);
});

Deno.test("formatRate(), formatShare() and formatDuration() add their units", () => {
  assertEquals([formatRate(26e6), formatShare(0.625)], ["26.0 MB/s", "63 %"]);
  const texts = [4.23, 59.9, 60, 65.7, 3599, 7209].map((seconds) => formatDuration(1000 * seconds));
  assertEquals(texts, ["4.2 s", "59.9 s", "1:00 min", "1:05 min", "59:59 min", "2:00:09 h"]);
});

Deno.test("roundUp() returns the next round number", () => {
  const rounded = [1, 1.1, 3, 9.5, 10, 100_000, 26e6, 41e6].map(roundUp);
  assertEquals(rounded, [1, 2, 4, 10, 10, 100_000, 40e6, 60e6]);
});
