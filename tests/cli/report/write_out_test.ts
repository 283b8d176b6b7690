import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type DownloadFacts,
  parseWriteOut,
  writeOutText,
} from "../../../lib/cli/report/write_out.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const FACTS: DownloadFacts = {
  url: "https://a.example/f.iso",
  mirrors: 3,
  mirrorsUsed: 2,
  fileName: "f.iso",
  status: 206,
  contentType: "application/octet-stream",
  bytes: 1_000_000,
  wastedBytes: 12,
  retries: 1,
  firstByteMs: 12.3456,
  elapsedMs: 2000,
  exitCode: 0,
  error: "",
  number: 4,
};

const TEXTS: [format: string, text: string][] = [
  ["%{http_code}\\n", "206\n"],
  ["%{response_code} %{size_download}\\t%{speed_download}", "206 1000000\t500000"],
  ["%{time_total} %{time_starttransfer}", "2.000000 0.012346"],
  ["100 %% %{exitcode}%{errormsg}", "100 % 0"],
  ["%{filename_effective} %{url} %{scheme} %{urlnum}", "f.iso https://a.example/f.iso https 4"],
  ["%{mirrors_used}/%{mirrors} %{size_wasted} %{num_retries}", "2/3 12 1"],
  ["%{content_type}", "application/octet-stream"],
  ["50% \\x \\", "50% \\x \\"],
  ["", ""],
];

Deno.test("writeOutText() has curl's variables and escapes", () => {
  for (const [format, text] of TEXTS) {
    assertEquals(writeOutText(parseWriteOut("--write-out", format), FACTS), text, format);
  }
});

Deno.test("writeOutText() has no status where nothing was answered", () => {
  const facts = { ...FACTS, status: 0 };
  assertEquals(writeOutText(parseWriteOut("--write-out", "%{http_code}"), facts), "000");
});

Deno.test("writeOutText() gives everything as JSON", () => {
  const json = JSON.parse(writeOutText(parseWriteOut("--write-out", "%{json}"), FACTS));
  assertEquals([json.size_download, json.mirrors, json.exitcode], [1_000_000, 3, 0]);
  assertEquals([json.http_code, json.time_total, json.time_starttransfer], [206, 2, 0.012346]);
  const named = { ...FACTS, fileName: "0123", contentType: "" };
  const other = JSON.parse(writeOutText(parseWriteOut("--write-out", "%{json}"), named));
  assertEquals([other.filename_effective, other.content_type], ["0123", null]);
});

Deno.test("parseWriteOut() lists the known variables in the error for an unknown one", () => {
  const error = assertThrows(() => parseWriteOut("--write-out", "%{nonsense}"), CommandError);
  assertStringIncludes(
    error.message,
    'has the unknown variable "nonsense"; known are content_type, ',
  );
  assertThrows(
    () => parseWriteOut("--write-out", "@file"),
    CommandError,
    "cannot be read from files",
  );
});
