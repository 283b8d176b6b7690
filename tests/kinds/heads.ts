/**
 * Heads in any form that HTTP/1.1 allows or that servers send all the same, and what is no HTTP at all.
 *
 * @module
 */

import {
  latin1,
  nothing,
  rawUtf8,
  redirect,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** Changes every answer. */
const always = (change: (reply: Reply) => Reply): Kind["serve"] => (ask) => change(served(ask));

/** Changes the text of every head. */
const written = (change: (head: string) => string): Kind["serve"] =>
  always((reply) => reply.raw(change(String.fromCharCode(...reply.headBytes()))));

/** Adds fields that nobody needs. */
const padded = (count: number, length = 10): Kind["serve"] =>
  always((reply) => {
    for (let i = 0; i < count; i++) reply.add(`X-Padding-${i}`, "x".repeat(length));
    return reply;
  });

export const HEADS: readonly Kind[] = [
  kind("fields-90", "90 more fields", BOTH, padded(90)),
  kind("fields-120", "120 more fields", BOTH, padded(120), { alone: /100|fields|head/i }),
  kind("head-30k", "a head of 30 KB", BOTH, padded(10, 3000)),
  kind(
    "folded",
    "folded lines",
    BOTH,
    written((head) => head.replace("\r\n\r\n", "\r\nX-Folded: one\r\n two\r\n\r\n")),
    {
      alone: /fold|head/i,
    },
  ),
  kind(
    "lf-only",
    "LF instead of CRLF",
    BOTH,
    always((reply) => {
      reply.lineEnd = "\n";
      return reply;
    }),
  ),
  kind(
    "no-reason",
    "no reason phrase",
    BOTH,
    always((reply) => {
      reply.reason = "";
      return reply;
    }),
  ),
  kind(
    "no-reason-space",
    "no reason phrase, and a space behind the status",
    BOTH,
    written((head) => head.replace(/^(HTTP\S+ \d+)[^\r]*/, "$1 ")),
  ),
  kind(
    "reason-latin-1",
    "a reason phrase in Latin-1",
    BOTH,
    always((reply) => {
      reply.reason = "Teilst\xfcck";
      return reply;
    }),
  ),
  kind(
    "http-1.0",
    "HTTP/1.0, closing",
    BOTH,
    always((reply) => {
      reply.version = "HTTP/1.0";
      reply.end = "close";
      return reply;
    }),
    { breaks: true },
  ),
  kind(
    "http-1.0-keep-alive",
    "HTTP/1.0 with Connection: keep-alive",
    BOTH,
    always((reply) => {
      reply.version = "HTTP/1.0";
      return reply.set("Connection", "keep-alive");
    }),
  ),
  kind("no-date", "no Date", BOTH, always((reply) => reply.set("Date", undefined))),
  kind("no-type", "no Content-Type", BOTH, always((reply) => reply.set("Content-Type", undefined))),
  kind(
    "no-accept-ranges",
    "no Accept-Ranges",
    BOTH,
    always((reply) => reply.set("Accept-Ranges", undefined)),
  ),
  kind(
    "no-space-after-colon",
    "no space behind colons",
    BOTH,
    written((head) => head.replaceAll(": ", ":")),
  ),
  kind(
    "spaces-around-values",
    "spaces and tabs around values",
    BOTH,
    written((head) =>
      head.replaceAll(": ", ": \t ").replaceAll(/(?<!^HTTP[^\r]*)\r\n(?!$)/g, " \t\r\n")
    ),
  ),
  kind(
    "values-utf-8",
    "values in raw UTF-8",
    BOTH,
    always((reply) => reply.set("X-Title", rawUtf8("Füße ☃"))),
  ),
  kind(
    "values-latin-1",
    "values in Latin-1",
    BOTH,
    always((reply) => reply.set("X-Title", "F\xfc\xdfe")),
  ),
  kind(
    "etag-latin-1",
    "an ETag with Latin-1 in it",
    BOTH,
    (ask) => served(ask, { etag: '"f\xfc"' }),
  ),
  kind(
    "etag-utf-8",
    "an ETag in raw UTF-8",
    BOTH,
    (ask) => served(ask, { etag: rawUtf8('"fü☃"') }),
  ),
  kind(
    "etag-1000",
    "an ETag of 1000 characters",
    BOTH,
    (ask) => served(ask, { etag: `"${"e".repeat(1000)}"` }),
  ),
  kind(
    "empty-values",
    "fields without a value",
    BOTH,
    always((reply) =>
      reply.set("X-Empty", "").set("Content-Encoding", "").set("Content-Language", "")
    ),
  ),
  kind(
    "content-length-spaces",
    "a space behind Content-Length's number",
    BOTH,
    always((reply) => reply.change("Content-Length", (value) => `${value} `)),
  ),
  kind(
    "continue-first",
    "100 Continue before each answer",
    BOTH,
    written((head) => `HTTP/1.1 100 Continue\r\n\r\n${head}`),
  ),
  kind(
    "early-hints-first",
    "103 Early Hints before each answer",
    BOTH,
    written((head) => `HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n${head}`),
  ),
  kind(
    "chunk-extensions",
    "chunks with extensions and trailers",
    BOTH,
    always((reply) => {
      reply.chunked();
      reply.body = reply.body.map((piece, at) =>
        at % 3 === 0 && piece instanceof Uint8Array && reply.body.length > at + 1
          ? latin1(String.fromCharCode(...piece).replace("\r\n", ";a=b\r\n"))
          : piece
      );
      reply.body[reply.body.length - 1] = latin1("0\r\nX-Trailer: 1\r\n\r\n");
      return reply;
    }),
  ),
  kind(
    "chunked-with-length",
    "chunked, and a Content-Length",
    BOTH,
    always((reply) => {
      const length = reply.get("Content-Length")!;
      return reply.chunked().set("Content-Length", length);
    }),
  ),
  kind(
    "transfer-encoding-identity",
    "Transfer-Encoding: identity",
    BOTH,
    always((reply) => reply.set("Transfer-Encoding", "identity")),
    { alone: ["file", /head|transfer|HTTP/i] },
  ),
  kind(
    "space-before-colon",
    "a space before a colon",
    BOTH,
    written((head) => head.replace("Content-Type:", "Content-Type :")),
    { alone: ["file", /head|HTTP/i] },
  ),
  kind(
    "field-name-odd",
    "a field whose name has spaces and brackets",
    BOTH,
    always((reply) => reply.add("X (odd name)", "1")),
    { alone: ["file", /head|HTTP/i] },
  ),
  kind(
    "field-without-colon",
    "a line without a colon",
    BOTH,
    written((head) => head.replace("\r\n\r\n", "\r\nX-Odd\r\n\r\n")),
    { alone: ["file", /head|HTTP/i] },
  ),
  kind(
    "second-on-connection",
    "closes each connection on its second request",
    BOTH,
    (ask) =>
      ask.earlier.some(({ connection }) => connection === ask.connection)
        ? nothing("close")
        : served(ask),
  ),
];

/** What no client can use: an error that says what came, in bounded time and memory. */
const BROKEN_WITH_RETRIES: readonly Kind[] = [
  kind(
    "garbage",
    "bytes that are no HTTP",
    [1, 1],
    () => nothing("close").raw("SSH-2.0-OpenSSH_9.2\r\n"),
    {
      alone: /HTTP|garbage|answer/i,
    },
  ),
  kind(
    "http-0.9",
    "a body without a head",
    [1, 1],
    () => nothing("close").raw("<html>hello</html>\n"),
    {
      alone: /HTTP|garbage|answer/i,
    },
  ),
  kind("nothing", "closes each connection without an answer", [52, 1], () => nothing("close"), {
    alone: /answer|reply|respon|connection/i,
  }),
  kind("reset", "resets each connection", [56, 1], () => nothing("reset"), {
    alone: /reset|connection/i,
  }),
  kind(
    "half-a-head",
    "FIN in the middle of the head",
    ["wrong", 1],
    () => nothing("close").raw("HTTP/1.1 200 OK\r\nContent-Le"),
    { alone: /connection|head|answer|respon/i },
  ),
  kind("status-999", "a status of 999", [22, 22], (ask) => served(ask).as(999).with("no"), {
    alone: /999/,
  }),
  kind("status-four-digits", "a status of four digits", [1, 1], (ask) => served(ask).as(2000), {
    alone: /HTTP|head|respon|connection/i,
  }),
  kind(
    "content-lengths-differ",
    "two Content-Lengths that differ",
    ["wrong", "file"],
    (ask) => served(ask).add("Content-Length", "17"),
    { alone: /length|connection|head|range/i },
  ),
  kind(
    "content-length-negative",
    "a negative Content-Length",
    [8, 1],
    (ask) => served(ask).set("Content-Length", "-5"),
    { alone: /length|connection|head|range/i },
  ),
  kind(
    "content-length-huge",
    "a Content-Length of 10^30",
    ["late", 1],
    (ask) => served(ask).set("Content-Length", `1${"0".repeat(30)}`),
    { alone: /length|connection|head|range/i },
  ),
  kind("chunks-broken", "chunk sizes that are no numbers", [56, 1], (ask) => {
    const reply = served(ask).chunked();
    reply.body[0] = latin1("xyz\r\n");
    return reply;
  }, { alone: /body|chunk|connection/i }),
  kind("fields-10000", "10 000 fields", BOTH, padded(10_000), {
    alone: /head|fields|connection/i,
  }),
  kind("head-endless", "a head without end", [56, "late"], () => {
    const reply = nothing("close").raw("HTTP/1.1 200 OK\r\n");
    reply.body = Array.from(
      { length: 500 },
      () => latin1("X-Padding: xxxxxxxxxxxxxxxxx\r\n".repeat(500)),
    );
    return reply;
  }, { alone: /head|fields|connection/i, bytesPerSecond: 40_000_000 }),
  kind("redirect-loop", "redirects to itself", [47, 23], () => redirect("/file.bin"), {
    alone: /redirect/i,
    proxy: true,
  }),
  kind(
    "redirect-chain",
    "redirects to ever new URLs",
    [47, 23],
    (ask) => redirect(`/at/${ask.index}`),
    {
      alone: /redirect/i,
    },
  ),
  kind(
    "redirect-to-file",
    "redirects to a file: URL",
    [1, 1],
    () => redirect("file:///etc/passwd"),
    {
      alone: /redirect/i,
    },
  ),
  kind(
    "redirect-to-nothing",
    "redirects without a Location",
    ["wrong", 22],
    () => redirect("").set("Location", undefined),
    { alone: /302|redirect/i },
  ),
  kind("redirect-to-nonsense", "redirects to http://", [3, 1], () => redirect("http://"), {
    alone: /redirect/i,
  }),
  kind("location-1m", "a Location of 1 MB", [27, 1], () => redirect(`/${"a".repeat(1_000_000)}`), {
    alone: /redirect|head|connection|location/i,
  }),
  kind(
    "location-growing",
    "redirects to a Location that doubles",
    [56, 1],
    (ask) => redirect(`${ask.path}${ask.path}`.slice(0, 20_000)),
    { alone: /redirect/i },
  ),
  kind("cookies-100k", "100 KB of cookies, wanted back", [22, 22], (ask) => {
    if (ask.path !== "/file.bin") return served(ask).as(400).with("no");
    const reply = redirect("/at");
    for (let i = 0; i < 25; i++) reply.add("Set-Cookie", `c${i}=${"c".repeat(4000)}; Path=/`);
    return reply;
  }, { alone: /400|cookie|head|connection/i }),
];

/** With few retries, since nothing comes of them. */
export const BROKEN: readonly Kind[] = BROKEN_WITH_RETRIES.map((kind) => ({
  ...kind,
  options: { retry: { attempts: 1 } },
  flags: ["--retry", "1"],
}));
