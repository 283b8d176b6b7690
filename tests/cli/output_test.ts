import { assertEquals, assertThrows } from "@std/assert";
import { CommandError, ExitCode } from "../../lib/cli/exit_code.ts";
import { nameFromUrl } from "../../lib/cli/output.ts";

Deno.test("nameFromUrl() is the last segment, decoded and made safe", () => {
  const table: [url: string, name: string][] = [
    ["http://h/f.iso", "f.iso"],
    ["http://h/a/b/f.iso?x=/y#z", "f.iso"],
    ["http://h/f%20g.iso", "f g.iso"],
    ["http://h/%E6%9C%89.iso", "有.iso"],
    ["http://h/%ff.iso", "%ff.iso"],
    ["http://h/..%2f..%2fetc%2fpasswd", ".._.._etc_passwd"],
    ["http://h/a%5Cb", "a_b"],
    ["http://h/a%00b%0a%1b", "a_b__"],
    ["http://h/-", "-"],
    ["http://h/-o", "-o"],
  ];
  for (const [url, name] of table) assertEquals(nameFromUrl(url), name, url);
});

Deno.test("nameFromUrl() asks for -o where the URL has no file name", () => {
  for (const url of ["http://h", "http://h/", "http://h/a/", "http://h/a/..", "http://h/%2e"]) {
    const error = assertThrows(() => nameFromUrl(url), CommandError, "-o FILE is needed");
    assertEquals((error as CommandError).exitCode, ExitCode.USAGE);
  }
});
