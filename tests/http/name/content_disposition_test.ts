import { assert, assertEquals } from "@std/assert";
import {
  contentDisposition,
  dispositionFileName,
} from "../../../lib/http/name/content_disposition.ts";
import { mulberry32 } from "../../support/random.ts";

/** As `Headers` gives the bytes of a text in UTF-8. */
const raw = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));

const TABLE: readonly (readonly [value: string | null, name: string | undefined])[] = [
  [null, undefined],
  ["", undefined],
  ["attachment", undefined],
  ["attachment; filename=film.mkv", "film.mkv"],
  ['attachment; filename="film.mkv"', "film.mkv"],
  ['inline;filename="film.mkv";size=5', "film.mkv"],
  ['ATTACHMENT; FILENAME = "film.mkv"', "film.mkv"],
  // Without a type, or quotes that its blanks need.
  ['filename="film.mkv"', "film.mkv"],
  ["attachment; filename=a film.mkv ; x=y", "a film.mkv"],
  ['attachment; filename="a \\"b\\" c;d=e.mkv"', 'a "b" c;d=e.mkv'],
  ["attachment; filename=''; x=y", "''"],
  // With a character set; a wrong one counts for nothing.
  ["attachment; filename*=UTF-8''na%C3%AFve%20plan.txt", "naïve plan.txt"],
  ["attachment; filename=\"plan.txt\"; filename*=utf-8'en'na%C3%AFve.txt", "naïve.txt"],
  ["attachment; filename*=UTF-8''na%C3%AFve.txt; filename=plan.txt", "naïve.txt"],
  ["attachment; filename*=iso-8859-1''na%EFve.txt", "naïve.txt"],
  ["attachment; filename=plan.txt; filename*=UTF-8''na%EFve.txt", "plan.txt"],
  ["attachment; filename=plan.txt; filename*=UTF-8''na%ve.txt", "plan.txt"],
  ["attachment; filename=plan.txt; filename*=koi8-r''x.txt", "plan.txt"],
  ["attachment; filename=plan.txt; filename*=x.txt", "plan.txt"],
  // Raw bytes: UTF-8, else Latin-1.
  [`attachment; filename="${raw("映画.mkv")}"`, "映画.mkv"],
  ['attachment; filename="caf\xe9.txt"', "café.txt"],
  // The first of several.
  ['attachment; filename="a"; filename="b"', "a"],
  // A percent sign is one: only filename* is encoded.
  ['attachment; filename="100%25.txt"', "100%25.txt"],
  // Never a path.
  ['attachment; filename="/etc/passwd"', "passwd"],
  ['attachment; filename="..\\\\..\\\\boot.ini"', "boot.ini"],
  ['attachment; filename="C:\\\\boot.ini"', "boot.ini"],
  ["attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"],
  ['attachment; filename=".."', undefined],
  ['attachment; filename="a/"', undefined],
  ['attachment; filename=""', undefined],
  ['attachment; filename="unclosed', undefined],
  [`attachment; filename=${"a".repeat(20_000)}`, undefined],
];

Deno.test("dispositionFileName() reads what servers send", () => {
  for (const [value, name] of TABLE) assertEquals(dispositionFileName(value), name, String(value));
});

Deno.test("dispositionFileName() reads what contentDisposition() writes", () => {
  for (const name of ["film.mkv", "映画 (1).mkv", "it's 100%.txt", 'a"b.txt', "naïve*plan.txt"]) {
    const written = name.replace(/["*]/g, "_");
    assertEquals(dispositionFileName(contentDisposition(name)), written);
  }
});

Deno.test("contentDisposition() has an ASCII name, and the full name in UTF-8", () => {
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
    // No name is trusted.
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
