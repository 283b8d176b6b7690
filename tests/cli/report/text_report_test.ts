import { assert, assertEquals } from "@std/assert";
import { openDisplay } from "../../../lib/cli/report/terminal.ts";
import { TextReport } from "../../../lib/cli/report/text_report.ts";
import type { TraceEvent } from "../../../mod.ts";

Deno.test("TextReport shows a request for several blocks once", async () => {
  let written = "";
  const display = await openDisplay({
    mode: "none",
    write: (text) => written += text,
    size: () => ({ columns: 80, rows: 24 }),
    color: false,
    unicode: true,
  });
  using report = new TextReport("verbose", display);
  const file = report.file({ number: 0, of: 1, name: "f", urls: ["http://h/f"] });
  const send = (block: number, request: number, start: number): TraceEvent => ({
    ...{ type: "send", atMs: 0, block, mirror: "http://h/f", request },
    ...{ start, end: start + 10, duplicate: false, reason: "front" },
  });
  for (const event of [send(0, 1, 0), send(1, 1, 0), send(2, 2, 10)]) file.event(event);
  assertEquals(written.match(/block \d requested/g), ["block 0 requested", "block 2 requested"]);
});

Deno.test("TextReport shows how far a comparison is, in the place of the download", async () => {
  let written = "";
  const display = await openDisplay({
    mode: "live",
    write: (text) => written += text,
    size: () => ({ columns: 80, rows: 24 }),
    color: false,
    unicode: true,
  });
  using report = new TextReport("normal", display);
  const file = report.file({ number: 0, of: 1, name: "f", urls: ["http://h/f"] });
  let drawings = 0;
  file.start(() => {
    drawings++;
    throw new Error("The download is not to be shown");
  });
  file.comparing(0.01);
  file.comparing(0.02);
  file.comparing(0.55);
  const lines = written.match(/comparing with other mirrors: +\d+ %/g);
  assertEquals(lines?.map((line) => line.replace(/ +/g, " ")), [
    "comparing with other mirrors: 0 %",
    "comparing with other mirrors: 50 %",
  ]);
  written = "";
  file.comparing(1);
  assert(!written.includes("comparing"), written);
  assertEquals(drawings, 0);
});
