import { assertEquals } from "@std/assert";
import {
  formatBytes,
  formatDuration,
  formatFraction,
  formatPercent,
  formatRate,
  formatTime,
  rateWidth,
  useUnits,
} from "../../../lib/cli/report/text.ts";

Deno.test("formatBytes() uses decimal units with one decimal", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [999.6, "1.0 kB"],
    [1000, "1.0 kB"],
    [12_345, "12.3 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [64_000_000, "64.0 MB"],
    [1_234_567_890, "1.2 GB"],
    [5e12, "5.0 TB"],
    [5e18, "5000.0 PB"],
  ];
  for (const [bytes, text] of table) assertEquals(formatBytes(bytes), text);
});

Deno.test("formatFraction() uses the unit of the whole", () => {
  assertEquals(formatFraction(1_234_567, 64_000_000), "1.2/64.0 MB");
  assertEquals(formatFraction(0, 0), "0/0 B");
});

Deno.test("formatRate() is bytes per second", () => {
  assertEquals(formatRate(24_600_000), "24.6 MB/s");
});

Deno.test("formatDuration() and formatTime() name their unit", () => {
  const table: [seconds: number, duration: string, time: string][] = [
    [0, "0 ms", "0 s"],
    [0.0004, "0 ms", "0 s"],
    [0.042, "42 ms", "0 s"],
    [0.0994, "99 ms", "0 s"],
    [0.0996, "0.1 s", "0 s"],
    [2.64, "2.6 s", "3 s"],
    [9.96, "10 s", "10 s"],
    [59.4, "59 s", "59 s"],
    [59.6, "1:00 min", "1:00 min"],
    [185, "3:05 min", "3:05 min"],
    [3723, "1:02:03 h", "1:02:03 h"],
    [359_999, "99:59:59 h", "99:59:59 h"],
    [360_000, "> 99 h", "> 99 h"],
    [Infinity, "> 99 h", "> 99 h"],
  ];
  for (const [seconds, duration, time] of table) {
    assertEquals(formatDuration(seconds), duration);
    assertEquals(formatTime(seconds), time);
  }
});

Deno.test("formatPercent() says 100 % of nothing unfinished", () => {
  const table: [number, string][] = [[0, "0 %"], [0.29, "29 %"], [0.9999, "99 %"], [1, "100 %"]];
  for (const [share, text] of table) assertEquals(formatPercent(share), text);
});

Deno.test("useUnits() chooses binary units, with the width of their rates", () => {
  const table: [bytes: number, text: string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1023.9 * 1024, "1023.9 KiB"],
    [1024 * 1024 - 1, "1.0 MiB"],
    [3 * 2 ** 40, "3.0 TiB"],
  ];
  const decimal = rateWidth();
  try {
    useUnits("iec");
    for (const [bytes, text] of table) assertEquals(formatBytes(bytes), text);
    assertEquals(formatFraction(2 ** 20, 2 ** 21), "1.0/2.0 MiB");
    assertEquals(formatRate(1023.9 * 2 ** 20).length, rateWidth());
  } finally {
    useUnits("si");
  }
  assertEquals([rateWidth(), formatBytes(1e6)], [decimal, "1.0 MB"]);
});
