import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  contentDisposition,
  corsHeaders,
  fileNameOf,
  filePolicy,
  isPreflight,
} from "../../../lib/proxy/answer/headers.ts";
import type { CorsOption } from "../../../lib/proxy/options.ts";
import { mulberry32 } from "../../support/random.ts";

Deno.test("fileNameOf() takes the decoded end of the URL's path", () => {
  const table = [
    ["https://a.example/film.mp4", "film.mp4"],
    ["https://me:pw@a.example:8080/x/y/film.mp4?name=z.exe#w", "film.mp4"],
    ["https://a.example/my%20film%20(1).mp4", "my film (1).mp4"],
    ["https://a.example/%E6%98%A0%E7%94%BB.mp4", "映画.mp4"],
    ["https://a.example/映画.mp4", "映画.mp4"],
    ["https://a.example/a%2Cb;c=d.tar.gz", "a,b;c=d.tar.gz"],
    ["https://a.example/it's%20100%25.txt", "it's 100%.txt"],
    // Not UTF-8: it stays as it is.
    ["https://a.example/caf%E9.txt", "caf%E9.txt"],
    ["https://a.example/100%.txt", "100%.txt"],
    // No name.
    ["https://a.example", "download"],
    ["https://a.example/", "download"],
    ["https://a.example/x/", "download"],
    ["https://a.example/%20", "download"],
    ["https://a.example/...", "download"],
    ["https://a.example/%00", "download"],
    ["no url", "download"],
    // Paths.
    ["https://a.example/..%2F..%2Fetc%2Fpasswd", "passwd"],
    ["https://a.example/..%5C..%5Cboot.ini", "boot.ini"],
    ["https://a.example/C%3A%5Cboot.ini", "boot.ini"],
    ["https://a.example/x%2F", "download"],
    ["https://a.example/x%2F..", "download"],
    // What does harm on some system.
    ["https://a.example/.htaccess", "htaccess"],
    ["https://a.example/a%0D%0ASet-Cookie:%20b=c", "aSet-Cookie_ b=c"],
    ["https://a.example/%22a%22%3Cb%3E%7Cc%3Fd%2A", "_a__b__c_d_"],
    ["https://a.example/film.mp4%20.%20.", "film.mp4"],
    ["https://a.example/con", "_con"],
    ["https://a.example/NUL.txt", "_NUL.txt"],
    ["https://a.example/Com1.tar.gz", "_Com1.tar.gz"],
    ["https://a.example/lpt9%20.txt", "_lpt9 .txt"],
    ["https://a.example/CONOUT%24", "_CONOUT$"],
    ["https://a.example/console.log", "console.log"],
    ["https://a.example/com10", "com10"],
    // An ending in disguise: gpj.exe, written from right to left.
    ["https://a.example/film%E2%80%AEgpj.exe", "filmgpj.exe"],
    ["https://a.example/a%E2%80%A8b%EF%BB%BFc", "abc"],
    ["https://a.example/a%C2%A0%20%20b", "a b"],
  ] as const;
  for (const [url, name] of table) assertEquals(fileNameOf(url), name, url);
});

Deno.test("fileNameOf() shortens a name before its ending, between characters", () => {
  const of = (name: string) => fileNameOf(`https://a.example/${encodeURIComponent(name)}`);
  assertEquals(of(`${"a".repeat(300)}.mp4`), `${"a".repeat(196)}.mp4`);
  assertEquals(of("a".repeat(200)), "a".repeat(200));
  assertEquals(of(`${"映".repeat(100)}.mp4`), `${"映".repeat(65)}.mp4`);
  assertEquals(of("😀".repeat(100)), "😀".repeat(50));
  assertEquals(of(`a.${"b".repeat(300)}`), `a.${"b".repeat(198)}`);
  assertEquals(of(`${"a".repeat(195)}. ${"b".repeat(50)}.mp4`), `${"a".repeat(195)}.mp4`);
});

Deno.test("contentDisposition() names the file in ASCII, and as it is called", () => {
  const table = [
    ["film.mp4", `attachment; filename="film.mp4"`],
    ["my film (1).mp4", `attachment; filename="my film (1).mp4"`],
    ["it's.txt", `attachment; filename="it's.txt"`],
    [
      "映画 (1).mp4",
      `attachment; filename="__ (1).mp4"; filename*=UTF-8''%E6%98%A0%E7%94%BB%20%281%29.mp4`,
    ],
    ["naïve's*.txt", `attachment; filename="na_ve's_.txt"; filename*=UTF-8''na%C3%AFve%27s_.txt`],
    ["😀.gif", `attachment; filename="_.gif"; filename*=UTF-8''%F0%9F%98%80.gif`],
    ["100%41.txt", `attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt`],
    // It trusts nobody.
    ["", `attachment; filename="download"`],
    ['a"; filename="b.exe', `attachment; filename="a_; filename=_b.exe"`],
    ["a\r\nSet-Cookie: b=c", `attachment; filename="aSet-Cookie_ b=c"`],
    ["../../a", `attachment; filename="a"`],
    ["a\ud800.txt", `attachment; filename="a.txt"`],
  ] as const;
  for (const [name, value] of table) assertEquals(contentDisposition(name), value, name);
});

