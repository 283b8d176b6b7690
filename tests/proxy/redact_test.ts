import { assertEquals } from "@std/assert";
import { describeError, redact } from "../../lib/proxy/redact.ts";

Deno.test("redact() takes credentials and queries from URLs, and nothing else", () => {
  const table = [
    [
      "Invalid URL: 'http://a b:9/proxy?token=x&host=http://u/f'",
      "Invalid URL: 'http://a b:9/proxy?…",
    ],
    [
      "GET https://u:p@h/x?sig=1 failed, as http://b/y?z",
      "GET https://h/x?… failed, as http://b/y?…",
    ],
    ["--hots is no flag; did you mean --host?", "--hots is no flag; did you mean --host?"],
    ["named in requests: /proxy?host=URL", "named in requests: /proxy?host=URL"],
  ];
  for (const [text, shown] of table) assertEquals(redact(text!), shown);
});

Deno.test("describeError() makes a line of anything", () => {
  assertEquals(describeError(new Error("a\n  b")), "a b");
  assertEquals(describeError(new RangeError()), "RangeError");
  assertEquals(describeError("http://a/?secret"), "http://a/?…");
});
