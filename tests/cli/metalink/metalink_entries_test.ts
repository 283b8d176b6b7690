import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { metalinkEntries } from "../../../lib/cli/metalink/metalink_entries.ts";
import { CommandError } from "../../../lib/command_line/command_error.ts";

const HEX = "0123456789abcdef".repeat(8);
const TEXT = `<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <file name="x86/a.iso"><size>5</size>
    <hash type="md5">${HEX.slice(0, 32)}</hash><hash type="sha-512">${HEX}</hash>
    <hash type="sha-256">${HEX.slice(0, 64)}</hash>
    <url priority="2">https://two.example/a</url><url priority="1">https://one.example/a</url>
    <url priority="3">https://three.example/a</url></file>
  <file name="arm/a.iso"><hash type="sha-384">${
  HEX.slice(0, 96)
}</hash><url>https://one.example/b</url></file>
  <file name="notes"><hash type="md5">${
  HEX.slice(0, 32)
}</hash><url>ftp://one.example/c</url></file>
</metalink>`;

function entries(select: string[], url?: string, text = TEXT) {
  return metalinkEntries({ text, where: "list.meta4", url }, {
    select,
    maxMirrors: 2,
    spareMirrors: 5,
  });
}

Deno.test("metalinkEntries() finds files by name, or by the end of it", () => {
  const [file, ...others] = entries(["x86/a.iso"]);
  assertEquals(others, []);
  assertEquals(file, {
    name: "x86/a.iso",
    size: 5,
    urls: ["https://one.example/a", "https://two.example/a"],
    spares: ["https://three.example/a"],
    checksums: [{ name: "sha-256", hex: HEX.slice(0, 64) }],
    pieces: undefined,
    signature: undefined,
  });
  assertEquals(entries(["arm/a.iso", "arm/a.iso"]).map(({ checksums }) => checksums), [
    [{ name: "sha-384", hex: HEX.slice(0, 96) }],
  ]);
});

Deno.test("metalinkEntries() says what is wrong, with an exit code", () => {
  const table: [
    select: string[],
    url: string | undefined,
    text: string,
    exitCode: number,
    says: string,
  ][] = [
    [
      ["b.iso"],
      undefined,
      TEXT,
      2,
      'no file "b.iso" (--select-file); it has x86/a.iso, arm/a.iso, notes',
    ],
    [["a.iso"], undefined, TEXT, 2, "several files"],
    [[], undefined, TEXT, 3, "list.meta4 has no http or https URL of notes; use --select-file"],
    [["notes"], undefined, TEXT, 3, "no http or https URL of notes"],
    [[], undefined, "<html/>", 2, "list.meta4: not a Metalink"],
    [[], "https://one.example/", "<html/>", 56, "list.meta4: not a Metalink"],
    [
      [],
      undefined,
      TEXT.replaceAll("https:", "ftp:"),
      3,
      "no http or https URL of a file, but 5 of another scheme, like ftp",
    ],
    [[], undefined, TEXT.replace("01234", "1234"), 2, "line 3: md5 of x86/a.iso has 31 digits"],
  ];
  for (const [select, url, text, exitCode, says] of table) {
    const error = assertThrows(() => entries(select, url, text), CommandError);
    assertEquals(error.exitCode, exitCode, error.message);
    assertStringIncludes(error.message, says);
  }
});
