/**
 * The parsers of `lib/http/`: header fields, URLs, names. None of them throws, except those of URLs that a
 * user gives.
 *
 * @module
 */

import { ConnectRules } from "../../lib/http/address/connect_rules.ts";
import { CookieJar } from "../../lib/http/address/cookie_jar.ts";
import { addressIn, hostIn } from "../../lib/http/address/host.ts";
import { readLocation } from "../../lib/http/address/location.ts";
import { isOneTimeLink } from "../../lib/http/address/one_time_link.ts";
import { parseMirrorUrl } from "../../lib/http/address/mirror_url.ts";
import { parseProxyUrl } from "../../lib/http/address/proxy_url.ts";
import { describeError, redactUrl } from "../../lib/http/address/redact.ts";
import {
  parseContentLength,
  parseContentRange,
  parseRange,
  parseUnsatisfiedSize,
} from "../../lib/http/byte_range.ts";
import type { RequestForm } from "../../lib/http/byte_range.ts";
import { decodeUtf8, readField, unrepeated } from "../../lib/http/field_value.ts";
import {
  parseHttpDate,
  parseHttpDateLeniently,
  parseRetryAfter,
} from "../../lib/http/http_date.ts";
import {
  contentDisposition,
  dispositionFileName,
} from "../../lib/http/name/content_disposition.ts";
import { fileNameInUrl, localFileName, portableFileName } from "../../lib/http/name/file_name.ts";
import { promisesOtherThanHtml, readPage } from "../../lib/http/name/html.ts";
import { isUnknownType, mediaTypeOfName } from "../../lib/http/name/media_type.ts";
import { readContentCoding } from "../../lib/http/response/content_encoding.ts";
import { checkResponse } from "../../lib/http/response/response_check.ts";
import { listMatches, matchesWeakly, readValidators } from "../../lib/http/validators.ts";
import { MirrorUrlError } from "../../lib/errors.ts";
import { OptionRangeError, OptionTypeError } from "../../lib/option_errors.ts";
import { hard, type Parser } from "./parser.ts";

const NOW = Date.UTC(2026, 0, 2);
const RANGES = ["bytes", "bytes ", "=", ":", "-", "/", "*", ",", ", ", " ", "\t", "0", "9", "10"];
const DATES = "Sun|, |06| |Nov|1994|94|08:49:37|GMT|-|Sunday|:|7|UTC|+0000".split("|");
const URLS = [
  "http:",
  "https://",
  "//",
  "/",
  "\\",
  "@",
  "user:pw@",
  "a.example",
  ":80",
  "[::1]",
  "127.0.0.1",
  "?",
  "#",
  "%",
  "%41",
  "\n",
  '"',
  " ",
  ":",
  "a",
  ".",
];
const NAMES = [
  "a",
  ".",
  " ",
  "/",
  "\\",
  "con",
  ".tar",
  ".gz",
  "%2F",
  "%",
  "\u202e",
  "é",
  "\0",
  "?",
];

/** Puts a text into a header; what no header can carry is left out. */
function headers(name: string, text: string): Headers {
  const result = new Headers();
  const value = text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim();
  result.append(name, value);
  return result;
}

/** A parser that throws nothing. */
function total(
  name: string,
  pieces: readonly string[],
  parse: (text: string) => unknown,
  patterns: readonly string[] = [],
): Parser {
  return { name, pieces, parse, declares: [], hard: patterns.map(hard) };
}

/** Checks responses that have the field. */
function checkHeader(name: string) {
  return (text: string) => {
    const given = headers(name, text);
    if (name !== "content-range") given.set("content-range", "bytes 0-9/10");
    for (const status of [200, 206, 416]) {
      const form = ["bounded", "open", "plain"][text.length % 3] as RequestForm;
      checkResponse({ start: 0, end: 10, size: undefined, form }, status, given);
    }
  };
}

