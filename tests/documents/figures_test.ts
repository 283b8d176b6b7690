import { assertEquals } from "@std/assert";
import { readPage } from "./page.ts";

/** Figures in pages, with the words around them, and where the code has them. */
const FIGURES: readonly (readonly [page: string, words: string, module: string, code: string])[] = [
  ["architecture", "below 32 KiB", "engine/delivery/reorder_buffer", "SMALL = 32 * 1024"],
  ["architecture", "pages of 64 KiB", "engine/delivery/reorder_buffer", "PAGE = 64 * 1024"],
  ["architecture", "every 4 ms", "engine/delivery/delivery_window", "GATHERING_MS = 4"],
  ["architecture", "unless 64 KiB", "engine/delivery/delivery_window", "ENOUGH = 64 * 1024"],
  ["architecture", "a sixteenth of the window", "engine/delivery/delivery_window", "CHUNKS = 16"],
  ["architecture", "1 MiB for each mirror", "scheduler/bytes/window", "SMALL = 1024 * 1024"],
  ["architecture", "four or more other downloads", "policy/crowd", "MANY = 4"],
  ["architecture", "less than half the rate", "policy/crowd", "LEAST_RATE = 1 / 2"],
  ["architecture", "at most 512 KiB ahead", "policy/crowd", "MOST_AHEAD = 512 * 1024"],
  ["architecture", "under 32 kB/s", "policy/crowd", "ENOUGH = 32"],
  ["architecture", "one of up to four", "scheduler/opening/probe", "MOST_LED = 4"],
  ["algorithms", "after 60 ms", "policy/outlook", "SILENCE_MS = 60"],
  ["algorithms", "the first 64 KiB first", "policy/rescue", "HEAD = 64 * 1024"],
  ["algorithms", "`auto` is 16", "scheduler/mirror/lanes", "MOST_CONNECTIONS = 16"],
  ["algorithms", "The window of 32 MiB", "engine/options/sizes", "WINDOW = 32 * 1024 * 1024"],
  ["algorithms", "up to 128 MiB", "engine/options/sizes", "MOST_WINDOW = 128 * 1024 * 1024"],
  ["library", "at most 2 MiB", "scheduler/bytes/window", "UNREAD = 2 * 1024 * 1024"],
  ["library", "at most 65 536 ranges", "engine/delivery/origins", "MOST_EXTENTS = 65_536"],
  ["library", "up to 256 KiB", "transport/responses/content_check", "MOST_HELD = 256 * 1024"],
  ["performance", "once 64 MiB", "engine/delivery/piece_hasher", "THREAD_AFTER = 64 * 1024 * 1024"],
  ["performance", "128 MiB on", "cli/checksum/checksum", "WORTH_A_THREAD = 128 * 1024 * 1024"],
  ["servers", "waited for 200 ms", "scheduler/opening/opening", "GRACE_MS = 200"],
  ["servers", "the first 1100 KiB", "scheduler/opening/probe", "LEADING_RANGE = 1100 * 1024"],
  ["servers", "a sample of 12 KiB", "scheduler/opening/probe", "PROBE_SIZE = 12 * 1024"],
  ["sphttp", "the last 64 KiB of the part", "cli/part/continuation", "OVERLAP = 64 * 1024"],
  ["sphttp", "up to 8 MiB", "cli/part/continuation", "LONE_OVERLAP = 8 * 1024 * 1024"],
  ["sphttp", "up to 32 combinations", "cli/blame/blame_search", "MOST_COMBINATIONS = 32"],
  ["sphttp", "where they differ, 64 KiB", "cli/blame/disputed_chunk", "CHUNK = 64 * 1024"],
  ["sphttp", "up to three mirrors", "cli/checksum/checksum_search", "MIRRORS = 3"],
  ["sphttp", "files of up to 64 MiB", "cli/signature/minisign", "MAX_LEGACY = 64 * 1024 * 1024"],
];

Deno.test("pages: figures are those of the code", () => {
  const wrong = FIGURES.flatMap(([page, words, module, code]) => {
    const text = readPage(`docs/${page}.md`).text.replace(/\s+/g, " ");
    const path = `lib/${module}.ts`;
    return [
      ...text.includes(words) ? [] : [`docs/${page}.md: ${words}`],
      ...readPage(path).text.includes(`const ${code};`) ? [] : [`${path}: ${code}`],
    ];
  });
  assertEquals(wrong, []);
});
