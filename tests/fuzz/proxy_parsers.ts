/**
 * The parsers of the proxy: what clients and operators send. A query that is refused is a `Problem`.
 *
 * @module
 */

import { parseHostPattern } from "../../lib/proxy/guard/host_pattern.ts";
import { parseIpAddress, parseIpNetwork } from "../../lib/proxy/guard/ip_address.ts";
import { ByteSource } from "../../lib/proxy/listen/byte_source.ts";
import { readBody } from "../../lib/proxy/listen/request_body.ts";
import { findHeadEnd, parseRequestHead } from "../../lib/proxy/listen/request_head.ts";
import { Problem } from "../../lib/proxy/problem.ts";
import { Admission } from "../../lib/proxy/request/admission.ts";
import { parsePath } from "../../lib/proxy/request/path.ts";
import { evaluatePreconditions, rangeApplies } from "../../lib/proxy/request/preconditions.ts";
import { describeIgnored, parseProxyQuery } from "../../lib/proxy/request/query.ts";
import { hard, type Parser } from "./parser.ts";

const SENT = {
  etag: '"a"',
  lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
  knownAtMs: 1e12,
  isLasting: true,
};

/** Admits by this token, and by links that are signed with it. */
const ADMISSION = new Admission({ token: "0123456789abcdef", maxMirrors: 32 });

export const PROXY_PARSERS: readonly Parser[] = [
  {
    name: "queries of the proxy",
    pieces: [
      "url=",
      "host=",
      "hosts=",
      "&",
      "http://a.example/",
      ",",
      "split_size=",
      "delay_req_algo=",
      "diff",
      "static_delay_req_vals=",
      '{"http://a.example/":1}',
      "{",
      "}",
      "true",
      "download=",
      "verify=",
      "9",
      "%",
      "%26",
      "@",
      "x",
      "#",
    ],
    parse: (text) => {
      const { ignored } = parseProxyQuery(new URLSearchParams(text), 32);
      if (ignored.length > 0) describeIgnored(ignored);
    },
    declares: [Problem],
    hard: [
      "|url=http://a/&|",
      "host=|http://a/,|",
      "|x=1&|",
      "url=http://a/&|x|=1",
      "|&|",
      "url=|http:|",
      "|%|",
      "url=http://|a:|@b",
      "url=http://a/&split_size=|9|",
    ].map(hard),
  },
  {
    name: "what admits requests in queries",
    pieces: [
      "token=",
      "pass=",
      "&",
      "1.",
      "a".repeat(43),
      "0123456789abcdef",
      "url=http://a/",
      "%",
    ],
    parse: (text) => {
      const url = new URL(`http://a/proxy?${text}`);
      return ADMISSION.admit(new Request("http://a/"), url, { token: true, link: true });
    },
    declares: [Problem],
    hard: [
      "|token=&|",
      "|token=0123456789abcdef&|",
      "|pass=&|",
      `|pass=1.${"a".repeat(43)}&|`,
      `pass=1.${"a".repeat(43)}&|url=http://a/&|`,
    ].map(hard),
  },
  {
    name: "paths",
    pieces: ["/", "proxy", "live", "%2F", "%", "a", "..", "//"],
    parse: parsePath,
    declares: [],
    hard: ["|/|", "/proxy/|%41|", "/|a|/", "/proxy/|%|"].map(hard),
  },
  {
    name: "preconditions",
    pieces: ['"', 'W/"', "a", ",", " ", "*", '"a"', "Sun, 06 Nov 1994", " 08:49:37 GMT", "\t"],
    parse: (text) => {
      const value = text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();
      const names = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
      for (const name of names) {
        evaluatePreconditions("GET", new Headers({ [name]: value }), SENT);
      }
      rangeApplies(new Headers({ "if-range": value }), SENT);
    },
    declares: [],
    hard: ['|"b",|', '|"|', "| ,|", "Sun,| |x"].map(hard),
  },
  {
    name: "addresses and patterns of hosts",
    pieces: [
      "127",
      ".",
      "0",
      "1",
      "::",
      ":",
      "ff",
      "/",
      "8",
      "[",
      "]",
      "%",
      "*.",
      "one.example",
      "@",
    ],
    parse: (text) => {
      parseIpAddress(text);
      parseIpNetwork(text);
      parseHostPattern(text);
    },
    declares: [],
    hard: ["|:|", "|0|:", "[|:|]", "|%|", "|a.|", "|1.|", "|[|", "|1|/8", "*.|a|:1", "a|.|b"].map(
      hard,
    ),
  },
  {
    name: "heads and bodies of requests",
    pieces: [
      "GET ",
      "POST ",
      "/",
      "*",
      " HTTP/1.1\r\n",
      " HTTP/1.0\n",
      "Host: a\r\n",
      "Content-Length: ",
      "Transfer-Encoding: chunked\r\n",
      "Connection: close\r\n",
      "9",
      "f;",
      ":",
      " ",
      "\r",
      "\n",
      "\r\n",
      "\0",
    ],
    parse: parseRequest,
    declares: [Problem],
    hard: [
      "|\n|",
      "|\r\n|x",
      "|\r|",
      "GET / HTTP/1.1\r\nHost: a\r\n|x|",
      "GET / HTTP/1.1\r\nHost: a\r\nX:| |y\r\n\r\n",
      "GET / HTTP/1.1\r\n|a:b\r\n|\r\n",
      "GET |/| HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: |x,|\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n|1\r\na\r\n|",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n|1;| ",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n|a:b\r\n|",
    ].map(hard),
  },
];

/** Reads a request as a connection does that brings a few bytes at a time. */
async function parseRequest(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const read = (into: Uint8Array) => {
    const { written } = copy(bytes.subarray(at), into.subarray(0, 1000));
    at += written;
    return Promise.resolve(written === 0 ? null : written);
  };
  const source = new ByteSource({ read }, () => {});
  for (let searched = 0;;) {
    const end = findHeadEnd(source.bytes, Math.max(0, searched - 2));
    if (end >= 0) {
      await readBody(source, parseRequestHead(source.take(end)).framing);
      return;
    }
    searched = source.bytes.byteLength;
    if (!await source.fill()) return void parseRequestHead(source.bytes);
  }
}

function copy(from: Uint8Array, into: Uint8Array): { readonly written: number } {
  const part = from.subarray(0, into.byteLength);
  into.set(part);
  return { written: part.byteLength };
}
