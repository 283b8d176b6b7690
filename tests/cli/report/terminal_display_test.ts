import { assertEquals } from "@std/assert";
import type { DisplayMode } from "../../../lib/cli/report/display.ts";
import { LiveDisplay } from "../../../lib/cli/report/live_display.ts";
import {
  displayOptions,
  openDisplay,
  understandsTitles,
  usesColors,
} from "../../../lib/cli/report/terminal.ts";

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

Deno.test("openDisplay() breaks long messages where they are for a terminal", async () => {
  for (const mode of ["none", "plain", "live"] as const) {
    let written = "";
    const size = () => ({ columns: 21, rows: 24 });
    const write = (text: string) => written += text;
    const options = { mode, write, size, color: false, unicode: true };
    using display = await openDisplay({ ...options, wraps: true });
    display.print("a message that is too long");
    assertEquals(written, "a message that is\n  too long\n", mode);
  }
});

Deno.test("displayOptions(): what goes to a pipe has one line of progress", () => {
  const shown = { verbosity: "normal", progress: true } as const;
  assertEquals(displayOptions({ ...shown, toStdout: true }).simple, true);
  assertEquals(displayOptions({ ...shown, toStdout: false, simple: false }).simple, false);
});

Deno.test("usesColors() follows FORCE_COLOR before NO_COLOR", () => {
  const table: [force: string | undefined, isRefused: boolean, uses: boolean][] = [
    [undefined, false, true],
    [undefined, true, false],
    ["", true, false],
    ["1", true, true],
    ["0", false, false],
    ["false", false, false],
  ];
  for (const [force, isRefused, uses] of table) assertEquals(usesColors(force, isRefused), uses);
});

Deno.test("understandsTitles() is for terminals that say what they are", () => {
  const understands = (
    variables: Record<string, string>,
    os: typeof Deno.build.os = "linux",
  ) => understandsTitles((name) => variables[name], os);
  assertEquals(understands({ TERM: "xterm-256color" }), true);
  assertEquals(understands({ TERM: "dumb" }), false);
  assertEquals(understands({ TERM: "linux" }), false);
  assertEquals(understands({}), false);
  assertEquals(understands({}, "windows"), true);
  const iterm = { TERM: "xterm", TERM_PROGRAM: "iTerm.app" };
  assertEquals(understands({ ...iterm, TERM_PROGRAM_VERSION: "3.5.14" }), false);
  assertEquals(understands({ ...iterm, TERM_PROGRAM_VERSION: "3.6.1" }), true);
  assertEquals(understands(iterm), false);
});
