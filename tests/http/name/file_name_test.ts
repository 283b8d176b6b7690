import { assertEquals } from "@std/assert";
import {
  fileNameInUrl,
  localFileName,
  portableFileName,
} from "../../../lib/http/name/file_name.ts";

function portableFileNameIn(url: string): string {
  return portableFileName(fileNameInUrl(url));
}

Deno.test("portableFileName() makes the decoded last segment of a URL safe", () => {
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
    ["https://a.example/bücher 100%.txt", "bücher 100%.txt"],
    ["https://a.example/%C3%BC%zz%E9.txt", "ü%zz%E9.txt"],
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
  for (const [url, name] of table) assertEquals(portableFileNameIn(url), name, url);
});

Deno.test("portableFileName() cuts a long name before its extension, between characters", () => {
  const of = (name: string) => portableFileNameIn(`https://a.example/${encodeURIComponent(name)}`);
  assertEquals(of(`${"a".repeat(300)}.mp4`), `${"a".repeat(196)}.mp4`);
  assertEquals(of("a".repeat(200)), "a".repeat(200));
  assertEquals(of(`${"映".repeat(100)}.mp4`), `${"映".repeat(65)}.mp4`);
  assertEquals(of("😀".repeat(100)), "😀".repeat(50));
  assertEquals(of(`a.${"b".repeat(300)}`), `a.${"b".repeat(198)}`);
  assertEquals(of(`${"a".repeat(195)}. ${"b".repeat(50)}.mp4`), `${"a".repeat(195)}.mp4`);
});

Deno.test("localFileName(): what is left of a long name is not that of a device of Windows", () => {
  const spaces = " ".repeat(300);
  const table = [
    [`con${spaces}x.mkv`, "_con.mkv"],
    [`con${spaces.slice(0, 248)}.mkv`, "_con.mkv"],
    [`con${spaces.slice(0, 247)}.mkv`, `_con${spaces.slice(0, 247)}.mkv`],
    [`icon${spaces}x.mkv`, "icon.mkv"],
  ] as const;
  for (const [name, short] of table) assertEquals(localFileName(name, true, 255), short, name);
});
