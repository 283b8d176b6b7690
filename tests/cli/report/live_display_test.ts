import { assertEquals } from "@std/assert";
import type { DisplayMode } from "../../../lib/cli/report/display.ts";
import { LiveDisplay } from "../../../lib/cli/report/live_display.ts";
import type { ProgressState } from "../../../lib/cli/report/progress_state.ts";

const STATE: ProgressState = {
  name: "f",
  offset: 0,
  stats: {
    size: 10,
    consumedBytes: 5,
    receivedBytes: 5,
    bufferedBytes: 0,
    peakBufferedBytes: 0,
    wastedBytes: 0,
    bytesPerSecond: 5,
    elapsedMs: 1000,
    firstByteMs: 0,
    mirrors: [{
      url: "http://h/f",
      state: "busy",
      message: undefined,
      bytes: 5,
      wastedBytes: 0,
      share: 1,
      bytesPerSecond: 5,
      requests: 1,
      duplicates: 0,
      failures: 0,
      badPieces: 0,
      answerMs: 1,
    }],
  },
};

/** What a display writes, with its escape sequences made visible. */
function show(mode: Exclude<DisplayMode, "none">, act: (display: LiveDisplay) => void): string {
  let written = "";
  using display = new LiveDisplay({
    mode,
    write: (text) => written += text,
    size: () => ({ columns: 31, rows: 10 }),
    color: false,
    unicode: true,
  });
  act(display);
  return written.replaceAll("\x1b", "^").replaceAll("\r", "<");
}

const WHOLE = "██████░░░░░░  50 %       5 B/s";
const MIRROR = "  h  busy";
/** The cursor goes back to where the last line begins: a ^C is not to push it to the next one. */
const PICTURE = `${WHOLE}^[K\n${MIRROR}^[K^[J<`;

Deno.test("LiveDisplay prints nothing that could steer a terminal", () => {
  const written = show("plain", (display) => display.print("one\x9b31m\x1b[2J\rtwo\nthree"));
  assertEquals(written, "one\ufffd31m\ufffd[2J\ufffdtwo\nthree\n");
});

Deno.test("LiveDisplay draws over its last picture, and takes it away in the end", () => {
  const written = show("live", (display) => {
    display.show(0, () => STATE);
    display.draw();
    display.draw();
    display.stop();
  });
  assertEquals(written, `${PICTURE}<^[1A${PICTURE}<^[1A^[J`);
});

Deno.test("LiveDisplay takes its picture away from a terminal that has wrapped it", () => {
  let columns = 31;
  let written = "";
  using display = new LiveDisplay({
    ...{ mode: "live", color: false, unicode: true },
    write: (text) => written += text,
    size: () => ({ columns, rows: 10 }),
  });
  display.show(0, () => STATE);
  display.draw();
  columns = 12;
  written = "";
  display.stop();
  // Of the first line, three rows: 30 columns of 12.
  assertEquals(written.replaceAll("\x1b", "^").replaceAll("\r", "<"), "<^[3A^[J");
});

Deno.test("LiveDisplay puts lines above the picture", () => {
  const written = show("live", (display) => {
    display.print("before");
    display.show(0, () => STATE);
    display.draw();
    display.print("note");
    display.stop();
    display.print("after");
  });
  assertEquals(written, `before\n${PICTURE}<^[1A^[Jnote\n${PICTURE}<^[1A^[Jafter\n`);
});

Deno.test("LiveDisplay writes plain lines where there is no terminal", () => {
  const written = show("plain", (display) => {
    display.show(0, () => STATE);
    display.draw();
    display.print("note");
    display.stop();
  });
  assertEquals(written, "5 B of 10 B (50 %), 5 B/s, ETA 1 s\nnote\n");
});

Deno.test("LiveDisplay shows several downloads a line each, and ends when the last one does", () => {
  const written = show("live", (display) => {
    const ends = [0, 1].map((number) =>
      display.show(number, () => ({ ...STATE, name: `file ${number}` }))
    );
    display.draw();
    ends[0]!();
    display.draw();
    ends[1]!();
  });
  const first = written.slice(0, written.indexOf("^[J"));
  assertEquals(first.split("^[K").length - 1, 2);
  assertEquals([first.includes("file 0"), first.includes("file 1")], [true, true]);
  // One is left: its mirrors have room again.
  assertEquals(written.split("^[J")[1]!.includes(MIRROR), true);
  assertEquals(written.endsWith("^[1A^[J"), true);
});

Deno.test("LiveDisplay has a line for what comes before a download", () => {
  const written = show("live", (display) => {
    display.status("reading 10 %");
    display.status("reading 20 %");
    display.show(0, () => STATE);
    display.draw();
  });
  assertEquals(written.startsWith("reading 10 %^[K^[J<<reading 20 %^[K^[J<<"), true, written);
  assertEquals(show("plain", (display) => display.status("reading")), "");
});
