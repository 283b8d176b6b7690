import { assertEquals } from "@std/assert";
import { readLocation } from "../../../lib/http/address/location.ts";

const BASE = new URL("https://a.test/dir/page?x=1");

/** The URL, or what is wrong. */
function read(value: string | undefined, base = BASE): string {
  const target = readLocation(new Headers(value === undefined ? {} : { location: value }), base);
  return target.type === "url" ? target.url.href : target.type === "invalid" ? target.problem : "";
}

/** Text as `fetch` gives the bytes of a field. */
function bytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("readLocation() resolves a Location, without credentials and fragment", () => {
  const table = [
    ["file", "https://a.test/dir/file"],
    ["/file", "https://a.test/file"],
    ["?y=2", "https://a.test/dir/page?y=2"],
    ["http://b.test/file", "http://b.test/file"],
    ["//b.test/file", "https://b.test/file"],
    ["/file#here", "https://a.test/file"],
    ["https://me:secret@b.test/file", "https://b.test/file"],
    ["/a file (1).mp4", "https://a.test/a%20file%20(1).mp4"],
    ["/a%20file", "https://a.test/a%20file"],
    ["/f?q=a b", "https://a.test/f?q=a%20b"],
    ["  /file  ", "https://a.test/file"],
    ["/file, /file", "https://a.test/file"],
    ["http://b.test/a, http://b.test/a", "http://b.test/a"],
    ["/list?of=1, 2", "https://a.test/list?of=1,%202"],
  ] as const;
  for (const [value, url] of table) assertEquals(read(value), url, value);
});

Deno.test("readLocation() restores raw UTF-8, and keeps other bytes", () => {
  const table = [
    [bytes("/café"), "https://a.test/caf%C3%A9"],
    [bytes("/映画.mkv?n=é"), "https://a.test/%E6%98%A0%E7%94%BB.mkv?n=%C3%A9"],
    [bytes("http://bücher.test/x"), "http://xn--bcher-kva.test/x"],
    ["/caf\xe9", "https://a.test/caf%E9"],
    ["/caf\xe9%20x?q=\xe9", "https://a.test/caf%E9%20x?q=%E9"],
  ] as const;
  for (const [value, url] of table) assertEquals(read(value), url, value);
});

Deno.test("readLocation() names what is no target", () => {
  assertEquals(read(undefined), "");
  assertEquals(read(""), "");
  for (const value of ["ftp://b.test/", "file:///etc/passwd", "javascript:x", "data:,x"]) {
    assertEquals(read(value), "to a URL that is not http or https", value);
  }
  assertEquals(read("http://"), "to something that is not a URL");
  assertEquals(read("http://a.test/1, http://b.test/2"), "to 2 URLs at once");
  assertEquals(
    read("/" + "x".repeat(100_000)),
    "to a URL of 100001 characters, more than 65536",
  );
});
