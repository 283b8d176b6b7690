import { assertEquals } from "@std/assert";
import { JsonReport } from "../../../lib/cli/report/json_report.ts";
import type { FileReport } from "../../../lib/cli/report/report.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import type { TraceEvent } from "../../../mod.ts";

const MIRROR = "http://a.example/f";

/** The lines that a report writes. */
function lines(act: (file: FileReport, report: JsonReport) => void, verbose = false) {
  let text = "";
  using report = new JsonReport({ write: (part) => text += part, verbose });
  act(report.file({ number: 1, of: 3, name: "f", urls: [MIRROR] }), report);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const SEND: TraceEvent = {
  ...{ type: "send", atMs: 1000, block: 0, mirror: MIRROR, request: 1, start: 0, end: 5 },
  ...{ duplicate: false, reason: "front" as const },
};

Deno.test("JsonReport: every line has version and type, and where it is about a file, its number", () => {
  const written = lines((file, report) => {
    file.note("a note");
    report.note("another");
    file.done({
      ...{
        name: "f",
        bytes: 5,
        existing: 0,
        elapsedMs: 1000,
        bytesPerSecond: 5,
        sources: 1,
        mirrors: 1,
      },
      checksums: ["md5"],
    });
    report.end({ files: 3, failed: 1 });
  });
  assertEquals(written.map(({ v, type, file }) => [v, type, file]), [
    [1, "start", 1],
    [1, "note", 1],
    [1, "note", undefined],
    [1, "done", 1],
    [1, "end", undefined],
  ]);
  assertEquals([written[0].of, written[0].name, written[0].urls], [3, "f", [MIRROR]]);
  assertEquals([written[3].bytes, written[3].checksums], [5, ["md5"]]);
});

Deno.test("JsonReport reports a file that was complete before, and shares once per percent", () => {
  const result = {
    ...{
      name: "f",
      bytes: 5,
      existing: 5,
      elapsedMs: 0,
      bytesPerSecond: 0,
      sources: 0,
      mirrors: 1,
    },
    checksums: [],
  };
  const written = lines((file) => {
    for (let share = 0; share <= 1; share += 0.0005) file.rereading(share);
    for (const share of [0.5, 0.501, 1]) file.comparing(share);
    file.present(result, "f exists already");
  });
  assertEquals(written.filter(({ type }) => type === "rereading").length, 100);
  const compared = written.filter(({ type }) => type === "comparing");
  assertEquals(compared.map(({ share }) => share), [0.5, 1]);
  assertEquals(written.at(-2), { v: 1, type: "note", file: 1, message: "f exists already" });
  assertEquals(written.at(-1), { v: 1, type: "done", file: 1, ...result });
});

Deno.test("JsonReport tells failovers and duplicates; single requests with -v only", () => {
  const act = (file: FileReport) => {
    file.event(SEND);
    file.event({ ...SEND, duplicate: true });
    file.event({ type: "failure", atMs: 2000, mirror: MIRROR, message: "no", retryInMs: 5 });
    file.event({ type: "end", atMs: 3000, outcome: "failed" });
    file.failed(new CommandError(22, "no mirror is left"));
  };
  assertEquals(lines(act).map(({ type }) => type), ["start", "duplicate", "failover", "error"]);
  assertEquals(lines(act).at(-1), {
    ...{ v: 1, type: "error", file: 1, message: "no mirror is left", exitCode: 22 },
  });
  assertEquals(
    lines(act, true).map(({ type }) => type),
    ["start", "request", "duplicate", "request", "failover", "error"],
  );
});

Deno.test("JsonReport tells the progress once more at the end", () => {
  const written = lines((file) => {
    file.start(() => ({
      name: "f",
      offset: 10,
      stats: {
        ...{ size: 90, consumedBytes: 40, receivedBytes: 40, bufferedBytes: 0, bytesPerSecond: 10 },
        ...{ peakBufferedBytes: 0, wastedBytes: 0, elapsedMs: 4000, firstByteMs: 0, mirrors: [] },
      },
    }));
    file.failed(new CommandError(23, "full"));
  });
  const { bytes, size, etaMs, bytesPerSecond } = written[1];
  assertEquals([written[1].type, bytes, size, etaMs, bytesPerSecond], [
    "progress",
    50,
    100,
    5000,
    10,
  ]);
});

Deno.test("JsonReport rounds numbers to three decimals", () => {
  const [, open] = lines((file) =>
    file.event({ type: "open", atMs: 225.84942846675912, size: 5, mode: "ranges" })
  );
  assertEquals([open.atMs, open.size], [225.849, 5]);
});
