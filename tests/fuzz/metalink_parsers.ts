/**
 * The parser of Metalinks.
 *
 * @module
 */

import { MetalinkError, parseMetalink } from "../../metalink.ts";
import { hard, type Parser } from "./parser.ts";

const START = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f">`;
const OLD = `<metalink version="3.0"><files><file name="f">`;

export const METALINK_PARSERS: readonly Parser[] = [
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
