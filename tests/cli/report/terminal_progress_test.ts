import { assertEquals } from "@std/assert";
import { LiveDisplay } from "../../../lib/cli/report/live_display.ts";
import type { ProgressState } from "../../../lib/cli/report/progress_state.ts";
import {
  clearTerminalProgress,
  TerminalProgress,
} from "../../../lib/cli/report/terminal_progress.ts";

function state(name: string, done: number, size: number | undefined): ProgressState {
  const stats = { size, consumedBytes: done, bytesPerSecond: 0, mirrors: [] };
  return { name, offset: 0, stats: stats as unknown as ProgressState["stats"] };
}

/** What is written, with its escape sequences made visible. */
function show(act: (progress: TerminalProgress) => void): string {
  let written = "";
  act(new TerminalProgress((text) => written += text));
  return written.replaceAll("\x1b", "^").replaceAll("\x07", "!");
}

const CLEARED = "^]9;4;0;0!^[23;0t";

Deno.test("TerminalProgress shows title and share, by the percent, and takes them back", () => {
  const written = show((progress) => {
    progress.update([state("f.iso", 1, 1000)]);
    progress.update([state("f.iso", 9, 1000)]);
    progress.update([state("f.iso", 10, 1000)]);
    progress.update([]);
    progress.clear();
  });
  assertEquals(
    written,
    `^[22;0t^]0;0 % f.iso!^]9;4;1;0!^]0;1 % f.iso!^]9;4;1;1!${CLEARED}`,
  );
});

Deno.test("TerminalProgress: several files, and sizes that are unknown", () => {
  const two = show((progress) => progress.update([state("a", 100, 100), state("b", 0, 300)]));
  assertEquals(two, "^[22;0t^]0;25 % 2 files!^]9;4;1;25!");
  const unknown = show((progress) => progress.update([state("a", 100, undefined)]));
  assertEquals(unknown, "^[22;0t^]0;a!^]9;4;3;0!");
});

Deno.test("TerminalProgress: a name cannot end the sequence", () => {
  const written = show((progress) => progress.update([state("a\x07\x1b]0;b\x9c", 1, 2)]));
  assertEquals(written, "^[22;0t^]0;50 % a\ufffd\ufffd]0;b\ufffd!^]9;4;1;50!");
});

Deno.test("clearTerminalProgress() takes back what is shown, once", () => {
  const written = show((progress) => {
    progress.update([state("a", 1, 2)]);
    clearTerminalProgress();
    clearTerminalProgress();
  });
  assertEquals(written, `^[22;0t^]0;50 % a!^]9;4;1;50!${CLEARED}`);
});

Deno.test("LiveDisplay shows the title if asked, and clears it when it is disposed", () => {
  let written = "";
  const size = () => ({ columns: 40, rows: 10 });
  const options = { mode: "live", size, color: false, unicode: true, simple: true } as const;
  for (const title of [false, true]) {
    written = "";
    {
      using display = new LiveDisplay({ ...options, title, write: (text) => written += text });
      display.show(0, () => state("a", 1, 2));
      display.draw();
    }
    assertEquals(written.includes("\x1b]9;4;1;50"), title);
    assertEquals(written.includes("\x1b]9;4;0;0\x07\x1b[23;0t"), title);
  }
});
