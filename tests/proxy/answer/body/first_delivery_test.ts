import { assertEquals } from "@std/assert";
import { firstEnd } from "../../../../lib/proxy/answer/body/first_delivery.ts";

function endOf(headers: Record<string, string>, method = "GET"): number | undefined {
  return firstEnd(new Request("http://proxy.test/proxy", { method, headers }));
}

Deno.test("firstEnd(): a body that begins with byte 0 is downloaded by the probe", () => {
  const table: [headers: Record<string, string>, end: number | undefined][] = [
    [{}, Infinity],
    [{ range: "bytes=0-" }, Infinity],
    [{ range: "bytes=letters" }, Infinity],
    [{ range: "bytes=0-999999" }, 1_000_000],
    // As many bytes as identify the file.
    [{ range: "bytes=0-0" }, 12_288],
    [{ range: "bytes=0-1" }, 12_288],
    [{ range: "bytes=0-", "if-range": '"x"' }, Infinity],
    [{ range: "bytes=1-" }, undefined],
    [{ range: "bytes=-500" }, undefined],
    [{ range: "bytes=0-9,20-29" }, undefined],
    [{ range: "bytes=99999999999999999999-" }, undefined],
    [{ "if-none-match": '"x"' }, undefined],
    [{ "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }, undefined],
    [{ "if-match": '"x"' }, undefined],
    [{ "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" }, undefined],
  ];
  for (const [headers, end] of table) assertEquals(endOf(headers), end, JSON.stringify(headers));
  assertEquals(endOf({}, "HEAD"), undefined);
});
