/**
 * Servers as storage services, gateways and networks of caches have been reported to behave: they prepare a file first,
 * answer some places of it otherwise than others, redirect to nodes of which some are down, or say odd things about the end.
 *
 * @module
 */

import { type Ask, rangeOf, redirect, refused, Reply, served } from "../support/lab/odd_reply.ts";
import { always, BOTH, followed, type Kind, kind, nowAndThen } from "./kind.ts";

/** The error document of an object store. */
function errorDocument(code: string, status: number): Reply {
  const text = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  return refused(status, { "Content-Type": "application/xml" }, text);
}

/** Redirects to two nodes by turns, the first of which answers something else. */
const byTurns = (other: () => Reply): Kind["serve"] => (ask) => {
  if (ask.origin === 1) return other();
  if (ask.origin === 2) return served(ask);
  const redirects = ask.earlier.filter(({ path }) => path === "/file.bin").length;
  return redirect(`${ask.origins[1 + redirects % 2]}/node`);
};

/** Spells the total in each Content-Range in another way. */
const totalled = (total: string): Kind["serve"] =>
  always((reply) => reply.change("Content-Range", (value) => value.replace(/\d+$/, total)));

/** Answers a range behind the end in another way. */
const behindTheEnd = (reply: (ask: Ask) => Reply): Kind["serve"] => (ask) =>
  ask.range === "unsatisfiable" ? reply(ask) : served(ask);

export const SERVICES: readonly Kind[] = [
  kind(
    "accepted-first",
    "202 and a short text to the first two requests: the file is being prepared",
    ["wrong", 22],
    (ask) => ask.index < 2 ? refused(202, { "Content-Type": "application/json" }) : served(ask),
    { proxy: true },
  ),
  kind(
    "odd-start-500",
    "500 to ranges that start at an odd byte",
    BOTH,
    (ask) => rangeOf(ask).start % 2 === 1 ? refused(500) : served(ask),
  ),
  kind(
    "start-whole",
    "ignores ranges that start at byte 0, and serves others",
    BOTH,
    (ask) => served(ask, { whole: rangeOf(ask).start === 0 }),
    { proxy: true },
  ),
  kind(
    "behind-the-end-inverted",
    "a range behind the end: 206 with bytes N-(N-1)/N, and no bytes",
    BOTH,
    behindTheEnd(({ content: { size } }) =>
      new Reply(206).set("Content-Range", `bytes ${size}-${size - 1}/${size}`).with("")
    ),
  ),
  kind(
    "behind-the-end-bare",
    "a range behind the end: 206 without Content-Range, and no bytes",
    BOTH,
    behindTheEnd(() => new Reply(206).with("")),
  ),
  kind(
    "behind-the-end-whole",
    "a range behind the end: the whole file",
    BOTH,
    behindTheEnd((ask) => served(ask, { whole: true })),
  ),
  kind(
    "total-scientific",
    "the total in Content-Range is 6.0e5",
    BOTH,
    totalled("6.0e5"),
  ),
  kind(
    "total-negative",
    "the total in Content-Range is -1",
    BOTH,
    totalled("-1"),
  ),
  kind(
    "total-star-later",
    "the total in Content-Range is *, but for the first answer",
    BOTH,
    (ask) => ask.index === 0 ? served(ask) : totalled("*")(ask),
  ),
  kind(
    "slow-down-document",
    "503 with an error document to every fourth request",
    BOTH,
    (ask) => ask.index % 4 === 1 ? errorDocument("SlowDown", 503) : served(ask),
  ),
  kind(
    "timeout-document",
    "400 with an error document to every fourth request",
    BOTH,
    (ask) => ask.index % 4 === 1 ? errorDocument("RequestTimeout", 400).closing() : served(ask),
  ),
  kind(
    "status-520-now-and-then",
    "520 to every third request",
    BOTH,
    nowAndThen(() => refused(520)),
  ),
  kind(
    "cold-cache",
    "ignores Range and has a weak ETag for 0.3 s, until the file is cached",
    BOTH,
    (ask) => ask.sinceMs < 300 ? served(ask, { whole: true, etag: 'W/"v1"' }) : served(ask),
    { proxy: true },
  ),
  kind(
    "node-404",
    "redirects to two nodes by turns: the first has no file",
    [22, 3],
    byTurns(() => refused(404)),
    { origins: 3 },
  ),
  kind(
    "node-503",
    "redirects to two nodes by turns: the first is down, and says so for 1 s",
    [22, "file"],
    byTurns(() => refused(503, { "Retry-After": "1" })),
    { origins: 3 },
  ),
  kind(
    "target-of-range",
    "redirects to a URL that is good for the range of the request only",
    BOTH,
    (ask) => {
      const asked = ask.head.headers["range"] ?? "";
      if (ask.origin === 0) return redirect(`${ask.origins[1]}/r?${encodeURIComponent(asked)}`);
      const [, meant = ""] = ask.head.path.split("?");
      return decodeURIComponent(meant) === asked ? served(ask) : refused(403);
    },
    { origins: 2 },
  ),
  kind(
    "line-behind-body",
    "an empty line behind each body",
    BOTH,
    followed("\r\n"),
  ),
  kind(
    "range-with-if-range-only",
    "ignores Range, but for the first request and those with If-Range",
    BOTH,
    (ask) => served(ask, { whole: ask.index > 0 && ask.head.headers["if-range"] === undefined }),
  ),
  kind(
    "part-called-multipart",
    "a part whose type is multipart/byteranges, but that is none",
    BOTH,
    (ask) => {
      const reply = served(ask);
      const type = "multipart/byteranges; boundary=x";
      return reply.status === 206 ? reply.set("Content-Type", type) : reply;
    },
  ),
  kind(
    "digest-of-nothing",
    "checksums of an empty file in fields of object stores",
    BOTH,
    (ask) =>
      served(ask).set("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")
        .set("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
  ),
];
