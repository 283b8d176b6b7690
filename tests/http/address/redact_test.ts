import { assert, assertEquals } from "@std/assert";
import {
  describeError,
  redactLogText,
  redactText,
  redactUrl,
} from "../../../lib/http/address/redact.ts";

/** URLs with credentials, each as the URL parser accepts it, and what is shown of them. */
const VALID: readonly (readonly [text: string, shown: string])[] = [
  ["http://user:secret@h/f", "http://h/f"],
  ["HTTPS://user:secret@h/f", "HTTPS://h/f"],
  ["http:user:secret@h/", "http:h/"],
  ["http:/user:secret@h/", "http:/h/"],
  ["http:///user:secret@h/", "http:///h/"],
  ["https:\\\\user:secret@h\\f", "https:\\\\h\\f"],
  ["https:/\\/user:secret@h\\f", "https:/\\/h\\f"],
  ["ftp://user:secret@h/", "ftp://h/"],
  ["socks5://user:secret@h:1080", "socks5://h:1080"],
  ["socks5h://user:sec\\ret@h:1080", "socks5h://h:1080"],
  ["http://secret@h/", "http://h/"],
  ["http://secret:@h/", "http://h/"],
  ["http://:secret@h/", "http://h/"],
  ["http://us%40er:sec%3Aret@h/", "http://h/"],
  ["http://us@er:secret@h/", "http://h/"],
  ['http://user:"secret"@h/', "http://h/"],
  ["http://user:secret@[::1]:80/f", "http://[::1]:80/f"],
  ["http://user:secret@h/a@b?c=d@e#f@g", "http://h/a@b?c=d@e#f@g"],
  ["http://h/proxy?host=http://user:secret@i/f", "http://h/proxy?host=http://i/f"],
  ["http://h/proxy?host=https:secret@i/f", "http://h/proxy?host=https:i/f"],
  ["blob:http://user:secret@h/f", "blob:http://h/f"],
];

/** Spellings that the URL parser cleans first. */
const UNCLEAN: typeof VALID = [
  ["ht\ttp://user:secret@h/", "http://h/"],
  ["http:\n//user:sec\r\nret@h/", "http://h/"],
  [" \x01http://user:secret@h/", "http://h/"],
  ["http://us er:sec ret@h/", "http://h/"],
];

/** What is no URL, or none with credentials to the parser, but may have some. */
const INVALID: typeof VALID = [
  ["http://user:secret@a b/", "http://…@a b/"],
  ["http://user:secret@/", "http://…@/"],
  ["http://user:secret@h:99999/", "http://…@h:99999/"],
  ["http://user:sec/ret@h/", "http://…@h/"],
  ["http://user:sec?ret@h/", "http://…@h/"],
  ["http://user:sec#ret@h/", "http://…@h/"],
  ["user:secret@h/f", "…@h/f"],
  ["//user:secret@h/f", "//…@h/f"],
  ["htttp:user:secret@h/", "…@h/"],
  ["socks5:\\\\user:secret@h", "socks5:\\\\…@h"],
];

const HARMLESS = [
  "",
  "h/f@g",
  "http://h/",
  "HTTP://H",
  "http://@h/",
  "http://h/a@b/x:y@z?c=d@e",
  "http://h/a\t@b",
  "file:///home/user@host/f",
  "jsr:@std/http@1",
  "http://[::1]/",
];

Deno.test("redactUrl() removes credentials, however the URL is spelled", () => {
  for (const [text, shown] of [...VALID, ...UNCLEAN]) {
    assert(URL.canParse(text), text);
    assertEquals(redactUrl(text), shown);
  }
});

Deno.test("redactUrl() hides what may be credentials in an invalid URL", () => {
  for (const [text, shown] of INVALID) assertEquals(redactUrl(text), shown);
});

Deno.test("redactUrl() does not change a URL without credentials, or its own result", () => {
  const results = [...VALID, ...UNCLEAN, ...INVALID].map(([, shown]) => shown);
  const harmless = HARMLESS.filter((text) => text !== "h/f@g");
  for (const text of [...harmless, ...results]) assertEquals(redactUrl(text), text);
});

