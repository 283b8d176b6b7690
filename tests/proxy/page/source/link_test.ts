import { assertEquals } from "@std/assert";
import {
  commandsFor,
  explain,
  fileName,
  isSecret,
  makeLink,
  mediaKind,
  parseMirrors,
} from "../../../../lib/proxy/page/source/link.ts";

const DEFAULTS = { delay: "", save: false };

Deno.test("parseMirrors() returns each mirror once, and where the wrong lines are", () => {
  const text = " https://a.example/f \n\nftp://b.example/f\nHTTP://c.example\nhttps://a.example/f";
  assertEquals(parseMirrors(text), {
    mirrors: ["https://a.example/f", "HTTP://c.example"],
    wrong: [{ line: "ftp://b.example/f", number: 3, offset: 23, length: 17 }],
  });
});

Deno.test("parseMirrors() accepts absolute http and https URLs only", () => {
  const wrong = [
    "https://",
    "https:///a",
    "https://a b/",
    "https://a/b c",
    "a.example/f",
    "https:\\\\a",
  ];
  for (const line of wrong) assertEquals(parseMirrors(line).mirrors, [], line);
});

Deno.test("explain() shortens long lines", () => {
  const text = explain({ line: "x".repeat(80), number: 2, offset: 0, length: 80 });
  assertEquals(text, `Line 2 is not an http:// or https:// URL: “${"x".repeat(60)}…”`);
});

Deno.test("isSecret() finds credentials and signatures", () => {
  const secrets = ["u@a/", "u:p@a/", "a/?token=1", "a/?X-Amz-Signature=1", "a/?x&my_key=2"];
  for (const rest of secrets) assertEquals(isSecret(`https://${rest}`), true, rest);
  for (const rest of ["a/token", "a/?keyboard=1", "a/?q=secret", "a/#token=1"]) {
    assertEquals(isSecret(`https://${rest}`), false, rest);
  }
});

Deno.test("makeLink() encodes mirrors and adds the options that are set", () => {
  const mirrors = ["https://a.example/it's?x=1&y=2", "http://b.example/f"] as const;
  const link = makeLink("http://proxy.test", mirrors, DEFAULTS);
  const query = "url=https%3A%2F%2Fa.example%2Fit%27s%3Fx%3D1%26y%3D2" +
    "&url=http%3A%2F%2Fb.example%2Ff";
  assertEquals(link, { url: `http://proxy.test/proxy/it%27s?${query}`, query, name: "it's" });
  const full = makeLink("http://proxy.test", mirrors, { delay: "DIFF", save: true });
  assertEquals(full.query, `${query}&delay_req_algo=DIFF&download=1`);
});

Deno.test("makeLink() names the file in the path if the first URL does", () => {
  const pathOf = (url: string) => new URL(makeLink("http://p.test", [url], DEFAULTS).url).pathname;
  assertEquals(pathOf("https://a.example/dir/a film #1.webm"), "/proxy/a%20film%20");
  assertEquals(pathOf("https://a.example/100%25%2F.mkv"), "/proxy/100%25.mkv");
  for (const url of ["https://a.example/", "https://a.example/%2e%2e%2f", "https://a.example/f/"]) {
    assertEquals(pathOf(url), "/proxy", url);
  }
});

Deno.test("fileName() returns a safe name", () => {
  const cases = {
    "/dir/film.webm?x=1": "film.webm",
    "/a%20b.mp4": "a b.mp4",
    "/%2e%2e%2fetc%5Cpasswd": "etcpasswd",
    "/%1b[31mred%e2%80%ae": "[31mred",
    "/100%": "100%",
    "/": "download",
    "/...": "download",
  };
  for (const [path, name] of Object.entries(cases)) {
    assertEquals(fileName(`https://a.example${path}`), name, path);
  }
});

Deno.test("commandsFor() quotes names for a shell", () => {
  const url = "http://proxy.test/proxy?url=x";
  const curl = (name: string) => commandsFor({ url, query: "url=x", name }).curl;
  assertEquals(curl("film-1.webm"), `curl -fo film-1.webm '${url}'`);
  assertEquals(curl("it's; rm"), `curl -fo 'it'\\''s; rm' '${url}'`);
  assertEquals(curl("-x"), `curl -fo '-x' '${url}'`);
});

Deno.test("mediaKind() prefers the media type to the name", () => {
  const cases = [
    ["video/mp4", "f", "video"],
    ["Audio/mpeg", "f.mp4", "audio"],
    ["", "f.MKV", "video"],
    ["application/octet-stream", "f.flac", "audio"],
    ["text/csv", "f.csv", undefined],
  ] as const;
  for (const [type, name, kind] of cases) assertEquals(mediaKind(type, name), kind, name);
});
