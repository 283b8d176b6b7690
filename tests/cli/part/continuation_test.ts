import { assertEquals, assertThrows } from "@std/assert";
import {
  Continuation,
  continuationStart,
  OVERLAP,
  partTooLong,
} from "../../../lib/cli/part/continuation.ts";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("continuationStart() goes back by the overlap", () => {
  assertEquals(continuationStart(0), 0);
  assertEquals(continuationStart(10), 0);
  assertEquals(continuationStart(OVERLAP + 10), 10);
});

Deno.test("Continuation lets through what lies behind the part file, however it is cut", () => {
  for (const cuts of [[7], [1, 6], [3, 4], [2, 2, 3], [1, 1, 1, 1, 1, 1, 1]]) {
    const continuation = new Continuation(bytes(1, 2, 3), "f.part", 0);
    const all = bytes(1, 2, 3, 4, 5, 6, 7);
    const fresh: number[] = [];
    let position = 0;
    for (const length of cuts) {
      fresh.push(...continuation.take(all.subarray(position, position += length)));
    }
    continuation.finish();
    assertEquals(fresh, [4, 5, 6, 7], cuts.join());
  }
});

Deno.test("Continuation refuses other bytes", () => {
  const continuation = new Continuation(bytes(1, 2, 3), "f.part", 10);
  continuation.take(bytes(1, 2));
  assertThrows(
    () => continuation.take(bytes(9, 4)),
    CommandError,
    "f.part belongs to another version of the file: its byte 12 differs, and is unchanged",
  );
});

Deno.test("Continuation refuses a file that ends within the part file", () => {
  const continuation = new Continuation(bytes(1, 2, 3), "f.part", 10);
  continuation.take(bytes(1, 2));
  assertThrows(() => continuation.finish(), CommandError, "is longer than this file");
});

Deno.test("a refusal says what becomes of the part file, and what to do", () => {
  const error = partTooLong("f.part");
  assertEquals(error.exitCode, ExitCode.RESUME);
  assertEquals(
    error.message,
    "f.part is longer than this file, and is unchanged; " +
      "move it away or omit -C - to start over",
  );
});
