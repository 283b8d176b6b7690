import { assertEquals } from "@std/assert";
import { readContentCoding } from "../../../lib/http/response/content_encoding.ts";

Deno.test("readContentCoding() names codings, and knows those that change nothing", () => {
  const table = [
    [undefined, undefined, false],
    ["", undefined, false],
    ["identity", undefined, false],
    ["gzip", "gzip", true],
    [" X-GZIP ", "x-gzip", true],
    ["identity, gzip", "gzip", true],
    ["gzip, gzip", "gzip", true],
    ["aws-chunked", "aws-chunked", false],
    ["aws-chunked, gzip", "aws-chunked, gzip", true],
    ["UTF-8", "utf-8", false],
    ["binary", "binary", false],
    ["zstd", "zstd", true],
    ["whatever", "whatever", true],
    [`${"identity,".repeat(63)} identity`, undefined, false],
    [`${"identity,".repeat(64)} identity`, "over 64 codings", true],
  ] as const;
  for (const [value, name, transforms] of table) {
    const headers = new Headers(value === undefined ? {} : { "content-encoding": value });
    assertEquals(readContentCoding(headers), { name, transforms }, value);
  }
});
