import { assertEquals } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { inFlagWords, invalidOption } from "../../../lib/cli/arguments/validate.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { MirrorUrlError } from "../../../mod.ts";

Deno.test("inFlagWords() puts flags in the place of options", () => {
  const words: [string, string][] = [
    ["splitSize is 5, but must be", "--split-size is 5, but must be"],
    [
      "windowSize is 5, but must be at least twice splitSize (9)",
      "--window is 5, but must be at least twice --split-size (9)",
    ],
    ["maxConnectionsPerMirror is 17, but", "--max-connection-per-server is 17, but"],
    ['delayRequest is "splitSize"', '--delay is "splitSize"'],
    ["something else", "something else"],
    ["word", "word"],
  ];
  for (const [message, text] of words) assertEquals(inFlagWords(message), text);
});

Deno.test("invalidOption() gives URL and option errors their codes", () => {
  const url = commandError(invalidOption(new MirrorUrlError("no URL")));
  assertEquals(url.exitCode, ExitCode.URL);
  const option = commandError(invalidOption(new RangeError("splitSize is 5, but must be")));
  assertEquals([option.exitCode, option.message], [2, "--split-size is 5, but must be"]);
});

function commandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}
