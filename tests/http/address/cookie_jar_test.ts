import { assert, assertEquals } from "@std/assert";
import { CookieJar } from "../../../lib/http/address/cookie_jar.ts";

const NOW = Date.UTC(2026, 0, 1);

/** What is sent to `to` after `from` has set the cookies. */
function sent(from: string, setCookies: readonly string[], to: string, nowMs = NOW) {
  const jar = new CookieJar();
  jar.store(setCookies, new URL(from), NOW);
  return jar.header(new URL(to), nowMs);
}

Deno.test("CookieJar sends a cookie back to its host and path", () => {
  const table = [
    ["http://a.test/get/file", "s=1", "http://a.test/get/file", "s=1"],
    ["http://a.test/get/file", "s=1", "http://a.test/get/other?x", "s=1"],
    ["http://a.test/get/file", "s=1", "http://a.test/other", undefined],
    ["http://a.test/file", "s=1", "http://a.test/other", "s=1"],
    ["http://a.test/get/file", "s=1; Path=/", "http://a.test/other", "s=1"],
    ["http://a.test/get/file", "s=1; path=/dl", "http://a.test/dl", "s=1"],
    ["http://a.test/get/file", "s=1; path=/dl", "http://a.test/dl/x", "s=1"],
    ["http://a.test/get/file", "s=1; path=/dl", "http://a.test/dlx", undefined],
    ["http://a.test/get/file", "s=1; path=dl", "http://a.test/get/x", "s=1"],
    // Ports and schemes do not matter.
    ["http://a.test:81/file", "s=1", "https://a.test:82/", "s=1"],
    ["http://127.0.0.1:81/file", "s=1", "http://127.0.0.1:82/", "s=1"],
    ["http://[::1]/file", "s=1", "http://[::1]/", "s=1"],
    // Other hosts.
    ["http://a.test/file", "s=1", "http://b.test/", undefined],
    ["http://a.test/file", "s=1", "http://b.a.test/", undefined],
    ["http://a.test/file", "s=1; HttpOnly; SameSite=Strict", "http://a.test/", "s=1"],
    ["http://a.test/file", 's="a b"; path=/', "http://a.test/", 's="a b"'],
    ["http://a.test/file", "s=a=b=c", "http://a.test/", "s=a=b=c"],
    ["http://a.test/file", "s=", "http://a.test/", "s="],
    ["http://a.test/file", "s", "http://a.test/", undefined],
    ["http://a.test/file", "=1", "http://a.test/", undefined],
    ["http://a.test/file", "s=\x01", "http://a.test/", undefined],
  ] as const;
  for (const [from, cookie, to, expected] of table) {
    assertEquals(sent(from, [cookie], to), expected, `${from} ${cookie} ${to}`);
  }
});

Deno.test("CookieJar: a domain reaches the hosts below it, but no public suffix", () => {
  const table = [
    ["a.example.org", ".example.org", "b.example.org", "s=1"],
    ["a.example.org", "Example.Org", "example.org", "s=1"],
    ["a.example.org", "a.example.org", "b.a.example.org", "s=1"],
    ["a.example.org", "example.org", "badexample.org", undefined],
    ["a.example.org", "b.example.org", "b.example.org", undefined],
    ["a.example.org", "b.a.example.org", "a.example.org", undefined],
    ["a.example.org", "org", "b.org", undefined],
    ["a.example.org", ".", "a.example.org", "s=1"],
    ["a.example.co.uk", "co.uk", "b.co.uk", undefined],
    ["a.example.co.uk", "example.co.uk", "b.example.co.uk", "s=1"],
    ["a.com.de", "com.de", "b.com.de", undefined],
    ["127.0.0.1", "0.0.1", "1.0.0.1", undefined],
    ["127.0.0.1", "127.0.0.1", "127.0.0.1", "s=1"],
    ["localhost", "localhost", "localhost", "s=1"],
  ] as const;
  for (const [from, domain, to, expected] of table) {
    const cookie = `s=1; domain=${domain}`;
    assertEquals(sent(`http://${from}/`, [cookie], `http://${to}/`), expected, `${cookie} ${to}`);
  }
});

Deno.test("CookieJar: secure cookies come from https, and go there only", () => {
  assertEquals(sent("https://a.test/", ["s=1; Secure"], "https://a.test/"), "s=1");
  assertEquals(sent("https://a.test/", ["s=1; Secure"], "http://a.test/"), undefined);
  assertEquals(sent("http://a.test/", ["s=1; Secure"], "https://a.test/"), undefined);
  assertEquals(sent("https://a.test/", ["__Secure-s=1"], "https://a.test/"), undefined);
  const host = "__Host-s=1; Secure; Path=/";
  assertEquals(sent("https://a.test/", [host], "https://a.test/"), "__Host-s=1");
  assertEquals(sent("https://b.a.test/", [`${host}; Domain=a.test`], "https://a.test/"), undefined);
});

Deno.test("CookieJar: cookies expire, and are removed by their age", () => {
  const at = (cookie: string, seconds: number) =>
    sent("http://a.test/", [cookie], "http://a.test/", NOW + seconds * 1000);
  assertEquals(at("s=1; Max-Age=10", 9), "s=1");
  assertEquals(at("s=1; Max-Age=10", 10), undefined);
  assertEquals(at("s=1; Expires=Thu, 01 Jan 2026 00:00:10 GMT", 9), "s=1");
  assertEquals(at("s=1; expires=Thu, 01-Jan-2026 00:00:10 GMT", 11), undefined);
  assertEquals(at("s=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 9), "s=1");
  assertEquals(at("s=1; Expires=tomorrow", 9), "s=1");
  for (const end of ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]) {
    const cookies = ["s=1", "t=2", `s=gone; ${end}`];
    assertEquals(sent("http://a.test/", cookies, "http://a.test/"), "t=2", end);
  }
});

Deno.test("CookieJar: a cookie that is set again replaces the older one", () => {
  const cookies = ["s=1", "t=1; path=/", "s=2", "deep=1; path=/x"];
  assertEquals(sent("http://a.test/", cookies, "http://a.test/x"), "deep=1; t=1; s=2");
});

Deno.test("CookieJar.header() joins the caller's cookies, unless the server has set them anew", () => {
  const jar = new CookieJar();
  const url = new URL("http://a.test/");
  assertEquals(jar.header(url, NOW, "own=1; s=0"), "own=1; s=0");
  jar.store(["s=1"], url, NOW);
  assertEquals(jar.header(url, NOW, "own=1;  s=0"), "own=1; s=1");
  assertEquals(jar.header(new URL("http://b.test/"), NOW, "own=1"), "own=1");
  assertEquals(jar.header(url, NOW), "s=1");
});

Deno.test("CookieJar is bounded in number and size", () => {
  const jar = new CookieJar();
  const url = new URL("http://a.test/");
  jar.store([`big=${"x".repeat(100_000)}`], url, NOW);
  assertEquals([jar.header(url, NOW), jar.refusedLength], [undefined, 100_004]);
  jar.store(Array.from({ length: 10_000 }, (_, index) => `n${index}=1`), url, NOW);
  const names = jar.header(url, NOW)!.split("; ");
  assertEquals([names.length, names[0], names.at(-1)], [64, "n9936=1", "n9999=1"]);
  for (let index = 0; index < 100; index++) {
    jar.store([`long${index}=${"x".repeat(8000)}`], url, NOW);
  }
  assert(jar.header(url, NOW)!.length <= 16_384);
});
