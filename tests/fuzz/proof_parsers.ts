/**
 * The parsers of fields that prove a file or say where else it is, and of Metalinks.
 *
 * @module
 */

import { readContentDigest, readLegacyDigest, readReprDigest } from "../../lib/http/digest.ts";
import { readElsewhere } from "../../lib/http/duplicates.ts";
import { MetalinkError, parseMetalink } from "../../metalink.ts";
import { hard, type Parser } from "./parser.ts";

const START = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f">`;
const OLD = `<metalink version="3.0"><files><file name="f">`;

const BASE = new URL("https://one.example/f");

/** Returns headers with a field of this value, as far as a header can carry it. */
function field(name: string, text: string): Headers {
  return new Headers({ [name]: text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim() });
}

export const PROOF_PARSERS: readonly Parser[] = [
  {
    name: "Link",
    pieces: [
      ...'<|>|,|;|=|"|\\|\n| |\t|/a|http://a.example/f|rel|duplicate|describedby'.split("|"),
      ...[
        "pri=1",
        "pref",
        "geo=de",
        "depth=1",
        "type=",
        "anchor",
        "<http://a.example/f>; rel=duplicate",
      ],
    ],
    parse: (text) => readElsewhere(field("link", text), BASE),
    declares: [],
    hard: [
      ...["|<a>,|", "|,|x", "<|a|", "<a>|;|x", "<a>|; a|x", '<a>; a="|\\"|', '<a>; a="|b|'],
      ...[
        "<a>; a| |x",
        "<a>; a=| |x",
        "<a>| |x",
        "|<|",
        '<a>|;a=b|"',
        "|<a>;rel=duplicate,|",
        "| |x",
      ],
      '<a>;rel="|a |"',
    ].map(hard),
  },
  {
    name: "Repr-Digest, Content-Digest, Want-Repr-Digest, Digest",
    pieces: [
      ...[
        "sha-256",
        "sha-512",
        "md5",
        "sha",
        "SHA-256",
        "unixsum",
        "=",
        ":",
        ",",
        ", ",
        ";",
        '"',
        "\\",
        "*",
      ],
      ...["AAAAAAAAAAAAAAAAAAAAAA==", "A", "1", "-", ".", "?1", "@1", " ", "a"],
    ],
    parse: (text) => {
      readReprDigest(field("repr-digest", text));
      readContentDigest(field("content-digest", text));
      readLegacyDigest(field("digest", text));
    },
    declares: [],
    hard: [
      ...[
        "|a|",
        "|a=1,|",
        "a=:|A|",
        "a=:|A|:x",
        "a|;b|x",
        'a|;b=c|"',
        'a="|b|',
        'a="|\\"|',
        "a=|b|!x é",
      ],
      ...[
        "a=|9|",
        "a=|9|.",
        "a| |x",
        "|,|",
        "|md5=AAAAAAAAAAAAAAAAAAAAAA==,|",
        "a;| |x",
        "a=1|; a=1|é",
      ],
    ].map(hard),
  },
  {
    name: "parseMetalink()",
    pieces: [
      ...[
        START,
        OLD,
        "</file></metalink>",
        "</file></files></metalink>",
        `<file name="../g">`,
        `<file name="g">`,
      ],
      ...[
        "<url>",
        "</url>",
        `<url priority="1" type="http">`,
        "https://one.example/f",
        "ftp://",
        "<url/>",
      ],
      ...[
        "<size>",
        "12",
        "-1",
        "</size>",
        "<resources>",
        "</resources>",
        "<verification>",
        "</verification>",
      ],
      ...[
        `<hash type="md5">`,
        "</hash>",
        "0123456789abcdef".repeat(2),
        `<pieces length="6" type="md5">`,
        "</pieces>",
      ],
      ...[
        `<x:a xmlns:x="urn:x">`,
        "</x:a>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&x;",
        "<!DOCTYPE a [",
        "]>",
      ],
      ...["<?xml version='1.0'?>", "\ufeff", "<", ">", "&", `"`, "\n", "<a>", "</a>"],
    ],
    parse: (text) => parseMetalink(text),
    declares: [MetalinkError],
    hard: [
      hard(`${START}|<url>https://one.example/</url>|</file></metalink>`),
      hard(`${START}<hash type="md5">|0|`),
      hard(`${START}<hash type="md5">|0 |</hash></file></metalink>`),
      hard(`${START}<url>https://one.example/| |x</url></file></metalink>`),
      hard(`${START}<url>|/|</url></file></metalink>`),
      hard(`<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="|a/|b"/></metalink>`),
      hard(`<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="| |b"/></metalink>`),
      hard(`<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="|.|b"/></metalink>`),
      hard(`${START}|<a>|`),
      hard(`${START}<!--|-|`),
      hard(`${START}<![CDATA[|]|`),
      hard(`<!DOCTYPE a [|<!ENTITY a "b">|]>`),
      hard(`|<|`),
      hard(`| |`),
      hard(`${START}|&amp;|</file></metalink>`),
      hard(`${START}<pieces length="1" type="md5">|<hash/>|</pieces></file></metalink>`),
      hard(`${START}<a |b|="1"/></file></metalink>`),
      hard(`${START}|x |</file></metalink>`),
    ],
  },
];
