/**
 * The parsers of the proxy: what clients and operators send. A query that is refused is a `Problem`.
 *
 * @module
 */

import { parseHostPattern } from "../../lib/proxy/guard/host_pattern.ts";
import { parseIpAddress, parseIpNetwork } from "../../lib/proxy/guard/ip_address.ts";
import { Problem } from "../../lib/proxy/problem.ts";
import { parsePath } from "../../lib/proxy/request/path.ts";
import { evaluatePreconditions, rangeApplies } from "../../lib/proxy/request/preconditions.ts";
import { describeIgnored, parseProxyQuery } from "../../lib/proxy/request/query.ts";
import { hard, type Parser } from "./parser.ts";

const SENT = { etag: '"a"', lastModified: "Sun, 06 Nov 1994 08:49:37 GMT", knownAtMs: 1e12 };

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
];
