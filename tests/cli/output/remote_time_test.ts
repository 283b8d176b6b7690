import { assertEquals } from "@std/assert";
import { remoteTime } from "../../../lib/cli/output/remote_time.ts";

Deno.test("remoteTime() reads the three forms of an HTTP date", () => {
  const date = new Date("1994-11-06T08:49:37Z");
  assertEquals(remoteTime("Sun, 06 Nov 1994 08:49:37 GMT"), date);
  assertEquals(remoteTime("Sunday, 06-Nov-94 08:49:37 GMT"), date);
  assertEquals(remoteTime("Sun Nov  6 08:49:37 1994"), date);
  assertEquals(remoteTime("Thu, 01 Jan 1970 00:00:00 GMT"), new Date(0));
});

Deno.test("remoteTime() has none for what is no time of a file", () => {
  for (const text of [undefined, "", "yesterday", "0", "2024", "Wed, 31 Dec 1969 23:59:59 GMT"]) {
    assertEquals(remoteTime(text), undefined, text);
  }
});
