/**
 * Heads in any form that HTTP/1.1 allows or that servers send all the same.
 *
 * @module
 */

import { latin1, nothing, rawUtf8, served } from "../support/lab/odd_reply.ts";
import { always, BOTH, type Kind, kind } from "./kind.ts";

/** Changes the text of every head. */
const written = (change: (head: string) => string): Kind["serve"] =>
  always((reply) => reply.rewrite(change));

/** Adds fields that nobody needs. */
export const padded = (count: number, length = 10): Kind["serve"] =>
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
    always((reply) => reply.behind("100 Continue")),
  ),
  kind(
    "early-hints-first",
    "103 Early Hints before each answer",
    BOTH,
    always((reply) => reply.behind("103 Early Hints\r\nLink: </x>; rel=preload")),
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
    "chunked-with-wrong-length",
    "chunked, and a Content-Length of 17",
    BOTH,
    always((reply) => reply.chunked().set("Content-Length", "17")),
    { breaks: true, proxy: true },
  ),
  kind(
    "transfer-encoding-identity",
    "Transfer-Encoding: identity",
    ["late", 1],
    always((reply) => reply.set("Transfer-Encoding", "identity")),
    { alone: ["file", /head|transfer|HTTP/i] },
  ),
  kind(
    "space-before-colon",
    "a space before a colon",
    ["file", 1],
    written((head) => head.replace("Content-Type:", "Content-Type :")),
    { alone: ["file", /head|HTTP/i] },
  ),
  kind(
    "field-name-odd",
    "a field whose name has spaces and brackets",
    ["file", 1],
    always((reply) => reply.add("X (odd name)", "1")),
    { alone: ["file", /head|HTTP/i] },
  ),
  kind(
    "field-without-colon",
    "a line without a colon",
    [8, 1],
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