Deno.test("redactUrl() leaves no credentials in random mixtures of the parts of URLs", () => {
  const pieces = ["http", "socks5", ":", "/", "\\", "@", "secret", "\n", "?", "#", " ", "h", "1"];
  let seed = 1;
  const next = () => seed = seed * 48271 % 2147483647;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: 3 + next() % 9 }, () => pieces[next() % pieces.length])
      .join("");
    for (const shown of [redactUrl(text), redactUrl(`http:${text}`)]) {
      const { username = "", password = "" } = URL.parse(shown) ?? {};
      assert(
        [username, decodeURIComponent(username)].some((name) => name === "" || name === "…") &&
          password === "",
        `${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`,
      );
    }
  }
});

Deno.test("redactText() finds URLs in a text", () => {
  for (const [text, shown] of VALID) {
    if (text.includes('"') || text.includes("sec\\ret")) continue;
    assertEquals(redactText(`GET ${text} failed; ${text}`), `GET ${shown} failed; ${shown}`);
    assertEquals(redactText(`Invalid URL: '${text}'`), `Invalid URL: '${shown}'`);
    assertEquals(redactText(`one\n${text}\ntwo`), `one\n${shown}\ntwo`);
  }
});

Deno.test("redactText() shows no secret, however a URL is spelled or quoted", () => {
  for (const [text] of [...VALID, ...UNCLEAN, ...INVALID]) {
    for (const around of [`'${text}'`, `url("${text}")`, `\`${text}\``, `1: '${text}'.`]) {
      const shown = redactText(around);
      assert(!/sec|ret|user/.test(shown), `${around} is shown as ${shown}`);
    }
    if (/ |:\n/.test(text)) continue;
    for (const around of [text, `(${text}).`, `a ${text}, b`, `<${text}>`, `x=${text};`]) {
      const shown = redactText(around);
      assert(!/sec|ret/.test(shown), `${around} is shown as ${shown}`);
    }
  }
});

Deno.test("redactText() hides what follows a thousand URLs with credentials", () => {
  const urls = "http://user:secret@h/ 'http://user:secret@h/ f' ".repeat(3000);
  for (const text of [`a@b ${urls}`, `a@b ${urls.replaceAll("'", "")}`]) {
    const shown = redactText(text);
    assert(!/secret|user/.test(shown));
    assert(shown.startsWith("a@b http://h/ ") && shown.endsWith("…"), shown.slice(-100));
  }
});

Deno.test("redactUrl() hides URLs deep in a long one", () => {
  const inner = "?host=http://user:secret@i/f".repeat(3);
  assertEquals(redactUrl(`http://h/${inner}`).match(/http/g)?.length, 4);
  const shown = redactUrl(`http://h/${inner}${"a".repeat(70_000)}`);
  assertEquals(shown, "http://h/?host=http://i/f?host=…");
});

Deno.test("redactText() changes nothing else", () => {
  for (
    const text of [
      ...HARMLESS.map((url) => `see ${url}, now`),
      "mail a@b, or c@d: e@f",
      "TypeError: x is not a function\n    at file:///home/a@b/lib/x.ts:1:2",
      "http://a/ and http://b/\nhttp://c/",
      "a line\n\n  another: one",
    ]
  ) assertEquals(redactText(text), text);
});

Deno.test("redactLogText() also hides queries", () => {
  const table = [
    [
      "Invalid URL: 'http://a b:9/proxy?token=x&host=http://u/f'",
      "Invalid URL: 'http://a b:9/proxy?…",
    ],
    [
      "GET https://u:p@h/x?sig=1 failed, as http://b/y?z",
      "GET https://h/x?… failed, as http://b/y?…",
    ],
    ["GET http:h/x?sig=1 failed", "GET http:h/x?… failed"],
    ["unknown option --hots; did you mean --host?", "unknown option --hots; did you mean --host?"],
    ["named in requests: /proxy?host=URL", "named in requests: /proxy?host=URL"],
  ] as const;
  for (const [text, shown] of table) assertEquals(redactLogText(text), shown);
});

Deno.test("describeError() makes one line of any error", () => {
  assertEquals(describeError(new Error("a\n  b")), "a b");
  assertEquals(describeError(new RangeError()), "RangeError");
  assertEquals(describeError("http://a/?secret"), "http://a/?…");
});
