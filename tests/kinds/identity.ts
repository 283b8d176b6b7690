/**
 * Servers whose validators say less, or something else, than their bytes: RFC 9110 sections 8.8 and 13.1.5 as the world
 * has them. The file is the same in all of them but the last group, where it changes.
 *
 * @module
 */

import { otherContent, randomContent, resizedContent } from "../support/lab/content.ts";
import { DATE, nothing, redirect, refused, served } from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind, SIZE } from "./kind.ts";

const LATER = "Wed, 03 Jan 2024 03:04:05 GMT";
const BREAKS = { breaks: true };
/** A different file of the same size, and one of another size. */
export const OTHER = randomContent(600_000, 77);
/** The file, with other bytes from 20 000 on. */
const LATER_OTHER = otherContent(randomContent(SIZE, 12), 20_000);
export const LONGER = randomContent(654_321, 78);

/** Returns a tag for a number. */
const tag = (value: unknown) => `"v-${value}"`;

export const IDENTITY: readonly Kind[] = [
  kind(
    "if-range-ignored",
    "answers 206 whatever If-Range says",
    BOTH,
    (ask) => served(ask, { ifRange: "ignored" }),
    BREAKS,
  ),
  kind(
    "if-range-200",
    "answers 200 to each If-Range, with the same ETag and size",
    BOTH,
    (ask) => served(ask, { ifRange: "200" }),
    { ...BREAKS, proxy: true },
  ),
  kind(
    "if-range-200-now-and-then",
    "answers 200 to every third If-Range",
    BOTH,
    (ask) => served(ask, { ifRange: ask.index % 3 === 2 ? "200" : "honoured" }),
    BREAKS,
  ),
  kind(
    "if-range-200-no-etag",
    "answers 200 to each If-Range with a date",
    BOTH,
    (ask) => served(ask, { etag: null, ifRange: "200" }),
    BREAKS,
  ),
  kind("if-range-412", "answers 412 to each If-Range", BOTH, (ask) => {
    const reply = served(ask);
    return ask.head.headers["if-range"] === undefined ? reply : reply.as(412).with("no");
  }, BREAKS),
  ...(["reset", "close", "stall"] as const).map((end) =>
    kind(
      `if-range-${end}`,
      `each request with If-Range ends in ${end}`,
      BOTH,
      (ask) => ask.head.headers["if-range"] === undefined ? served(ask) : nothing(end),
      BREAKS,
    )
  ),
  ...[204, 400, 416, 429, 501].map((status) =>
    kind(
      `if-range-${status}`,
      `answers ${status} to each If-Range`,
      BOTH,
      (ask) => ask.head.headers["if-range"] === undefined ? served(ask) : refused(status),
      BREAKS,
    )
  ),
  kind(
    "etag-by-machine",
    "two machines behind one name: an ETag for each",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.index % 2) }),
    { ...BREAKS, proxy: true },
  ),
  kind(
    "etag-by-machine-of-three",
    "three machines behind one name: an ETag for each",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.index * 7 % 3) }),
    BREAKS,
  ),
  kind(
    "etag-by-machine-ignoring",
    "two machines: an ETag for each, and If-Range is ignored",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.index % 2), ifRange: "ignored" }),
    BREAKS,
  ),
  kind(
    "etag-by-connection",
    "an ETag for each connection",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.connections % 2) }),
    BREAKS,
  ),
  kind(
    "etag-by-range",
    "an ETag for each range",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.head.headers["range"]) }),
    { ...BREAKS, proxy: true },
  ),
  kind(
    "etag-by-range-ignoring",
    "an ETag for each range, and If-Range is ignored",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.head.headers["range"]), ifRange: "ignored" }),
    BREAKS,
  ),
  kind(
    "etag-random",
    "a new ETag in each answer",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.index) }),
    BREAKS,
  ),
  kind(
    "etag-random-ignoring",
    "a new ETag in each answer, and If-Range is ignored",
    BOTH,
    (ask) => served(ask, { etag: tag(ask.index), ifRange: "ignored" }),
    BREAKS,
  ),
  kind("etag-gzip", '"…-gzip" in the ETag of every 200', BOTH, (ask) => {
    const reply = served(ask);
    return reply.status === 200 ? reply.set("ETag", '"v1-gzip"') : reply;
  }, BREAKS),
  kind("etag-gzip-now-and-then", '"…-gzip" in the ETag of every second answer', BOTH, (ask) => {
    const reply = served(ask);
    return ask.index % 2 === 1 ? reply.set("ETag", '"v1-gzip"') : reply;
  }, BREAKS),
  kind(
    "etag-weak",
    "a weak ETag only",
    BOTH,
    (ask) => served(ask, { etag: 'W/"v1"', lastModified: null }),
    BREAKS,
  ),
  kind(
    "etag-weak-wandering",
    "a new weak ETag in each answer",
    BOTH,
    (ask) => served(ask, { etag: `W/${tag(ask.index)}`, lastModified: null }),
    BREAKS,
  ),
  kind(
    "etag-weak-then-strong",
    "the same tag weak and strong by turns",
    BOTH,
    (ask) => served(ask, { etag: ask.index % 2 === 0 ? '"v1"' : 'W/"v1"' }),
    BREAKS,
  ),
  kind(
    "etag-now-and-then",
    "an ETag in every second answer only",
    BOTH,
    (ask) => served(ask, { etag: ask.index % 2 === 0 ? '"v1"' : null }),
    BREAKS,
  ),
  kind(
    "etag-unquoted",
    "an ETag without quotes",
    BOTH,
    (ask) => served(ask, { etag: "v1" }),
    BREAKS,
  ),
  kind("etag-on-200-only", "validators on a 200 only", BOTH, (ask) => {
    const reply = served(ask);
    return reply.status === 200
      ? reply
      : reply.set("ETag", undefined).set("Last-Modified", undefined);
  }, BREAKS),
  kind("date-now", "Last-Modified is the time of the answer", BOTH, (ask) => {
    const lastModified = new Date(Date.UTC(2024, 0, 2) + ask.index * 1000).toUTCString();
    return served(ask, { etag: null, lastModified });
  }, BREAKS),
  kind(
    "date-by-machine",
    "two machines: a date for each, no ETag",
    BOTH,
    (ask) => served(ask, { etag: null, lastModified: ask.index % 2 === 0 ? DATE : LATER }),
    BREAKS,
  ),
  kind(
    "date-by-machine-same-etag",
    "two machines: the same ETag, a date for each",
    BOTH,
    (ask) => served(ask, { lastModified: ask.index % 2 === 0 ? DATE : LATER }),
    BREAKS,
  ),
  kind(
    "date-garbage",
    "Last-Modified is no date",
    BOTH,
    (ask) => served(ask, { etag: null, lastModified: "yesterday" }),
    BREAKS,
  ),
  kind(
    "no-validators",
    "neither ETag nor Last-Modified",
    BOTH,
    (ask) => served(ask, { etag: null, lastModified: null }),
    { ...BREAKS, proxy: true },
  ),
  kind("etag-by-target", "redirects by turns to two targets with an ETag each", BOTH, (ask) => {
    if (ask.path === "/file.bin") {
      return redirect(`${ask.origins[ask.index % 2]}/at/${ask.index % 2}`);
    }
    return served(ask, { etag: tag(ask.path.at(-1)) });
  }, { ...BREAKS, origins: 2 }),
];

