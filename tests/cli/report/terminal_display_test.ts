import { assertEquals } from "@std/assert";
import type { DisplayMode } from "../../../lib/cli/report/display.ts";
import { LiveDisplay } from "../../../lib/cli/report/live_display.ts";
import { openDisplay } from "../../../lib/cli/report/terminal.ts";

function open(mode: DisplayMode, write: (text: string) => void) {
  const size = () => ({ columns: 80, rows: 24 });
  return openDisplay({ ...{ mode, write, size }, color: false, unicode: true });
}

Deno.test("openDisplay() shows messages without progress in mode none", async () => {
  let written = "";
  using display = await open("none", (text) => written += text);
  const hide = display.show(0, () => {
    throw new Error("asked for progress");
  });
  display.status("reading");
  display.print("one\x1b[2J\ntwo");
  hide();
  assertEquals(written, "one\ufffd[2J\ntwo\n");
});

Deno.test("openDisplay() shows progress in the other modes", async () => {
  for (const mode of ["live", "plain"] as const) {
    using display = await open(mode, () => {});
    assertEquals(display instanceof LiveDisplay, true);
  }
});
