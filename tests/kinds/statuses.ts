/**
 * Servers that answer a range by an error, by the whole file, or by nothing at all.
 *
 * @module
 */

import {
  type Ask,
  isBounded,
  isRanged,
  rangeOf,
  refused,
  served,
} from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** Answers a status to some requests. */
const unless = (bad: (ask: Ask) => boolean, status: number): Kind["serve"] => (ask) =>
  bad(ask) ? refused(status) : served(ask, isRanged(ask) ? {} : { whole: true });

const STATUSES = [400, 401, 403, 404, 405, 406, 412, 416, 500, 501, 502];

/** An error instead of a range. */
export const STATUS_FOR_RANGE: readonly Kind[] = [
  ...STATUSES.map((status) =>
    kind(
      `bounded-${status}`,
      `${status} to bytes=N-M; bytes=N- works`,
      BOTH,
      unless(isBounded, status),
      {
        proxy: status === 401 || status === 403,
      },
    )
  ),
  ...STATUSES.map((status) =>
    kind(
      `range-${status}`,
      `${status} to any Range; without one it works`,
      BOTH,
      unless(isRanged, status),
      {
        proxy: status === 401 || status === 416,
      },
    )
  ),
  kind(
    "range-401-login",
    "401 that asks for a login to any Range; without one it works",
    BOTH,
    (ask) =>
      isRanged(ask)
        ? refused(401, { "WWW-Authenticate": 'Basic realm="files"' })
        : served(ask, { whole: true }),
  ),
  kind(
    "login",
    "401 that asks for a login to every request",
    [22, 24],
    () => refused(401, { "WWW-Authenticate": 'Basic realm="files"' }),
    { alone: /401/, maxRequests: 3 },
  ),
  kind(
    "range-from-0-only",
    "404 to a Range that does not start at 0",
    BOTH,
    unless((ask) => isRanged(ask) && rangeOf(ask).start > 0, 404),
  ),
  ...(["close", "reset"] as const).map((end) =>
    kind(
      `open-empty-${end}`,
      `${end} right behind the head of bytes=N-; bytes=N-M works, and so does no Range`,
      BOTH,
      (ask) => isRanged(ask) && !isBounded(ask) ? served(ask).breakAt(0, end) : served(ask),
      { proxy: true },
    )
  ),
  kind("range-reset", "resets the connection on any Range", BOTH, (ask) => {
    const reply = served(ask, { whole: true });
    return isRanged(ask) ? reply.breakAt(0, "reset").raw("") : reply;
  }),
  kind("range-closed", "closes the connection on any Range", BOTH, (ask) => {
    const reply = served(ask, { whole: true });
    return isRanged(ask) ? reply.breakAt(0, "close").raw("") : reply;
  }),
  kind(
    "range-empty-200",
    "an empty 200 to any Range",
    BOTH,
    (ask) => isRanged(ask) ? served(ask, { whole: true }).with("") : served(ask, { whole: true }),
  ),
  kind(
    "range-204",
    "204 to any Range",
    BOTH,
    (ask) => isRanged(ask) ? refused(204).with("") : served(ask, { whole: true }),
  ),
  kind(
    "range-304",
    "304 to any Range",
    BOTH,
    (ask) => isRanged(ask) ? refused(304).with("") : served(ask, { whole: true }),
    { alone: ["file", /304/] },
  ),
  kind(
    "range-second-403",
    "403 to every range but the first",
    BOTH,
    (ask) => isRanged(ask) && ask.index > 0 ? refused(403) : served(ask),
  ),
  kind(
    "empty-file-416",
    "an empty file behind a bare 416",
    BOTH,
    (ask) => isRanged(ask) ? refused(416) : served(ask),
    { size: 0, proxy: true },
  ),
  kind("empty-file-416-star", "an empty file behind 416 with */0", BOTH, served, { size: 0 }),
  kind(
    "range-416-empty",
    "416 with */0 to any Range, though the file is not empty; without one it works",
    BOTH,
    (ask) => isRanged(ask) ? refused(416, { "Content-Range": "bytes */0" }) : served(ask),
    { proxy: true },
  ),
  kind(
    "first-416-empty",
    "416 with */0 to the first request",
    [22, 22],
    (ask) => ask.index === 0 ? refused(416, { "Content-Range": "bytes */0" }) : served(ask),
    { proxy: true },
  ),
  kind(
    "empty-file-206",
    "an empty file as 206 with bytes 0-0/0",
    BOTH,
    (ask) => served(ask, { whole: true }).as(206).set("Content-Range", "bytes 0-0/0"),
    { size: 0 },
  ),
  kind(
    "empty-file-200",
    "an empty file that ignores Range",
    BOTH,
    (ask) => served(ask, { whole: true }),
    { size: 0 },
  ),
  kind(
    "whole-only",
    "ignores Range, no Accept-Ranges",
    BOTH,
    (ask) => served(ask, { whole: true }),
    {
      breaks: true,
      proxy: true,
    },
  ),
  kind(
    "whole-accept-ranges",
    "ignores Range, with Accept-Ranges: bytes",
    BOTH,
    (ask) => served(ask, { whole: true }).set("Accept-Ranges", "bytes"),
    { breaks: true },
  ),
  kind(
    "whole-accept-none",
    "serves ranges, with Accept-Ranges: none",
    BOTH,
    (ask) => served(ask).set("Accept-Ranges", "none"),
  ),
  kind(
    "whole-now-and-then",
    "ignores every third Range",
    BOTH,
    (ask) => served(ask, { whole: ask.index % 3 === 2 }),
    { breaks: true },
  ),
  kind(
    "whole-first",
    "ignores the first Range only",
    BOTH,
    (ask) => served(ask, { whole: ask.index === 0 }),
  ),
  kind(
    "whole-chunked",
    "ignores Range; chunked, of unknown length",
    BOTH,
    (ask) => served(ask, { whole: true }).chunked(),
    { breaks: true },
  ),
  kind(
    "whole-until-close",
    "ignores Range; the body ends with the connection",
    BOTH,
    (ask) => served(ask, { whole: true }).set("Content-Length", undefined).closing(),
  ),
  kind("whole-until-close-1.0", "HTTP/1.0: the body ends with the connection", BOTH, (ask) => {
    const reply = served(ask, { whole: true }).set("Content-Length", undefined).set(
      "Accept-Ranges",
      undefined,
    );
    reply.version = "HTTP/1.0";
    reply.end = "close";
    return reply;
  }),
  kind(
    "open-400",
    "400 to bytes=N-; bytes=N-M and no Range work",
    BOTH,
    (ask) => isRanged(ask) && !isBounded(ask) ? refused(400) : served(ask),
  ),
  kind(
    "open-416",
    "416 to bytes=N-; bytes=N-M and no Range work",
    BOTH,
    (ask) => isRanged(ask) && !isBounded(ask) ? refused(416) : served(ask),
  ),
  kind(
    "open-ignored",
    "ignores bytes=N-; bytes=N-M works",
    BOTH,
    (ask) => served(ask, { whole: isRanged(ask) && !isBounded(ask) }),
    { breaks: true },
  ),
  kind(
    "plain-403",
    "403 without Range",
    [22, 22],
    (ask) => isRanged(ask) ? served(ask) : refused(403),
    { breaks: true },
  ),
  kind(
    "long-range-416",
    "416 to ranges of over 100 KB; no Range works",
    BOTH,
    (ask) =>
      isRanged(ask) && rangeOf(ask).end - rangeOf(ask).start > 100_000 ? refused(416) : served(ask),
  ),
  kind(
    "long-range-403",
    "403 to ranges of over 100 KB, and without Range",
    [22, 22],
    (ask) => rangeOf(ask).end - rangeOf(ask).start > 100_000 ? refused(403) : served(ask),
    { alone: ["file", /403/] },
  ),
  kind(
    "if-range-403",
    "403 to each If-Range",
    BOTH,
    (ask) => ask.head.headers["if-range"] === undefined ? served(ask) : refused(403),
    { breaks: true },
  ),
  kind(
    "if-range-304",
    "304 to each If-Range",
    BOTH,
    (ask) => ask.head.headers["if-range"] === undefined ? served(ask) : refused(304).with(""),
    { breaks: true },
  ),
  kind(
    "if-range-206-bare",
    "206 without Content-Range, with the whole file, to each If-Range",
    BOTH,
    (ask) =>
      ask.head.headers["if-range"] === undefined
        ? served(ask)
        : served(ask, { whole: true }).as(206),
    { breaks: true },
  ),
  kind(
    "if-range-500",
    "500 to each If-Range",
    BOTH,
    (ask) => ask.head.headers["if-range"] === undefined ? served(ask) : refused(500),
    { breaks: true },
  ),
  kind(
    "cookie-of-first-answer",
    "403 to later requests without the cookie of the first answer",
    BOTH,
    (ask) =>
      ask.index === 0 || /\bs=1\b/.test(ask.head.headers["cookie"] ?? "")
        ? served(ask).add("Set-Cookie", "s=1; Path=/")
        : refused(403),
    { breaks: true },
  ),
];
