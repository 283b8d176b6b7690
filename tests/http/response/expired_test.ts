import { assertEquals } from "@std/assert";
import { mayHaveExpired } from "../../../lib/http/response/expired.ts";

Deno.test("mayHaveExpired(): some statuses say so only of a URL that has served", () => {
  for (
    const [status, before, after] of [
      [401, true, true],
      [403, true, true],
      [410, true, true],
      [400, false, true],
      [404, false, true],
      [206, false, false],
      [416, false, false],
      [429, false, false],
      [503, false, false],
    ] as const
  ) {
    assertEquals([status, mayHaveExpired(status, false), mayHaveExpired(status, true)], [
      ...[status, before, after],
    ]);
  }
});
