/**
 * Servers that are odd in one small thing, which no other table is about: statuses beside 200 and 206, interim
 * responses, fields with values that should not be, and ranges that are served but for some.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  isBounded,
  isRanged,
  latin1,
  page,
  type Piece,
  pieceLength,
  rangeOf,
  redirect,
  refused,
  served,
} from "../support/lab/odd_reply.ts";
import { padded } from "./heads.ts";
import { always, BOTH, followed, type Kind, kind, nowAndThen } from "./kind.ts";

/** Redirects to another path, at which the file is. */
const leading = (location: string): Kind["serve"] => (ask) =>
  ask.path === "/file.bin" ? redirect(location) : ask.path === "/at" ? served(ask) : refused(404);

/** Sends parts as multipart/byteranges, with another frame. */
const framed = (before: (fields: string) => string, after: string): Kind["serve"] => (ask) => {
  const reply = served(ask);
  if (reply.status !== 206) return reply;
  const fields = `Content-Range: ${reply.get("Content-Range")}\r\n\r\n`;
  const body: Piece[] = [latin1(before(fields)), ...reply.body, latin1(after)];
  reply.body = body;
  return reply.set("Content-Range", undefined)
    .set("Content-Type", "multipart/byteranges; boundary=x")
    .set("Content-Length", `${body.reduce((sum, piece) => sum + pieceLength(piece), 0)}`);
};

/** Spellings of the Content-Range of bytes A to B of T. */
const SPELLINGS: readonly [name: string, spelling: string][] = [
  ["commas", "bytes A-B/600,000"],
  ["no-total", "bytes A-B"],
  ["semicolon", "bytes A-B/T;x=1"],
  ["quoted", '"bytes A-B/T"'],
  ["items", "items A-B/T"],
  ["open", "bytes A-/T"],
  ["unknown", "bytes A-B/unknown"],
  ["fraction", "bytes A-B/T.0"],
];

const dated = (lastModified: string): Kind["serve"] => (ask) =>
  served(ask, { etag: null, lastModified });