/** Returns the answers of a server whose first body breaks off, and whose file is another one from then on. */
const changing =
  (etag: (version: number) => string | null, other = OTHER): Kind["serve"] => (ask) => {
    const version = ask.index === 0 ? 1 : 2;
    const content = version === 1 ? ask.content : other;
    const lastModified = version === 1 ? DATE : LATER;
    const reply = served(ask, { content, etag: etag(version), lastModified });
    return version === 1 ? reply.breakAt(150_000, "close") : reply;
  };
const CHANGED = { alone: /chang|differ/i };
/** Where the server denies it, some bytes may have been used before it shows. */
const DENIED = { ...CHANGED, beside: ["file", /chang|differ/i] as const };

/** The file changes in the middle of a download: one clear error, never bytes of two files. */
export const CHANGES: readonly Kind[] = [
  kind("change", "another file of the same size after a break", [18, "wrong"], changing(tag), {
    ...CHANGED,
    proxy: true,
  }),
  kind(
    "change-of-size",
    "another file of another size after a break",
    [18, 8],
    changing(tag, LONGER),
    CHANGED,
  ),
  kind(
    "change-same-etag",
    "another file of the same size and ETag after a break",
    [18, "wrong"],
    changing(() => '"v1"'),
    DENIED,
  ),
  kind(
    "change-of-date",
    "another file after a break; only Last-Modified tells",
    [18, "wrong"],
    changing(() => null),
    CHANGED,
  ),
  kind(
    "change-ignoring",
    "another file after a break, and If-Range is ignored",
    [18, "wrong"],
    (ask) => {
      const { "if-range": _, ...headers } = ask.head.headers;
      return changing(tag)({ ...ask, head: { ...ask.head, headers } });
    },
    CHANGED,
  ),
  kind(
    "change-silent",
    "another file after a break, without validators",
    [18, "wrong"],
    (ask) => changing(() => null)(ask).set("Last-Modified", undefined),
    DENIED,
  ),
  kind(
    "change-back-and-forth",
    "two files of one size by turns, an ETag for each",
    [18, 1],
    (ask) => {
      const content = ask.index % 2 === 0 ? ask.content : OTHER;
      return served(ask, { content, etag: tag(ask.index % 2) }).breakAt(100_000, "close");
    },
    { alone: ["file", /chang|differ/i] },
  ),
  kind(
    "other-file",
    "another file of the same size",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: OTHER }),
    { alone: OTHER, beside: /differ/ },
  ),
  kind(
    "other-size",
    "another file",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: LONGER }),
    { alone: LONGER, beside: /differ/ },
  ),
  kind(
    "other-file-later",
    "another file, which begins with the same 20 000 bytes",
    ["wrong", "wrong"],
    (ask) => served(ask, { content: LATER_OTHER }),
    { alone: LATER_OTHER, beside: ["file", /differ|chang/] },
  ),
  kind("contradiction", "another size, ETag and date in every answer", [18, 8], (ask) => {
    const content = resizedContent(ask.content, 600_000 - ask.index);
    const lastModified = new Date(Date.UTC(2024, 0, 2, 0, 0, ask.index)).toUTCString();
    return served(ask, { content, etag: tag(ask.index), lastModified }).breakAt(100_000, "close");
  }, { alone: /600000[\s\S]*59999\d|59999\d[\s\S]*600000/ }),
];
