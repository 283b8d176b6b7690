import { assertEquals } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { invalidOption } from "../../../lib/cli/arguments/validate.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { MirrorUrlError, OptionRangeError, OptionTypeError } from "../../../mod.ts";

Deno.test("invalidOption() names flags instead of options", () => {
  const errors: [error: Error, message: string][] = [
    [new OptionRangeError("splitSize", "is 5"), "--split-size is 5"],
    [new OptionRangeError("maxConnectionsPerMirror", "is 17"), "--max-connection-per-server is 17"],
    [new OptionTypeError("requireProof", 'is "all"'), '--require-proof is "all"'],
    [new OptionTypeError("delayRequest", 'is "splitSize"'), '--delay is "splitSize"'],
    [new OptionTypeError("other", "is odd"), "other is odd"],
  ];
  for (const [error, message] of errors) {
    const { exitCode, message: text } = commandError(invalidOption(error));
    assertEquals([exitCode, text], [ExitCode.USAGE, message]);
  }
});

Deno.test("invalidOption() returns other errors unchanged", () => {
  const error = new TypeError("splitSize is odd");
  assertEquals(invalidOption(error), error);
});

Deno.test("invalidOption() gives an invalid URL its exit code", () => {
  const url = commandError(invalidOption(new MirrorUrlError("no URL")));
  assertEquals(url.exitCode, ExitCode.URL);
});

function commandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}
