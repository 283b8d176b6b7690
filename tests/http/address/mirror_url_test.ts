import { assert, assertEquals, assertThrows } from "@std/assert";
import { MirrorUrlError } from "../../../lib/errors.ts";
import { parseMirrorUrl, parseMirrorUrls } from "../../../lib/http/address/mirror_url.ts";

/** The message with which a URL is refused. */
function refusal(url: string): string {
  try {
    parseMirrorUrl(url);
  } catch (error) {
    if (error instanceof MirrorUrlError) return error.message;
  }
  throw new Error(`${url} was not refused`);
}

/** What an `Authorization` header says, in UTF-8. */
function basic(text: string): string {
  return `Basic ${new TextEncoder().encode(text).toBase64()}`;
}

Deno.test("parseMirrorUrl() accepts http and https, and drops the fragment", () => {
  const table = [
    ["http://one.test/file", "http://one.test/file"],
    ["HTTPS://One.Test:443/a%20b?c=d", "https://one.test/a%20b?c=d"],
    ["http://one.test", "http://one.test/"],
    ["http://one.test/file#part", "http://one.test/file"],
    ["http://[::1]:8080/file", "http://[::1]:8080/file"],
    ["http://bücher.test/ä", "http://xn--bcher-kva.test/%C3%A4"],
  ] as const;
  for (const [text, url] of table) {
    assertEquals(parseMirrorUrl(text), { url, authorization: undefined });
    assertEquals(parseMirrorUrl(new URL(text)).url, url);
  }
});

Deno.test("parseMirrorUrl() turns credentials into a header", () => {
  const table = [
    ["http://user:secret@one.test/", "user:secret"],
    ["http://user@one.test/", "user:"],
    ["http://:secret@one.test/", ":secret"],
    ["http://us%C3%A9r:p%40ss%3A@one.test/", "usér:p@ss:"],
    ["http://usér:пароль@one.test/", "usér:пароль"],
    ["http://user:100%@one.test/", "user:100%"],
  ] as const;
  for (const [text, credentials] of table) {
    const expected = { url: "http://one.test/", authorization: basic(credentials) };
    assertEquals(parseMirrorUrl(text), expected, text);
  }
});

Deno.test("parseMirrorUrl() does not change a URL object", () => {
  const url = new URL("http://user:secret@one.test/#part");
  parseMirrorUrl(url);
  assertEquals(url.href, "http://user:secret@one.test/#part");
});

Deno.test("parseMirrorUrl() says what is wrong", () => {
  assertEquals(refusal("one.test/file").includes('"one.test/file" is not a URL; it must'), true);
  for (const url of ["http://", "http://a:99999/", "https://a b/"]) {
    assertEquals(refusal(url), `"${url}" is not a valid URL`);
  }
  for (const url of ["ftp://one.test/", "file:///etc/passwd", "data:,x", "blob:http://a/b"]) {
    const scheme = new URL(url).protocol;
    assert(refusal(url).includes(`has the scheme ${scheme};`), refusal(url));
    assert(refusal(url).includes(`"${url}"`), refusal(url));
  }
});

Deno.test("parseMirrorUrl(): no message has credentials", () => {
  for (
    const url of [
      "http://user:secret@one test/",
      "http://user:secret@/",
      "ftp://user:secret@one.test/",
      "//user:secret@one.test/",
      "user:secret@one.test/file",
      "http:/user:secret@one test/",
      "http://us@er:secret@one test/",
    ]
  ) assert(!refusal(url).includes("secret"), refusal(url));
});

Deno.test("parseMirrorUrl(): no message has a password with characters that end the authority", () => {
  // A password that should have been percent-encoded makes the URL unreadable, not public.
  for (const url of ["http://user:sec/ret@one.test/", "http://user:sec?ret@one.test/"]) {
    assert(!refusal(url).includes("sec"), refusal(url));
  }
  assert(!refusal("http://user:sec#ret@one.test/").includes("sec"));
});

Deno.test("parseMirrorUrls() keeps each mirror once, in order", () => {
  const { mirrors, repeated } = parseMirrorUrls([
    "http://two.test/file",
    "http://one.test/file",
    new URL("http://two.test/file#again"),
    "http://user:secret@two.test/file",
    "http://one.test/other",
  ]);
  assertEquals(mirrors.map(({ url }) => url), [
    "http://two.test/file",
    "http://one.test/file",
    "http://one.test/other",
  ]);
  assertEquals(repeated, ["http://two.test/file"]);
});

Deno.test("parseMirrorUrls() requires at least one mirror", () => {
  assertThrows(() => parseMirrorUrls([]), MirrorUrlError, "at least one is needed");
});

Deno.test("parseMirrorUrls(): one URL is no list of its letters", () => {
  const url = "http://a.example/f" as unknown as string[];
  assertThrows(() => parseMirrorUrls(url), TypeError, "urls is string, but must be a list");
});
