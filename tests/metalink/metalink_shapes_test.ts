/** Metalinks in the shapes that generators write; names, hosts and hashes are made up. */

import { assertEquals } from "@std/assert";
import { decodeMetalink, parseMetalink } from "../../metalink.ts";

const SHA256 = "0123456789abcdef".repeat(4);
const SHA1 = "0123456789abcdef0123456789abcdef01234567";
const MD5 = "0123456789abcdef0123456789abcdef";

Deno.test("version 4 as of a redirector: pieces, torrents, locations, a signature", () => {
  const signature = "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----";
  const { version, generator, files } = parseMetalink(`<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>A redirector 2.19 &amp; more</generator>
  <origin dynamic="true">https://get.example/live/system-x86.iso.meta4</origin>
  <published>2026-01-02T03:04:05Z</published>
  <publisher name="The system" url="https://example/" />

  <file name="system-x86.iso">
    <size>600000</size>
    <!-- <mtime>1700000000</mtime> -->
    <hash type="md5">${MD5}</hash>
    <hash type="sha-1">${SHA1.toUpperCase()}</hash>
    <hash type="sha-256">
      ${SHA256}
    </hash>
    <hash type="btih">123</hash>
    <pieces length="262144" type="sha-1">
      <hash>${SHA1}</hash><hash>${SHA1}</hash>
      <hash>${SHA1}</hash>
    </pieces>
    <signature mediatype="application/pgp-signature">${signature}</signature>
    <metaurl mediatype="torrent" priority="1">https://get.example/system-x86.iso.torrent</metaurl>
    <url location="de" priority="2">https://two.example/pub/system-x86.iso?a=1&amp;b=2</url>
    <url location="DE" priority="1">https://one.example/pub/system-x86.iso</url>
    <url>http://last.example/system-x86.iso</url>
    <url location="xyz" priority="1000000">http://later.example/system-x86.iso</url>
    <url priority="3">ftp://three.example/system-x86.iso</url>
    <url priority="9">https://two.example/pub/system-x86.iso?a=1&amp;b=2#again</url>
  </file>
</metalink>`);
  assertEquals([version, generator], [4, "A redirector 2.19 & more"]);
  const none = { location: undefined, maxConnections: undefined };
  assertEquals(files, [{
    name: "system-x86.iso",
    size: 600_000,
    hashes: { "md5": MD5, "sha-1": SHA1, "sha-256": SHA256 },
    pieces: { type: "sha-1", length: 262_144, hashes: [SHA1, SHA1, SHA1] },
    urls: [
      { ...none, url: "https://one.example/pub/system-x86.iso", priority: 1, location: "de" },
      {
        ...none,
        url: "https://two.example/pub/system-x86.iso?a=1&b=2",
        priority: 2,
        location: "de",
      },
      { ...none, url: "http://last.example/system-x86.iso", priority: 999_999 },
      { ...none, url: "http://later.example/system-x86.iso", priority: 999_999 },
    ],
    rejected: [{ url: "ftp://three.example/system-x86.iso", why: "scheme" }],
    maxConnections: undefined,
    version: undefined,
    description: undefined,
    publisher: { name: "The system", url: "https://example/" },
    signature: { type: "application/pgp-signature", text: signature },
  }]);
});

Deno.test("version 3 as of a manager of mirrors: foreign markup, preferences, connections", () => {
  const { version, generator, files } = parseMetalink(`<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic"
  pubdate="Fri, 02 Jan 2026 03:04:05 GMT" generator="a manager" xmlns:mm0="http://manager.example/">
 <files>
  <file name="repomd.xml">
   <mm0:timestamp>1700000000</mm0:timestamp>
   <size>4444</size>
   <verification>
    <hash type="md5">${MD5}</hash>
    <hash type="sha1">${SHA1}</hash>
    <hash type="sha256">${SHA256}</hash>
    <hash type="sha512">${SHA256}${SHA256}</hash>
   </verification>
   <mm0:alternates>
    <mm0:alternate>
     <mm0:timestamp>1600000000</mm0:timestamp>
     <size>3333</size>
     <verification><hash type="md5">${MD5.replaceAll("0", "f")}</hash></verification>
    </mm0:alternate>
   </mm0:alternates>
   <resources maxconnections="1">
    <url protocol="rsync" type="rsync" location="US" preference="100">rsync://one.example/repomd.xml</url>
    <url protocol="http" type="http" location="US" preference="99" maxconnections="2">http://two.example/repomd.xml</url>
    <url protocol="https" type="https" location="US" preference="100">https://one.example/repomd.xml</url>
    <url type="bittorrent" preference="100">https://one.example/repomd.torrent</url>
    <url type="http">http://three.example/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>`);
  assertEquals([version, generator], [3, "a manager"]);
  const [file] = files;
  assertEquals(file?.size, 4444);
  assertEquals(Object.keys(file!.hashes).toSorted(), ["md5", "sha-1", "sha-256", "sha-512"]);
  assertEquals(file?.maxConnections, 1);
  assertEquals(
    file?.urls.map((
      { url, priority, location, maxConnections },
    ) => [url, priority, location, maxConnections]),
    [
      ["https://one.example/repomd.xml", 1, "us", undefined],
      ["http://two.example/repomd.xml", 2, "us", 2],
      ["http://three.example/repomd.xml", 999_999, undefined, undefined],
    ],
  );
  assertEquals(file?.rejected.map(({ why }) => why), ["scheme", "torrent"]);
});