export const HTTP_PARSERS: readonly Parser[] = [
  total("Content-Range", RANGES, (text) => {
    parseContentRange(text);
    parseUnsatisfiedSize(text);
    checkHeader("content-range")(text);
  }, [
    "bytes| |x",
    "bytes |0|",
    "bytes 0| |x",
    "bytes 0-9| |x",
    "bytes 0-9/| |x",
    "bytes *| |x",
    "|bytes 0-9/10, |",
    "|,|",
    "0-9/|1|x",
  ]),
  total("Content-Length", RANGES, (text) => {
    parseContentLength(text);
    checkHeader("content-length")(text);
  }, ["|9|", "|9|x", "|9,|", "9| |x"]),
  total("Range", RANGES, (text) => {
    for (const size of [0, 1, 1000]) parseRange(text, size);
  }, [
    "| |x",
    "bytes=|0-0,|",
    "bytes=|,|",
    "bytes=|0|-0",
    "bytes=0-|9|",
    "bytes=0| |-0",
    "bytes=| |",
  ]),
  total(
    "ETag, lists of them",
    ['"', 'W/"', "a", ",", " ", "*", '"a"', 'W/"a"', "\t", "é"],
    (text) => {
      listMatches(text, '"a"', matchesWeakly);
      readValidators(headers("etag", text), NOW);
    },
    ['|"|', '"|a|', '|"b", |', '|, |"', '| |"', "|W/|", '|W/"" |', "| ,|x"],
  ),
  total("dates", DATES, (text) => {
    parseHttpDate(text, NOW);
    parseHttpDateLeniently(text, NOW);
    readValidators(headers("last-modified", text), NOW);
  }, [
    "|a|",
    "Sun,| |x",
    "Sun, 06 Nov 1994| |x",
    "Nov| |x",
    "Nov 6| |x",
    "|9|",
    "6 Nov 94 8:49:37| |x",
  ]),
  total("Retry-After", [...DATES, "120", "-1", "1e9", "."], (text) => parseRetryAfter(text, NOW), [
    "|9|",
    "|9|x",
    "| |9",
  ]),
  total(
    "Content-Type",
    ["text", "/", "html", ";", ",", "charset", "=", '"', "\\", " ", "*"],
    (text) => {
      isUnknownType(text);
      checkHeader("content-type")(text);
    },
    ["|a|", "|/|", "text/html|;|", '|; a="|', "text/html;| |x", "|text/html, |"],
  ),
  total(
    "Content-Disposition",
    [
      "attachment",
      ";",
      " ",
      "filename",
      "*",
      "=",
      '"',
      "\\",
      "UTF-8''",
      "%41",
      "%",
      "é",
      "a",
      "\n",
    ],
    (text) => {
      dispositionFileName(text);
      contentDisposition(text);
    },
    [
      '|;a="|',
      ';filename="|\\|',
      "|;filename=|",
      "filename*=UTF-8''|%41|",
      "|;|",
      ";a| |x",
      ";a=| |",
    ],
  ),
  total(
    "Set-Cookie",
    [
      "a",
      "=",
      ";",
      " ",
      "Domain=",
      "Path=/",
      "Max-Age=",
      "9",
      "Secure",
      "example",
      ".",
      "__Host-",
      ",",
    ],
    (text) => {
      const jar = new CookieJar();
      const url = new URL("https://www.one.example/a/b");
      jar.store([text, `b=${text}`, `a=b; ${text}`], url, NOW);
      jar.header(url, NOW, text);
    },
    ["|a=b;|", "a=b|; |", "a=b; expires=| |x", "|=|", "| |x"],
  ),
  total("repeated fields", [",", ", ", "a", "b", " ", "é", "\xc3", "\xa9"], (text) => {
    unrepeated(text);
    decodeUtf8(text);
    readField(headers("x", text), "x");
  }, ["|, |", "|a, |a", "|a, |b", "|\xc3\xa9|"]),
  total("Location", [...URLS, ", http://", "é", "\xff"], (text) => {
    readLocation(headers("location", text), new URL("http://one.example/a"));
  }, ["|, http://a|", "|/../|a", "|http:|", "|\xff|"]),
  total("Content-Encoding", ["gzip", ",", " ", "identity", "br", ";"], (text) => {
    readContentCoding(headers("content-encoding", text));
    checkHeader("content-encoding")(text);
  }, ["|,|", "|gzip, |", "| |x"]),
  total(
    "pages",
    [
      "<",
      "!doctype html",
      ">",
      "<!--",
      "-->",
      "<?xml",
      "?>",
      "<title",
      "</title",
      " ",
      "html",
      "\0",
    ],
    (text) => readPage(new TextEncoder().encode(text), ["film.mkv", text.slice(0, 1000)]),
    ["|<title|", "|<!---->|", "|<!--|", "| |", "<html>|<title>|", "<p >|<title |"],
  ),
  total("file names", NAMES, (text) => {
    for (const windows of [false, true]) localFileName(text, windows, 255);
    portableFileName(text);
    mediaTypeOfName(text);
    promisesOtherThanHtml(text);
    fileNameInUrl(`http://one.example/${text}`);
  }, ["|. |x", "|.a|", "a|.|", "|%41|", "|%|", "| |x", "x.|a|!", "|a.|!", "con| |x"]),
  total("text with URLs", URLS, (text) => {
    redactUrl(text);
    describeError(new Error(text));
  }, [
    "|a|",
    "|a:|",
    "|http:|",
    "|http://|",
    "|http://a/|",
    '|"a:|',
    "|a:b\n|",
    "|//|",
    "|@|",
    "|a:b@|",
    "http://|a?|",
    "|/\n|",
    "x:|a:\t|",
    "|a:@ |",
    "|'a:\"|",
    "|//a@b |",
    '|"\\\\" |',
    '|"a:@" |',
    "|http://u:p@a/?http://u:p@b/ |",
    "|http://u:p@a/?q\n|",
  ]),
  {
    name: "URLs of mirrors",
    pieces: URLS,
    parse: parseMirrorUrl,
    declares: [MirrorUrlError],
    hard: ["|a|", "|http:|", "http://|a:|@b", "http://|a.|", "http://a/|../|"].map(hard),
  },
  {
    name: "links that may be good for one request",
    pieces: [...URLS, "q7Zk2W", "9f86d081", "%3D", "token=", "by-hash/", "-", "~"],
    parse: isOneTimeLink,
    declares: [],
    hard: ["|a|", "|aB1|", "|1a|", "http://|a/|", "http://a|%41|", "|0-|", "|;e|", "|/ab|"].map(
      hard,
    ),
  },
  {
    name: "URLs of proxies",
    pieces: [...URLS, "socks5:"],
    parse: parseProxyUrl,
    declares: [OptionTypeError],
    hard: ["|a|", "http://|a:|@b", "socks5://|a.|"].map(hard),
  },
  {
    name: "places to connect to",
    pieces: ["a.example", ":", "443", "[::1]", "[", "]", "*", "127.0.0.1", "%", "/", " "],
    parse: (text) => {
      hostIn(text);
      addressIn(text);
      const rules = new ConnectRules({ resolve: { [text]: [text] } });
      rules.target(text, 443);
      new ConnectRules({ connectTo: { [text]: text }, localAddress: text });
    },
    declares: [OptionTypeError, OptionRangeError],
    hard: ["|[|", "|a:|", "|:|", "[|:|]:1", "|1.|"].map(hard),
  },
];
