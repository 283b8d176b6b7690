import { assertEquals, assertThrows } from "@std/assert";
import { isFolder, parseMirrorList } from "../../../lib/cli/mirrors/mirror_list.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const PATH = "iso/x.iso";

Deno.test("parseMirrorList() reads lists as projects publish them", () => {
  const table: [what: string, text: string, urls: string[]][] = [
    ["lines and comments", "# Europe\n\nhttps://a.example/debian/\r\n  http://b.example/debian\n", [
      "https://a.example/debian/iso/x.iso",
      "http://b.example/debian/iso/x.iso",
    ]],
    [
      "Arch Linux",
      "##\n## Germany\n#Server = https://no.example/$repo/os/$arch\n" +
      "Server = https://a.example/archlinux/$repo/os/$arch\nServer=http://b.example/$repo/os/$arch\n",
      ["https://a.example/archlinux/iso/x.iso", "http://b.example/iso/x.iso"],
    ],
    ["apt", "\ufeffhttp://a.example/ubuntu/\tpriority:1\nhttp://b.example/ubuntu/ # slow\n", [
      "http://a.example/ubuntu/iso/x.iso",
      "http://b.example/ubuntu/iso/x.iso",
    ]],
    [
      "CTAN",
      "Germany\n  Uni\n    URL: https://a.example/tex-archive/\n    URL: ftp://a.example/\n",
      [
        "https://a.example/tex-archive/iso/x.iso",
      ],
    ],
  ];
  for (const [what, text, urls] of table) {
    assertEquals(parseMirrorList(text, "list", `/${PATH}`).urls, urls, what);
  }
});

Deno.test("parseMirrorList() leaves out other schemes and what came before, and counts them", () => {
  const text = "rsync://a/x\nftp://a/x\nhttps://A.example/\nhttps://a.example\nhttps://\n";
  const urls = [`https://a.example/${PATH}`];
  assertEquals(parseMirrorList(text, "list", PATH), { urls, others: 2, repeated: 1 });
  // Without a path, they are URLs of the file.
  const files = ["https://a.example/f?x=1", "https://b.example/f"];
  assertEquals(parseMirrorList(files.join("\n"), "list").urls, files);
});

Deno.test("parseMirrorList() reads long lines of what looks like a URL in one go", () => {
  const many = 1_000_000;
  const lines = ["a".repeat(many), `http://a.example${"/".repeat(many)}x`, `${"ab:".repeat(many)}`];
  const { urls } = parseMirrorList(`${lines.join("\n")}\nhttp://b.example//\n`, "list", PATH);
  assertEquals(urls.at(-1), `http://b.example/${PATH}`);
});

Deno.test("parseMirrorList() says what is wrong", () => {
  const table: [text: string, exitCode: number, message: string][] = [
    ["", 3, "list has no http or https URL"],
    ["rsync://a/x\nftp://b/", 3, "list has no http or https URL: 2 of another scheme, like rsync"],
    ["<!DOCTYPE html><a href='https://a.example/'>", 2, "list is a web page or XML"],
  ];
  for (const [text, exitCode, message] of table) {
    const error = assertThrows(() => parseMirrorList(text, "list", PATH), CommandError, message);
    assertEquals(error.exitCode, exitCode);
  }
});

Deno.test("isFolder() tells places of projects from files, where their form does", () => {
  for (
    const url of ["http://a/", "http://a/debian/", "http://a/d/?x=1", "http://a/$repo/os/$arch"]
  ) {
    assertEquals(isFolder(url), true, url);
  }
  for (const url of ["http://a/f.iso", "http://a/$x/f", "http://a/debian", "http://a/f?d=/"]) {
    assertEquals(isFolder(url), false, url);
  }
});
