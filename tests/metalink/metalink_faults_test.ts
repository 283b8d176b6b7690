import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MetalinkError, type MetalinkFault, parseMetalink } from "../../metalink.ts";

const SHA256 = "0123456789abcdef".repeat(4);
const URL_OF_FILE = "<url>https://one.example/f</url>";

/** A Metalink of one file with this in it. */
function file(inside: string, name = "f"): string {
  return `<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n<file name="${name}">${inside}</file></metalink>`;
}

function pieces(count: number, length: number | string, attributes = ""): string {
  return `<pieces length="${length}" type="sha-256">${
    `<hash${attributes}>${SHA256}</hash>`.repeat(count)
  }</pieces>${URL_OF_FILE}`;
}

const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`);

const FAULTS: readonly (readonly [fault: MetalinkFault, says: string, text: string])[] = [
  ["xml", "not well-formed", ""],
  ["xml", "not well-formed", "This is no XML, but a text."],
  ["xml", "not well-formed", "\x7fELF\0\0\0"],
  ["xml", "not well-formed", "<metalink"],
  ["xml", "not well-formed", file(URL_OF_FILE).slice(0, -12)],
  ["xml", "undefined entity", file("<url>https://one.example/&nbsp;</url>")],
  ["xml", "", file(`<m:url>https://one.example/</m:url>`)],
  [
    "entities",
    "declares entities",
    `<!DOCTYPE a [<!ENTITY l0 "lol">${laughs.join("")}]>${file("<url>&l9;</url>")}`,
  ],
  [
    "entities",
    "declares entities",
    `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${file("<url>&x;</url>")}`,
  ],
  ["size", "at most", file(`${URL_OF_FILE}${" ".repeat(100_000_000)}`)],
  ["size", "nested", file("<a>".repeat(100_000))],
  ["size", "nested", `<a xmlns="urn:a">`.repeat(1000)],
  [
    "size",
    "attributes",
    file(`<a ${Array.from({ length: 101 }, (_, i) => `b${i}=""`).join(" ")}/>`),
  ],
  ["size", "elements", file("<a/>".repeat(300_000))],
  [
    "root",
    "outermost element is html",
    "<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
  ],
  ["root", "namespace urn:x", `<metalink xmlns="urn:x"/>`],
  [
    "root",
    "not a Metalink",
    `<metalink version="4.0"><file name="f">${URL_OF_FILE}</file></metalink>`,
  ],
  ["empty", "no file", `<metalink xmlns="urn:ietf:params:xml:ns:metalink"/>`],
  ["empty", "no file", `<metalink version="3.0"><files/></metalink>`],
  [
    "size",
    "10001 files",
    `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${
      `<file name="f"/>`.repeat(10_001)
    }</metalink>`,
  ],
  [
    "name",
    "no name",
    `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file>${URL_OF_FILE}</file></metalink>`,
  ],
  [
    "name",
    "two files are called A",
    file(`${URL_OF_FILE}</file><file name="A">`, "a"),
  ],
  ["name", "has 2001 characters", file(URL_OF_FILE, "a/".repeat(1000) + "b")],
  ["file-size", '"12 MB"', file(`<size>12 MB</size>${URL_OF_FILE}`)],
  ["file-size", '"-1"', file(`<size>-1</size>${URL_OF_FILE}`)],
  ["file-size", "99999999999999999999", file(`<size>99999999999999999999</size>${URL_OF_FILE}`)],
  [
    "hash",
    "sha-256 of f has 63 digits",
    file(`<hash type="sha-256">${SHA256.slice(1)}</hash>${URL_OF_FILE}`),
  ],
  ["hash", "md5 of f has 64 digits", file(`<hash type="md5">${SHA256}</hash>${URL_OF_FILE}`)],
  [
    "hash",
    "not hexadecimal",
    file(`<hash type="sha-256">${SHA256.replace("0", "x")}</hash>${URL_OF_FILE}`),
  ],
  [
    "hash",
    "contradict",
    file(
      `<hash type="sha-256">${SHA256}</hash><hash type="sha256">${
        SHA256.replace("0", "1")
      }</hash>${URL_OF_FILE}`,
    ),
  ],
  ["hash", "piece 0", file(pieces(1, 10).replace(SHA256, "00"))],
  ["pieces", "hashes of 2 pieces of 1000 bytes", file(`<size>3000</size>${pieces(2, 1000)}`)],
  [
    "pieces",
    "but with its size of 3000 bytes it has 3",
    file(`<size>3000</size>${pieces(4, 1000)}`),
  ],
  ["pieces", "no length", file(pieces(1, 0))],
  ["pieces", "no length", file(pieces(1, "many"))],
  ["pieces", "no hash", file(pieces(0, 1000))],
  ["pieces", "piece 1 of f is missing, or there twice", file(pieces(2, 1000, ' piece="0"'))],
  ["pieces", "piece 0 of f is missing, or there twice", file(pieces(1, 1000, ' piece="x"'))],
  ["pieces", "two lists", file(pieces(1, 1000) + pieces(2, 500))],
  ["urls", "no http or https URL of a file", file("")],
  [
    "urls",
    "2 of another scheme, like ftp",
    file("<url>ftp://one.example/f</url><url>file:///etc/passwd</url>"),
  ],
  [
    "urls",
    "1 that are no URLs, 1 of torrents",
    file(`<url>f</url><url type="bittorrent">https://one.example/f</url>`),
  ],
];

Deno.test("parseMetalink() says what is wrong with bad input", () => {
  for (const [fault, says, text] of FAULTS) {
    const error = assertThrows(() => parseMetalink(text), MetalinkError);
    assertEquals([error.fault, text.slice(0, 200)], [fault, text.slice(0, 200)], error.message);
    assertStringIncludes(error.message, says);
    assert(!/[\n\r]/.test(error.message) && error.message.length < 600, error.message);
  }
});

Deno.test("parseMetalink() refuses names that lead out of the folder", () => {
  const names = [
    ...["../f", "a/../../f", "/etc/passwd", "..", ".", "a/./b", "a//b", "a/", "~/f", "~root/f"],
    ...["..\\f", "a\\..\\..\\f", "C:\\f", "c:f", "\\\\server\\share", " .. /f", "&#46;&#46;/f"],
  ];
  for (const name of names) {
    const error = assertThrows(() => parseMetalink(file(URL_OF_FILE, name)), MetalinkError);
    assertEquals([error.fault, error.line], ["name", 2], name);
    assertStringIncludes(error.message, "leads out of the folder");
  }
});

Deno.test("a Metalink that only points at itself is an error", () => {
  const text = file("<url>https://one.example/f.meta4</url>");
  const url = "https://one.example/f.meta4#again";
  const error = assertThrows(() => parseMetalink(text, { url }), MetalinkError);
  assertEquals([error.fault, error.message], [
    "urls",
    "no http or https URL of a file, but 1 of the Metalink itself",
  ]);
});

Deno.test("10 000 URLs of a file, each twice, are each there once", () => {
  const urls = Array.from({ length: 10_000 }, (_, i) => `<url>https://m${i}.example/f</url>`);
  const { files } = parseMetalink(file([...urls, ...urls].join("")));
  assertEquals(files[0]?.urls.length, 10_000);
});
