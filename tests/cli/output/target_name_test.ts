import { assert, assertEquals, assertThrows } from "@std/assert";
import { ExitCode } from "../../../lib/cli/failure/exit_code.ts";
import { fileNameFromUrl, MAX_NAME_BYTES, nameFromUrl } from "../../../lib/cli/output/target.ts";
import { nameBytes } from "../../../lib/http/name/file_name.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";
import { workplace } from "../../support/workplace.ts";

/** The name from a URL whose last segment is this text, encoded. */
const nameOf = (text: string) => fileNameFromUrl(`http://h/${encodeURIComponent(text)}`, false);

Deno.test("fileNameFromUrl() is the last segment, decoded and made safe", () => {
  const table: [url: string, name: string][] = [
    ["http://h/f.iso", "f.iso"],
    ["http://h/a/b/f.iso?x=/y#z", "f.iso"],
    ["http://h/f%20g.iso", "f g.iso"],
    ["http://h/%E6%9C%89.iso", "有.iso"],
    ["http://h/%ff.iso", "%ff.iso"],
    ["http://h/ü 100%[1080p]{x}.mkv", "ü 100%[1080p]{x}.mkv"],
    ["http://h/..%2f..%2fetc%2fpasswd", ".._.._etc_passwd"],
    ["http://h/a%5Cb", "a_b"],
    ["http://h/a%00b%0a%1b", "a_b__"],
    ["http://h/a%c2%9bb", "a_b"],
    ["http://h/a%e2%80%a8b", "a_b"],
    ["http://h/exe.%e2%80%aefdp", "exe._fdp"],
    ["http://h/-", "-"],
    ["http://h/-o", "-o"],
    ["http://h/--output", "--output"],
    ["http://h/.profile", ".profile"],
    ["http://h/~", "~"],
  ];
  for (const [url, name] of table) assertEquals(fileNameFromUrl(url, false), name, url);
});

Deno.test("fileNameFromUrl() suggests -o if the URL has no file name", () => {
  const urls = ["http://h", "http://h/", "http://h/a/", "http://h/a/..", "http://h/%2e", "no URL"];
  for (const url of urls) {
    const error = assertThrows(() => fileNameFromUrl(url), CommandError, "use -o FILE");
    assertEquals((error as CommandError).exitCode, ExitCode.USAGE);
  }
});

Deno.test("nameFromUrl() suggests out= where an input file lists the URL", () => {
  assertEquals(nameFromUrl("http://h/f", true), "f");
  const error = assertThrows(() => nameFromUrl("http://user:secret@h/", true), CommandError);
  assertEquals(error.message, "http://h/ has no file name; add a line out=NAME below it");
  assertThrows(() => nameFromUrl("http://h/"), CommandError, "use -o FILE");
});

Deno.test("fileNameFromUrl() gives no name that Windows takes for a device, or changes", () => {
  const table: [text: string, name: string][] = [
    ["CON", "_CON"],
    ["con.txt", "_con.txt"],
    ["Aux .tar.gz", "_Aux .tar.gz"],
    ["nul", "_nul"],
    ["PRN.", "_PRN_"],
    ["com1", "_com1"],
    ["COM0.log", "_COM0.log"],
    ["LPT9.iso", "_LPT9.iso"],
    ["lpt²", "_lpt²"],
    ["CONIN$", "_CONIN$"],
    ["console", "console"],
    ["com10.txt", "com10.txt"],
    ["my.con", "my.con"],
    ["file.", "file_"],
    ["file. . ", "file____"],
    ["...", "___"],
    [" ", "_"],
    [" f", " f"],
  ];
  for (const [text, name] of table) assertEquals(nameOf(text), name, text);
});

Deno.test("fileNameFromUrl() keeps a colon, but not on Windows", () => {
  const url = "http://h/foo_1%3a2%3f.deb";
  assertEquals(fileNameFromUrl(url, false), "foo_1:2?.deb");
  assertEquals(fileNameFromUrl(url, true), "foo_1_2_.deb");
});

Deno.test("fileNameFromUrl() cuts a long name between characters, and keeps its extension", () => {
  const table: [text: string, end: string][] = [
    [`${"a".repeat(300)}.iso`, "a.iso"],
    [`${"a".repeat(300)}.tar.gz`, "a.tar.gz"],
    [`${"a".repeat(300)}-1.2.tar.zst`, "a.tar.zst"],
    [`${"有".repeat(100)}.iso`, "有.iso"],
    [`${"𝄞".repeat(100)}.tar.gz`, "𝄞.tar.gz"],
    [`x${"𝄞".repeat(100)}`, "𝄞"],
    ["b".repeat(300), "b"],
    [`f.${"e".repeat(300)}`, "e"],
    [`CON.${"e".repeat(300)}`, "e"],
    [`f${" ".repeat(300)}`, "_"],
  ];
  for (const [text, end] of table) {
    const name = nameOf(text);
    const bytes = nameBytes(name);
    assert(bytes <= MAX_NAME_BYTES, `${bytes} bytes of ${text}`);
    assert(bytes > MAX_NAME_BYTES - 4, `${bytes} bytes of ${text}`);
    assert(name.endsWith(end), name);
    assertEquals(name.isWellFormed(), true);
  }
  const fits = "c".repeat(MAX_NAME_BYTES);
  assertEquals(nameOf(fits), fits);
});

Deno.test("fileNameFromUrl(): a safe name stays as it is", () => {
  for (const text of ["CON", "a\nb", `${"有".repeat(100)}.tar.gz`, "f. ", "%41", "-"]) {
    const name = nameOf(text);
    assertEquals(nameOf(name), name);
  }
});

Deno.test("fileNameFromUrl() leaves room for the suffixes of part file and record", () => {
  using place = workplace();
  const name = nameOf(`${"有".repeat(100)}.tar.gz`);
  Deno.writeTextFileSync(place.at(`${name}.100.part.json.new`), "");
});
