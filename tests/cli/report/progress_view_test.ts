import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import type { MirrorStats } from "../../../mod.ts";
import { type ProgressState, totals } from "../../../lib/cli/report/progress_state.ts";
import {
  mirrorLabels,
  progressLine,
  renderProgress,
} from "../../../lib/cli/report/progress_view.ts";
import { textWidth } from "../../../lib/command_line/terminal_text.ts";

const STATES = [
  "busy",
  "busy",
  "waiting",
  "dropped",
  "idle",
  "spare",
  "probing",
  "retired",
  "closed",
] as const;

function mirror(index: number, facts: Partial<MirrorStats> = {}): MirrorStats {
  return {
    url: `http://mirror${index}.example/pub/file.iso`,
    state: STATES[index % STATES.length]!,
    message: undefined,
    bytes: 1000,
    wastedBytes: 0,
    share: 1 / 2 ** (index + 1),
    bytesPerSecond: 1e7 / 2 ** index,
    requests: 1,
    duplicates: 0,
    failures: 0,
    badPieces: 0,
    answerMs: 10,
    ...facts,
  };
}

function state(
  facts: Partial<ProgressState["stats"]> = {},
  { name = "file.iso", offset = 0, mirrors = 3 } = {},
): ProgressState {
  return {
    name,
    offset,
    stats: {
      size: 64_000_000,
      consumedBytes: 16_000_000,
      receivedBytes: 20_000_000,
      bufferedBytes: 4_000_000,
      peakBufferedBytes: 5_000_000,
      wastedBytes: 0,
      bytesPerSecond: 24_000_000,
      elapsedMs: 1000,
      firstByteMs: 100,
      mirrors: Array.from({ length: mirrors }, (_, index) => mirror(index)),
      ...facts,
    },
  };
}

Deno.test("renderProgress() draws one line for the whole and one for each mirror", () => {
  assertEquals(renderProgress(state(), 80), [
    "file.iso  ███████▒▒░░░░░░░░░░░░░░░░░░░  25 %  16.0/64.0 MB   24.0 MB/s  ETA  2 s",
    "  mirror0.example  busy     ████████████████▌                   50 %   10.0 MB/s",
    "  mirror1.example  busy     ████████▎                           25 %    5.0 MB/s",
    "  mirror2.example  waiting  ████▏                               12 %    2.5 MB/s",
  ]);
});

Deno.test("renderProgress() leaves out what a narrow terminal has no room for", () => {
  assertEquals(renderProgress(state(), 40), [
    "███▒░░░░░░░░  25 %   24.0 MB/s  ETA  2 s",
    "  mirror0.e…  busy      50 %   10.0 MB/s",
    "  mirror1.e…  busy      25 %    5.0 MB/s",
    "  mirror2.e…  waiting   12 %    2.5 MB/s",
  ]);
});

Deno.test("renderProgress() is never wider than the terminal", () => {
  const states = [
    state(),
    state({ size: undefined }),
    state({ size: 0, consumedBytes: 0, bufferedBytes: 0 }),
    state({ bytesPerSecond: 0 }),
    state({ bytesPerSecond: 1 }, { mirrors: 12 }),
    state({ size: 9e15, consumedBytes: 8e15, bytesPerSecond: 999_949_999 }, {
      name: "無効".repeat(40),
    }),
    state({ consumedBytes: 64_000_000, bufferedBytes: 64_000_000 }, { name: "x".repeat(300) }),
    state({ mirrors: [mirror(0, { url: `https://${"long.".repeat(40)}example/f` })] }),
  ];
  const [line] = renderProgress(state(), 80, { color: true });
  assertStringIncludes(line!, "\x1b[32m");
  for (const [index, drawn] of states.entries()) {
    for (const width of [1, 5, 10, 20, 31, 39, 40, 47, 48, 60, 71, 72, 79, 80, 120, 200]) {
      for (const unicode of [true, false]) {
        for (const line of renderProgress(drawn, width, { unicode })) {
          assert(textWidth(line) <= width, `state ${index}, width ${width}: ${line}`);
        }
        // Colors occupy no columns.
        const colored = renderProgress(drawn, width, { unicode, color: true });
        assertEquals(colored.map(stripAnsiCode), renderProgress(drawn, width, { unicode }));
      }
    }
  }
});

Deno.test("renderProgress() shows no share of a single mirror, as if that were its progress", () => {
  assertEquals(renderProgress(state({}, { mirrors: 1 }), 80), [
    "file.iso  ███████▒▒░░░░░░░░░░░░░░░░░░░  25 %  16.0/64.0 MB   24.0 MB/s  ETA  2 s",
    "  mirror0.example  busy",
  ]);
});

Deno.test("renderProgress() without Unicode is plain ASCII", () => {
  const text = renderProgress(state({ bytesPerSecond: 0 }), 60, { unicode: false }).join("\n");
  assertEquals(/^[\n\x20-\x7e]*$/.test(text), true, text);
});

Deno.test("renderProgress() folds the mirrors that delivered least into one line", () => {
  const lines = renderProgress(state({}, { mirrors: 12 }), 80, { mirrorLines: 4 });
  assertEquals(lines.length, 5);
  assertStringIncludes(lines[3]!, "mirror2.example");
  assertStringIncludes(lines[4]!, "9 others");
  assertEquals(renderProgress(state({}, { mirrors: 8 }), 80).length, 9);
  assertEquals(renderProgress(state(), 80, { mirrorLines: 0 }).length, 1);
});

Deno.test("renderProgress() tells mirrors on one host apart by their paths", () => {
  const mirrors = [mirror(0, { url: "http://h/a/f" }), mirror(1, { url: "http://h/b/f" })];
  const text = renderProgress(state({ mirrors }), 80).join("\n");
  assertStringIncludes(text, "h/a/f");
  assertStringIncludes(text, "h/b/f");
});

Deno.test("progressLine() is one line for a log", () => {
  assertEquals(progressLine(state()), "16.0 MB of 64.0 MB (25 %), 24.0 MB/s, ETA 2 s");
  assertEquals(progressLine(state({ size: undefined })), "16.0 MB, 24.0 MB/s");
  assertEquals(progressLine(state({ bytesPerSecond: 0 })), "16.0 MB of 64.0 MB (25 %), 0 B/s");
});

Deno.test("totals() counts what was there before", () => {
  assertEquals(totals(state({ size: 48_000_000, consumedBytes: 8_000_000 }, { offset: 16e6 })), {
    done: 24_000_000,
    total: 64_000_000,
    share: 0.375,
    etaMs: 1000 * 40 / 24,
  });
});

Deno.test("mirrorLabels() has what tells mirrors apart", () => {
  const labels = (...urls: string[]) => mirrorLabels(urls.map((url) => ({ url })));
  assertEquals(labels("http://a.example/f", "http://b.example/f"), ["a.example", "b.example"]);
  assertEquals(labels("http://a.example/f", "http://a.example/g", "http://b.example/f"), [
    ...["a.example/f", "a.example/g", "b.example"],
  ]);
  assertEquals(labels("http://a.example/f#192.0.2.1", "http://a.example/f#192.0.2.2"), [
    ...["a.example#192.0.2.1", "a.example#192.0.2.2"],
  ]);
  assertEquals(labels("http://a.example/f#::1", "http://a.example/f#::2", "http://a.example/g"), [
    ...["a.example/f#::1", "a.example/f#::2", "a.example/g"],
  ]);
});