Deno.test("version 3 as of editors: publisher as elements, numbered pieces, a signature, no size", () => {
  const [file] = parseMetalink(`<metalink version="3.0" xmlns="http://www.metalinker.org/">
  <publisher><name>A publisher</name><url>https://example/</url></publisher>
  <files><file name="archive/tool.tar.gz">
    <version>1.2</version><description>A tool</description>
    <verification>
      <hash type="sha1">${SHA1}</hash>
      <pieces length="1024" type="md5"><hash piece="1">${MD5}</hash><hash piece="0">${MD5}</hash></pieces>
      <pieces length="2048" type="sha1"><hash piece="0">${SHA1}</hash></pieces>
      <signature type="pgp" file="tool.tar.gz.asc"><![CDATA[armored & text]]></signature>
    </verification>
    <resources><url type="http" preference="0">http://one.example/tool.tar.gz</url></resources>
  </file></files>
</metalink>`).files;
  assertEquals(file, {
    name: "archive/tool.tar.gz",
    size: undefined,
    hashes: { "sha-1": SHA1 },
    pieces: { type: "sha-1", length: 2048, hashes: [SHA1] },
    urls: [{
      url: "http://one.example/tool.tar.gz",
      priority: 101,
      location: undefined,
      maxConnections: undefined,
    }],
    rejected: [],
    maxConnections: undefined,
    version: "1.2",
    description: "A tool",
    publisher: { name: "A publisher", url: "https://example/" },
    signature: { type: "pgp", text: "armored & text" },
  });
});

Deno.test("prefixes are read like a default namespace, and version 3 needs no namespace", () => {
  const url = "https://one.example/f";
  const prefixed = `<m:metalink xmlns:m="urn:ietf:params:xml:ns:metalink" xmlns:x="urn:x">
    <m:file name="f" x:name="g"><m:url x:priority="5" priority="7">${url}</m:url><url>https://foreign.example/</url>
    <x:file name="h"><m:url>https://inner.example/</m:url></x:file></m:file><x:file/></m:metalink>`;
  assertEquals(
    parseMetalink(prefixed).files.map((
      { name, urls },
    ) => [name, urls.map((one) => [one.url, one.priority])]),
    [["f", [[url, 7]]]],
  );
  const bare =
    `\ufeff<metalink version="3.0"><files><file name="f"><resources><url>${url}</url></resources></file></files></metalink>`;
  assertEquals(parseMetalink(bare).files[0]?.urls[0]?.url, url);
});

Deno.test("several files: one without a URL leaves the others usable", () => {
  const { files } = parseMetalink(`<metalink xmlns="urn:ietf:params:xml:ns:metalink">
    <file name="a"><url>https://one.example/a</url></file>
    <file name="dir/b"><url>ftp://one.example/b</url></file>
    <file name="dir/c"><size></size><url>https://one.example/c</url></file>
  </metalink>`);
  assertEquals(files.map(({ name, size, urls }) => [name, size, urls.length]), [
    ["a", undefined, 1],
    ["dir/b", undefined, 0],
    ["dir/c", undefined, 1],
  ]);
});

Deno.test("names are made safe", () => {
  const table: [name: string, safe: string][] = [
    ["a b.iso", "a b.iso"],
    ["pub/x86/a.iso", "pub/x86/a.iso"],
    [".hidden/.bashrc", "hidden/bashrc"],
    ["a&#x202e;b&#9;c?.iso", "abc_.iso"],
    ["aux.txt", "_aux.txt"],
    ["a..b/c...", "a..b/c"],
  ];
  for (const [name, safe] of table) {
    const { files } = parseMetalink(`<metalink xmlns="urn:ietf:params:xml:ns:metalink">
      <file name="${name}"><url>https://one.example/</url></file></metalink>`);
    assertEquals(files[0]?.name, safe, name);
  }
});