Deno.test("contentDisposition() of any name is one header, with one safe name", () => {
  const random = mulberry32(3);
  const alphabet = ["a", ".", " ", "/", "\\", '"', "'", "%", ";", "*", "\r", "\n", "\0", "é", "映"];
  alphabet.push("\ud83d", "\ude00", "\u202e", "\x7f", "con", "nul");
  for (let round = 0; round < 3000; round++) {
    const name = Array.from(
      { length: Math.floor(random() * 12) },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join("");
    const value = contentDisposition(name);
    assertEquals(new Headers({ "content-disposition": value }).get("content-disposition"), value);
    const form = /^attachment; filename="([^"\\%]+)"(?:; filename\*=UTF-8''([\w!#$&+.^`|~%-]+))?$/;
    const [, ascii, encoded] = form.exec(value)!;
    const decoded = encoded === undefined ? ascii! : decodeURIComponent(encoded);
    assert(!/^[. ]|[/\\<>:"|?*\p{C}]|[. ]$|^(con|nul)(\.|$)/u.test(decoded), JSON.stringify(name));
    // What is safe stays as it is.
    assertEquals(contentDisposition(decoded), value);
  }
});

const PAGE = "https://page.example";
const PREFLIGHT = { origin: PAGE, "access-control-request-method": "GET" };

function cors(
  option: CorsOption,
  headers: Record<string, string> = {},
  method = "GET",
): Record<string, string> {
  const request = new Request("http://localhost/proxy", { method, headers });
  return Object.fromEntries(corsHeaders(option, request));
}

Deno.test("corsHeaders() lets pages read what the option allows", () => {
  const exposed = {
    "access-control-expose-headers": "Content-Range, ETag, Accept-Ranges, Content-Length",
  };
  assertEquals(cors(undefined, { origin: PAGE }), {});
  assertEquals(cors("*", { origin: PAGE }), { "access-control-allow-origin": "*", ...exposed });
  assertEquals(cors("*"), { "access-control-allow-origin": "*", ...exposed });
  assertEquals(cors(["https://other.example", PAGE], { origin: PAGE }), {
    "access-control-allow-origin": PAGE,
    ...exposed,
    vary: "Origin",
  });
});

Deno.test("corsHeaders() of a list names no origin that is not on it, and always varies", () => {
  const lists: [list: string[], origin: string | undefined][] = [
    [[PAGE], undefined],
    [[PAGE], "null"],
    [[PAGE], "http://page.example"],
    [[PAGE], "https://page.example:8443"],
    [[PAGE], "https://page.example.evil.example"],
    [[PAGE], "https://evil.example"],
    [[], PAGE],
  ];
  for (const [list, origin] of lists) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    assertEquals(cors(list, headers), { vary: "Origin" }, origin);
    assertEquals(cors(list, { ...PREFLIGHT, ...headers }, "OPTIONS")["vary"], "Origin");
  }
});

Deno.test("corsHeaders() answers a preflight, if the page may send the request", () => {
  const answer = cors([PAGE], PREFLIGHT, "OPTIONS");
  assertEquals(answer["access-control-allow-origin"], PAGE);
  assertEquals(answer["access-control-allow-methods"], "GET, HEAD");
  assertEquals(answer["access-control-max-age"], "7200");
  const allowed = answer["access-control-allow-headers"]!;
  for (const name of ["Range", "If-Range", "If-None-Match", "Authorization"]) {
    assertStringIncludes(allowed, name);
  }
  assertEquals(answer["access-control-expose-headers"], undefined);
  assertEquals(cors("*", PREFLIGHT, "OPTIONS")["access-control-allow-origin"], "*");
  assertEquals(cors(["https://other.example"], PREFLIGHT, "OPTIONS"), { vary: "Origin" });
  assertEquals(cors(undefined, PREFLIGHT, "OPTIONS"), {});
});

Deno.test("isPreflight() tells a preflight from another OPTIONS", () => {
  const table: [method: string, headers: Record<string, string>, expected: boolean][] = [
    ["OPTIONS", PREFLIGHT, true],
    ["OPTIONS", { origin: PAGE }, false],
    ["OPTIONS", { "access-control-request-method": "GET" }, false],
    ["OPTIONS", {}, false],
    ["GET", PREFLIGHT, false],
  ];
  for (const [method, headers, expected] of table) {
    assertEquals(isPreflight(new Request("http://localhost/", { method, headers })), expected);
  }
});

Deno.test("filePolicy() lets nothing run, and only media keep their origin", () => {
  for (const type of ["audio/wav", "video/mp4", "Video/webm; codecs=vp9", "application/ogg"]) {
    assertEquals(/sandbox|script|allow/.test(filePolicy(type)), false, type);
  }
  for (const type of [null, "text/html", "image/svg+xml", "text/xml", "x/video/mp4", "image/png"]) {
    assertEquals(filePolicy(type).startsWith("sandbox; default-src 'none'; "), true, type ?? "");
  }
});
