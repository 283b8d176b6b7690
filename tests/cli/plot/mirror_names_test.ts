import { assertEquals } from "@std/assert";
import { mirrorNames, shorten } from "../../../lib/cli/plot/mirror_names.ts";

Deno.test("mirrorNames() are hosts, numbered where those are the same", () => {
  const urls = [
    "http://a.test:8080/f",
    "https://b.test/one/f",
    "https://c.test/f",
    "https://b.test/f",
  ];
  assertEquals(mirrorNames(urls), ["a.test:8080", "#2 b.test", "c.test", "#4 b.test"]);
  assertEquals(mirrorNames(["data:,x"]), ["data:,x"]);
});

Deno.test("shorten() counts characters, not halves of them", () => {
  assertEquals(shorten("abc", 3), "abc");
  assertEquals(shorten("abcd", 3), "ab…");
  assertEquals(shorten("🙂🙂🙂🙂", 3), "🙂🙂…");
});
