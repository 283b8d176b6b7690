import { assert, assertEquals } from "@std/assert";
import {
  formatShare,
  reportSubtitle,
  reportTitle,
  tableText,
} from "../../../lib/cli/analyze/analysis_table.ts";
import { reportOf } from "../../../lib/cli/plot/trace_report.ts";
import { textWidth } from "../../../lib/command_line/terminal_text.ts";
import { EVENTS, FAST, receive, recording } from "../../trace/sample.ts";

Deno.test("tableText() is the thesis's table", () => {
  const report = reportOf(recording());
  assertEquals(
    tableText(reportTitle(report), report),
    `file.bin from 3 mirrors, diff

file size               5.0 MB
blocks                  5 of 1.0 MB
outcome                 complete
wall time               5.250 s
goodput                 1.0 MB/s (8.0 Mbit/s)
initial buffering time  3.000 s
mean positive delay     1.500 s
duplicate requests      1

                          mean  median     sd    max
invalid blocks            0.60    0.00   0.80   2.00
blocks returned at once   1.67    1.00   0.94   3.00
return interval, s       2.250   2.250  1.250  3.500

A block counts for the mirror that delivered its last byte.
mean, median, sd: time between the blocks of a mirror, in seconds
mirror     blocks   bytes  share   mean  median     sd  dup  fail
fast.test       4  4.0 MB   80 %  1.500   1.000  1.080    1     0
slow.test       1  1.0 MB   20 %      -       -      -    0     1
idle.test       0     0 B    0 %      -       -      -    0     0
`,
  );
});

Deno.test("tableText() shows the most requests at once, where the trace has them", () => {
  const lanes = { type: "lanes", atMs: 1, mirror: FAST, lanes: 6, reason: "rate" } as const;
  const report = reportOf(recording({ events: [lanes, ...EVENTS] }));
  assertEquals(tableText("", report).split("\n").slice(-6), [
    "lanes: the most requests that a mirror was to be busy with at once",
    "mirror     blocks   bytes  share   mean  median     sd  dup  fail  lanes",
    "fast.test       4  4.0 MB   80 %  1.500   1.000  1.080    1     0      6",
    "slow.test       1  1.0 MB   20 %      -       -      -    0     1      -",
    "idle.test       0     0 B    0 %      -       -      -    0     0      -",
    "",
  ]);
});

Deno.test("tableText() tells what was received where that is not the whole file", () => {
  const events = EVENTS.slice(0, -2);
  const report = reportOf(recording({ events, start: 1_000_000, options: {} }));
  const text = tableText(reportTitle(report), report);
  const facts = text.split("\n").slice(0, 6);
  assertEquals(facts, [
    "file.bin from 3 mirrors",
    "",
    "file size               5.0 MB",
    "received                4.0 MB from byte 1000000 on",
    "blocks                  4 of 1.0 MB",
    "outcome                 not recorded",
  ]);
  const unknown = reportOf(recording({ events: EVENTS.slice(1) }));
  assert(tableText("", unknown).includes("file size               unknown\nreceived"));
});

Deno.test("tableText() is at most 80 columns wide, whatever the mirrors are called", () => {
  const urls = Array.from(
    { length: 32 },
    (_, index) => `http://mirror-${index}.${"very-long.".repeat(9)}example:8080/${"名".repeat(60)}`,
  );
  const events = urls.flatMap((url, index) =>
    [0, 1, 2].map((round) => ({
      ...receive(123_456 + 40_000 * round + index, 3 * index + round, URL.parse(url)!.href),
      bytes: 987_654_321,
    }))
  );
  events.sort((one, other) => one.atMs - other.atMs);
  const report = reportOf(recording({ urls, events }));
  const text = tableText(reportTitle(report), report);
  for (const line of text.split("\n")) assert(textWidth(line) <= 80, `${textWidth(line)}: ${line}`);
  assert(text.includes("mirror-31.very"), text);
});

Deno.test("tableText() and the titles steer no terminal", () => {
  const url = "http://a.test/%1b%5b2J%e2%80%ae.bin";
  const report = reportOf(recording({
    urls: [url, "x:\u009b2J"],
    sphttp: "\u001b[2J",
    options: { delayRequest: "\u001b[2J" },
    events: [receive(1, 0, url)],
  }));
  const all = tableText(reportTitle(report), report) + reportSubtitle(report);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.exec(all), null);
});

Deno.test("reportTitle() and reportSubtitle() are the download in two lines", () => {
  const report = reportOf(recording());
  assertEquals(reportTitle(report), "file.bin from 3 mirrors, diff");
  assertEquals(
    reportSubtitle(report),
    "5.0 MB in 5.250 s, 1.0 MB/s; initial buffering 3.000 s; mean invalid blocks 0.60; " +
      "recorded by sphttp 1.2.3",
  );
  const one = reportOf(
    recording({ urls: [], events: [receive(1, 0, "http://a.test/")], start: 5 }),
  );
  assertEquals(reportTitle(one), "http://a.test/ from 1 mirror, diff");
  assertEquals(reportSubtitle(one).slice(0, 32), "1.0 MB from byte 5 on in 1.000 s");
});

Deno.test("formatShare() tells little from nothing", () => {
  assertEquals([0, 0.0001, 0.004999, 0.005, 0.333, 1].map(formatShare), [
    ...["0 %", "<1 %", "<1 %", "1 %", "33 %", "100 %"],
  ]);
});
