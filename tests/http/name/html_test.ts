import { assert, assertEquals } from "@std/assert";
import { looksLikeHtml, promisesOtherThanHtml, readPage } from "../../../lib/http/name/html.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("looksLikeHtml() recognizes pages by their first tag", () => {
  for (
    const text of [
      "<!DOCTYPE html><html>",
      "<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>",
      "\ufeff<!doctype html>",
      "\r\n\t <html lang=en>",
      "<HTML>",
      "<head>",
      "<title>Sign in</title>",
      "<meta http-equiv=refresh content=0>",
      "<script>location = 'x'</script>",
      "<body onload=x()>",
      "<h1>403 Forbidden</h1>",
      "<p>Not found",
      "<br/>",
      "<!-- a page --><html>",
      "<!-- one --> <!-- two -->\n<!doctype html>",
      `<!-- ${"x".repeat(10_000)} --><html>`,
      '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    ]
  ) assert(looksLikeHtml(bytes(text)), text);
  const wide = (text: string, little: boolean) => {
    const view = new DataView(new ArrayBuffer(text.length * 2));
    [...text].forEach((_, index) => view.setUint16(index * 2, text.charCodeAt(index), little));
    return new Uint8Array(view.buffer);
  };
  assert(looksLikeHtml(wide("\ufeff<!doctype html>", true)));
  assert(looksLikeHtml(wide("\ufeff<!doctype html>", false)));
});

Deno.test("looksLikeHtml() is false for everything else", () => {
  for (
    const text of [
      "",
      "   ",
      "<",
      "html",
      "a <html>",
      "<htmlish>",
      "<bar>",
      "<?xml version='1.0'?><rss version='2.0'>",
      "<?xml version='1.0'?><!-- a picture --><svg>",
      "<svg xmlns='http://www.w3.org/2000/svg'>",
      "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>",
      "#EXTM3U\n",
      '{"html": "<html>"}',
      "\x89PNG\r\n\x1a\n",
      "PK\x03\x04<html>",
    ]
  ) assert(!looksLikeHtml(bytes(text)), text);
  assert(!looksLikeHtml(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0)));
  assert(!looksLikeHtml(bytes(" ".repeat(5000) + "<html>")));
});

Deno.test("promisesOtherThanHtml() knows names of files that are no pages", () => {
  const table = [
    ["film.mkv", true],
    ["archive.tar.gz", true],
    ["a.ZIP", true],
    ["paper.pdf", true],
    ["weights.safetensors", true],
    ["index.html", false],
    ["page.php", false],
    ["README.md", false],
    ["notes.txt", false],
    ["download", false],
    ["v1.2", false],
    ["", false],
  ] as const;
  for (const [name, expected] of table) assertEquals(promisesOtherThanHtml(name), expected, name);
});

Deno.test("readPage() returns the title if it is short, and the name that promised something else", () => {
  const read = (text: string, ...names: string[]) => readPage(bytes(text), names);
  assertEquals(read("%PDF-1.7", "a.pdf"), undefined);
  assertEquals(read("<html>", "a.pdf", "b.iso"), {
    kind: "html",
    title: undefined,
    promised: "a.pdf",
  });
  assertEquals(read("<html>", "", "index.html"), {
    kind: "html",
    title: undefined,
    promised: undefined,
  });
  const titles: [string, string | undefined][] = [
    ["<title>Sign in</title>", "Sign in"],
    ["<html><title lang=en>\n Sign\u001b[2J\n in </title>", "Sign [2J in"],
    ["<title></title>", undefined],
    ["<title>open", undefined],
    [`<title>${"x".repeat(81)}</title>`, undefined],
  ];
  for (const [text, title] of titles) assertEquals(read(text)?.title, title, text);
});