Deno.test("the Metalink itself is no mirror of what it describes", () => {
  const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a">
    <url>https://one.example/a.meta4#x</url><url>https://one.example/a</url></file></metalink>`;
  const { files } = parseMetalink(text, { url: "https://one.example/a.meta4" });
  assertEquals(files[0]?.urls.map(({ url }) => url), ["https://one.example/a"]);
  assertEquals(files[0]?.rejected.map(({ why }) => why), ["itself"]);
});

Deno.test("relative URLs are relative to xml:base, else to where the Metalink is from", () => {
  const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink" xml:base="/pub/">
    <file name="a" xml:base="http://two.example/x/"><url>../a?b#c</url>
      <url xml:base="https://three.example">a b</url><url xml:base="::">//four.example/é</url><url/></file>
    <file name="b"><url xml:base="ftp://five.example">b</url><url>b</url></file></metalink>`;
  const urlsOf = (url?: string) =>
    parseMetalink(text, { url }).files.map(({ urls }) => urls.map(({ url }) => url));
  const absolute = [
    "http://two.example/a?b",
    "https://three.example/a%20b",
    "http://four.example/%C3%A9",
  ];
  assertEquals(urlsOf("https://one.example/f.meta4"), [absolute, ["https://one.example/pub/b"]]);
  for (const nowhere of [undefined, "f.meta4"]) assertEquals(urlsOf(nowhere), [absolute, []]);
});

Deno.test("a long xml:base counts for nothing, however many URLs are relative to it", () => {
  const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink" xml:base="https://one.example/${
    "a".repeat(1_000_000)
  }"><file name="a"><url>https://two.example/a</url>${
    "<url>b</url>".repeat(20_000)
  }</file></metalink>`;
  const { urls, rejected } = parseMetalink(text).files[0]!;
  assertEquals([urls.length, rejected[0]?.why], [1, "invalid"]);
});

Deno.test("version 3: numbered pieces may come in any order", () => {
  const of = (digit: string) => `<hash piece="${digit}">${digit.repeat(32)}</hash>`;
  const [file] = parseMetalink(`<metalink version="3.0"><files><file name="f">
    <verification><pieces length="9" type="md5">${["2", "0", "1"].map(of)}</pieces></verification>
    <resources><url>http://one.example/f</url></resources></file></files></metalink>`).files;
  assertEquals(file?.pieces?.hashes.map((hash) => hash[0]), ["0", "1", "2"]);
});

Deno.test("decodeMetalink() decodes by a mark, by the zeros of a first <, or as declared; else as UTF-8", () => {
  const wide = (text: string, isLittle: boolean) => {
    const view = new DataView(new ArrayBuffer(2 * text.length));
    for (let at = 0; at < text.length; at++) view.setUint16(2 * at, text.charCodeAt(at), isLittle);
    return new Uint8Array(view.buffer);
  };
  const narrow = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const text = `<?xml version="1.0" encoding="UTF-16"?><é/>`;
  for (const isLittle of [true, false]) {
    assertEquals(decodeMetalink(wide(text, isLittle)), text);
    assertEquals(decodeMetalink(wide(`\ufeff${text}`, isLittle)), text);
  }
  assertEquals(decodeMetalink(new TextEncoder().encode(text)), text);
  const latin = text.replace("UTF-16", "ISO-8859-1");
  assertEquals(decodeMetalink(narrow(latin)), latin);
  for (const plain of ["<é/>", "", "<", text.replace("UTF-16", "klingon")]) {
    assertEquals(decodeMetalink(new TextEncoder().encode(plain)), plain);
  }
});

Deno.test("what says nothing is no fault: an empty DOCTYPE, and a hash without digits", () => {
  for (const subset of ["", " []", " [ \n ] "]) {
    const [file] = parseMetalink(`<!DOCTYPE metalink SYSTEM "metalink.dtd"${subset}>
      <metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f"><hash type="md5"> </hash>
      <hash type="sha-1">${SHA1}</hash><url>https://one.example/f</url></file></metalink>`).files;
    assertEquals(file?.hashes, { "sha-1": SHA1 });
  }
});