export const ODDITIES: readonly Kind[] = [
  kind(
    "status-226",
    "226 (IM Used) for everything",
    ["file", 22],
    always((reply) => reply.as(226)),
  ),
  kind("status-201", "201 for everything", ["file", 22], always((reply) => reply.as(201))),
  kind(
    "continue-twice",
    "two interim responses before each answer",
    BOTH,
    always((reply) => reply.behind("100 Continue", "100 Continue", "103 Early Hints")),
  ),
  kind(
    "processing-first",
    "102 Processing before each answer",
    BOTH,
    always((reply) => reply.behind("102 Processing")),
  ),
  kind(
    "early-hints-redirect",
    "103 Early Hints before a redirect",
    BOTH,
    (ask) => ask.path === "/file.bin" ? redirect("/at").behind("103 Early Hints") : served(ask),
  ),
  kind(
    "trailers",
    "chunked parts with another ETag behind them",
    BOTH,
    always((reply) => {
      reply.chunked();
      reply.body[reply.body.length - 1] = latin1('0\r\nETag: "other"\r\n\r\n');
      return reply;
    }),
  ),
  kind(
    "content-length-zeros",
    "zeros before Content-Length's number",
    BOTH,
    always((reply) => reply.change("Content-Length", (value) => `000${value}`)),
  ),
  kind(
    "ignored-after-three",
    "ignores Range after three requests",
    BOTH,
    (ask) => served(ask, { whole: ask.index >= 3 }),
  ),
  kind("etag-empty", "an ETag without a value", BOTH, (ask) => served(ask, { etag: "" })),
  kind("etag-nothing", 'the ETag ""', BOTH, (ask) => served(ask, { etag: '""' })),
  kind(
    "etag-weak-lower",
    "a weak ETag with a small w",
    BOTH,
    (ask) => served(ask, { etag: 'w/"v1"' }),
  ),
  kind("date-german", "Last-Modified in German", BOTH, dated("Di, 02 Jan 2024 03:04:05 MEZ")),
  kind("date-iso", "Last-Modified as in ISO 8601", BOTH, dated("2024-01-02T03:04:05Z")),
  kind("date-future", "Last-Modified of 2124", BOTH, dated("Sun, 02 Jan 2124 03:04:05 GMT")),
  kind(
    "head-then-fin",
    "FIN behind the head of every third answer",
    BOTH,
    nowAndThen((ask) => served(ask).breakAt(0, "close")),
  ),
  kind("challenge-403", "a page with status 403", [22, 22], () => page("Just a moment").as(403), {
    alone: /403/,
  }),
  kind("location-dots", "a Location with . and ..", BOTH, leading("/x/../y/./../at")),
  kind("location-padded", "blanks around the Location", BOTH, leading("  /at  ")),
  kind("location-pipe", "a Location with |, {, } and ^", BOTH, leading("/at?a=|{}^`")),
  kind("location-percent", "a Location with % that is no escape", BOTH, leading("/at?a=%zz&b=9%")),
  kind(
    "redirect-linked",
    "a redirect with size and ETag of its own",
    BOTH,
    (ask) =>
      ask.path === "/file.bin"
        ? redirect(`/at?signature=${ask.index}`, { "X-Linked-Size": "17", ETag: '"redirect"' })
        : served(ask),
  ),
  kind(
    "redirect-cookie-loop",
    "to itself, with another cookie each time",
    [47, 23],
    (ask) => redirect("/file.bin", { "Set-Cookie": `s=${ask.index}` }),
    { alone: /redirect/i },
  ),
  kind("digest-of-part", "Repr-Digest is that of the part", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    const sum = createHash("sha256").update(ask.content.read(start, end)).digest("base64");
    return served(ask).set("Repr-Digest", `sha-256=:${sum}:`);
  }, { alone: ["file", /digest|hash/i] }),
  ...SPELLINGS.map(([name, spelling]) =>
    kind(`content-range-${name}`, `Content-Range: ${spelling}`, BOTH, (ask) => {
      const { start, end } = rangeOf(ask);
      const numbers: Record<string, number> = { A: start, B: end - 1, T: ask.content.size };
      return served(ask).change(
        "Content-Range",
        () => spelling.replaceAll(/[ABT]/g, (letter) => `${numbers[letter]}`),
      );
    })
  ),
  kind(
    "multipart-preamble",
    "multipart/byteranges with a preamble",
    BOTH,
    framed((fields) => `hello\r\n--x\r\n${fields}`, "\r\n--x--\r\n"),
  ),
  kind(
    "multipart-lf",
    "multipart/byteranges with LF only",
    BOTH,
    framed((fields) => `--x\n${fields.replaceAll("\r", "")}`, "\n--x--\n"),
  ),
  kind(
    "multipart-unended",
    "multipart/byteranges without its last line",
    BOTH,
    framed((fields) => `--x\r\n${fields}`, ""),
  ),
  kind("end-exclusive", "one byte less than was asked for, and says so", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    const isCut = isBounded(ask) && end - start > 1;
    return served(ask, isCut ? { range: { start, end: end - 1 } } : {});
  }),
  kind(
    "last-byte-416",
    "416 to bytes=N-M with the last byte",
    BOTH,
    (ask) => isBounded(ask) && rangeOf(ask).end === ask.content.size ? refused(416) : served(ask),
  ),
  kind("even-lengths", "400 to ranges of an odd length", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    return isRanged(ask) && (end - start) % 2 === 1 ? refused(400) : served(ask);
  }),
  kind(
    "field-60k",
    "a field of 60 KB",
    BOTH,
    padded(1, 60_000),
  ),
  kind("garbage-behind-body", "100 bytes behind each body", BOTH, followed("x".repeat(100))),
  kind(
    "retry-after-zero",
    "429 with Retry-After: 0 to every third request",
    BOTH,
    nowAndThen(() => refused(429, { "Retry-After": "0" })),
  ),
  kind(
    "retry-after-negative",
    "503 with Retry-After: -1 to every third request",
    BOTH,
    nowAndThen(() => refused(503, { "Retry-After": "-1" })),
  ),
];
