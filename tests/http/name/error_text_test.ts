import { assertEquals } from "@std/assert";
import { nameOfText, readErrorText } from "../../../lib/http/name/error_text.ts";

interface Case {
  readonly name?: string;
  readonly type?: string | undefined;
  readonly size?: number;
}

function kindOf(text: string | Uint8Array, { name = "film.mkv", type, size }: Case = {}) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const sent = { size: size ?? bytes.length, contentType: type, names: ["get", name] };
  return readErrorText(bytes, sent)?.kind;
}

const PROBLEM = '{"error": "too many requests"}';
const DENIED = "<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>";

Deno.test("readErrorText() recognizes JSON and XML, whatever their type", () => {
  for (const type of [undefined, "application/octet-stream", "video/mp4", "application/json"]) {
    for (const text of [PROBLEM, " \r\n{}", "[]", '[{"code": 1}]', "[\n  null]", "\ufeff{ }"]) {
      assertEquals(kindOf(text, { type }), "json", text);
    }
    for (const text of [DENIED, "<Error/>", "\n<ListBucketResult xmlns='x'>", "<soap:Envelope>"]) {
      assertEquals(kindOf(text, { type }), "xml", text);
    }
  }
});

Deno.test("readErrorText() recognizes plain text by its type, or where none says otherwise", () => {
  const table: [type: string | undefined, name: string, expected: "text" | undefined][] = [
    ["text/plain", "film.mkv", "text"],
    ["text/plain; charset=utf-8", "disk.img", "text"],
    ["application/problem+json", "film.mkv", "text"],
    [undefined, "file.iso", "text"],
    ["application/octet-stream", "file.tar.gz", "text"],
    ["application/octet-stream", "file.bin", undefined],
    ["video/x-matroska", "film.mkv", undefined],
  ];
  for (const [type, name, expected] of table) {
    assertEquals(kindOf("Too many connections\n", { type, name }), expected, `${type} ${name}`);
  }
});

Deno.test("readErrorText() leaves alone what a name does not promise to be something else", () => {
  for (
    const name of [
      ...["data.json", "feed.xml", "notes.txt", "list.csv", "page.html", "lines.ndjson"],
      ...["live.m3u8", "letter.rtf", "figure.eps", "main.ts", "film.srt", "file", "v1.2", ""],
    ]
  ) {
    for (const text of [PROBLEM, DENIED, "none"]) {
      assertEquals(kindOf(text, { name, type: "text/plain" }), undefined, name);
    }
  }
});

Deno.test("readErrorText() leaves alone what is no short text", () => {
  const table: [Uint8Array | string, Case?][] = [
    [""],
    [PROBLEM, { size: 65_537 }],
    [PROBLEM, { size: Infinity }],
    ["{\0}", { type: "text/plain" }],
    ["\x7fELF", { type: "text/plain" }],
    ["PK\x03\x04", { type: "text/plain" }],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), { type: "text/plain" }],
    [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
    ["ID3 and so on", { type: "audio/mpeg", name: "a.mp3" }],
    ["{ 7", { type: "video/mp4" }],
    ["<3", { type: "video/mp4" }],
  ];
  for (const [bytes, facts] of table) assertEquals(kindOf(bytes, facts), undefined, String(bytes));
});

Deno.test("readErrorText() shows the beginning of a text, on one line", () => {
  const read = (text: string | Uint8Array) => {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const sent = { size: bytes.length, contentType: "text/plain", names: ["a.zip"] };
    return readErrorText(bytes, sent)?.title;
  };
  assertEquals(read("Sorry,\r\n\tbusy.\u001b[2J\n"), "Sorry, busy. [2J");
  assertEquals(read("   "), undefined);
  assertEquals(read("é".repeat(90)), `${"é".repeat(80)}…`);
  // The first bytes may end within a character.
  assertEquals(read(new TextEncoder().encode("ça é").subarray(0, -1)), "ça");
});

Deno.test("nameOfText() names web pages, and other texts that are short", () => {
  const table: [type: string | undefined, size: number | undefined, expected?: string][] = [
    ["text/html; charset=utf-8", 1e9, "a web page"],
    ["application/xhtml+xml", undefined, "a web page"],
    ["text/plain", 65_536, "a short text"],
    ["application/problem+json", 20, "a short text"],
    ["application/xml", 65_537],
    ["text/plain", undefined],
    ["application/octet-stream", 20],
    [undefined, 20],
  ];
  for (const [type, size, expected] of table) assertEquals(nameOfText(type, size), expected, type);
});
