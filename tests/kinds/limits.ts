/**
 * Servers that limit connections, the pace of requests, or their number, and say so by one status or another. What
 * delivers must go on, and the file must come.
 *
 * @module
 */

import { type Ask, nothing, redirect, refused, served } from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind, nowAndThen } from "./kind.ts";

/** Answers something else while that many requests are being answered. */
const limited =
  (connections: number, refuse: (ask: Ask) => ReturnType<typeof refused>): Kind["serve"] => (ask) =>
    ask.live >= connections ? refuse(ask) : served(ask);

/** Number of requests that were answered with the file, in the last `ms`. */
function servedWithin({ earlier, sinceMs }: Ask, ms: number): number {
  return earlier.filter(({ status, atMs }) => status < 300 && atMs > sinceMs - ms).length;
}

const SLOW = { bytesPerSecond: 1_500_000 };

/** The usual pauses between retries: those of tests are too short for a server that limits the pace. */
const PATIENT = { options: { retry: {} } };

/** The file, a kilobyte every half second. */
function trickled(ask: Ask): ReturnType<typeof refused> {
  const reply = served(ask);
  for (let at = 1000; at <= 30_000; at += 1000) reply.pause(at, 500);
  return reply;
}

const STATUSES = [403, 404, 416, 420, 429, 503, 509, 529];

export const LIMITS: readonly Kind[] = [
  ...STATUSES.map((status) =>
    kind(
      `one-connection-${status}`,
      `${status} to a second connection`,
      BOTH,
      limited(1, () => refused(status)),
      {
        ...SLOW,
        proxy: status === 503,
      },
    )
  ),
  ...[400, 401, 407, 410, 451, 500, 204].map((status) =>
    kind(
      `two-connections-${status}`,
      `${status} to a third connection, and a file so long that more are tried`,
      BOTH,
      limited(2, () => refused(status)),
      { size: 8_000_000, bytesPerSecond: 8_000_000 },
    )
  ),
  kind("second-trickles", "a second connection gets 2 kB/s", BOTH, limited(1, trickled), {
    size: 16_000_000,
    bytesPerSecond: 8_000_000,
    long: true,
  }),
  kind("third-trickles", "a third connection gets 2 kB/s", BOTH, limited(2, trickled), {
    size: 16_000_000,
    bytesPerSecond: 8_000_000,
    long: true,
  }),
  kind(
    "second-hangs",
    "a second connection gets the head, and nothing else",
    BOTH,
    limited(1, (ask) => served(ask).pause(0, 60_000)),
    { size: 16_000_000, bytesPerSecond: 8_000_000, long: true },
  ),
  kind("two-connections-503", "503 to a third connection", BOTH, limited(2, () => refused(503)), {
    ...SLOW,
    options: { maxConnectionsPerMirror: 4 },
    flags: ["--max-connection-per-server", "4"],
  }),
  kind("two-connections-429", "429 to a third connection", BOTH, limited(2, () => refused(429)), {
    ...SLOW,
    options: { maxConnectionsPerMirror: 4 },
    flags: ["--max-connection-per-server", "4"],
  }),
  kind(
    "one-connection-reset",
    "a second request is reset",
    BOTH,
    limited(1, () => nothing("reset")),
    SLOW,
  ),
  kind(
    "one-connection-closed",
    "a second request is closed without an answer",
    BOTH,
    limited(1, () => nothing("close")),
    SLOW,
  ),
  kind(
    "one-connection-refused",
    "a second connection is reset when it is accepted",
    BOTH,
    (ask) => served(ask),
    {
      ...SLOW,
      maxConnections: 1,
    },
  ),
  kind(
    "one-connection-page",
    "a page with status 200 to a second connection",
    BOTH,
    limited(
      1,
      () => refused(200, { "Content-Type": "text/html" }, "<html>Too many connections</html>"),
    ),
    SLOW,
  ),
  kind(
    "second-redirected-to-itself",
    "a second request is redirected to the same URL, and a file so long that one is tried",
    BOTH,
    limited(1, () => redirect("/file.bin")),
    { size: 8_000_000, bytesPerSecond: 4_000_000, proxy: true },
  ),
  kind(
    "pace-5-per-second",
    "more than 5 requests in a second: 503",
    BOTH,
    (ask) => servedWithin(ask, 1000) >= 5 ? refused(503) : served(ask),
    { ...SLOW, ...PATIENT, maxRequests: 40, proxy: true },
  ),
  kind(
    "pace-1-per-300ms",
    "more than one request in 300 ms: 429",
    BOTH,
    (ask) => servedWithin(ask, 300) >= 1 ? refused(429) : served(ask),
    { ...SLOW, ...PATIENT, maxRequests: 40 },
  ),
  kind(
    "budget-of-eight",
    "eight requests in all, then 403 for a second",
    BOTH,
    (ask) => servedWithin(ask, 1000) >= 8 ? refused(403) : served(ask),
    SLOW,
  ),
  kind(
    "budget-of-eight-429",
    "eight requests in all, then 429 with Retry-After: 1",
    BOTH,
    (ask) => servedWithin(ask, 1000) >= 8 ? refused(429, { "Retry-After": "1" }) : served(ask),
    SLOW,
  ),
  ...[2, 3].map((most) =>
    kind(
      `budget-of-${most === 2 ? "two" : "three"}-lanes`,
      `${most} requests in all, then 429, asked by four at once`,
      BOTH,
      (ask) => ask.index >= most ? refused(429) : served(ask),
      {
        ...SLOW,
        options: { maxConnectionsPerMirror: 4 },
        flags: ["--max-connection-per-server", "4"],
      },
    )
  ),
  ...[[5, "five"], [6, "six"]].map(([most, name]) =>
    kind(
      `budget-of-${name}-default`,
      `${most} requests in all, then 403, and a file so long that many are of use`,
      BOTH,
      (ask) => ask.index >= Number(most) ? refused(403) : served(ask),
      { size: 8_000_000, bytesPerSecond: 8_000_000 },
    )
  ),
  ...[403, 404, 410].map((status) =>
    kind(
      `one-time-link-${status}`,
      `${status} to every request but the first`,
      BOTH,
      (ask) => ask.index > 0 ? refused(status) : served(ask),
      { ...SLOW, proxy: status === 403 },
    )
  ),
  ...[403, 404, 410, 429].map((status) =>
    kind(
      `one-time-links-${status}`,
      `two links with a query, each with ${status} to every request but the first`,
      BOTH,
      (ask) => ask.index > 0 ? refused(status) : served(ask),
      { ...SLOW, copies: 2, path: "/file.bin?token=1" },
    )
  ),
  ...[403, 404, 410, 429].map((status) =>
    kind(
      `one-time-paths-${status}`,
      `two links with a token in their paths, each with ${status} to every request but the first`,
      BOTH,
      (ask) => ask.index > 0 ? refused(status) : served(ask),
      { ...SLOW, copies: 2, path: "/d/q7Zk2WfPx0RbN4tE/file.bin" },
    )
  ),
  ...[[403, 2], [404, 2], [410, 2], [429, 2], [403, 3], [410, 3]].map(([status = 0, copies = 0]) =>
    kind(
      `one-time-plain-${copies}-${status}`,
      `${copies} links that look like any other, each with ${status} to every request but the first`,
      BOTH,
      (ask) => ask.index > 0 ? refused(status) : served(ask),
      { ...SLOW, copies },
    )
  ),
  kind(
    "one-time-plain-long",
    "two links that look like any other, each with 403 to every request but the first, and a longer file",
    BOTH,
    (ask) => ask.index > 0 ? refused(403) : served(ask),
    // What one of several is asked for first ends before the file does.
    { size: 3_000_000, bytesPerSecond: 8_000_000, copies: 2, alone: /may work only once/ },
  ),
  kind(
    "one-time-link-long",
    "403 to every request but the first, and a longer file",
    BOTH,
    (ask) => ask.index > 0 ? refused(403) : served(ask),
    { size: 3_000_000, bytesPerSecond: 8_000_000, proxy: true },
  ),
  kind(
    "one-time-link-breaks",
    "the first response breaks off, and 403 to every other request",
    [18, 22],
    (ask) => ask.index > 0 ? refused(403) : served(ask).breakAt(300_000, "close"),
    { ...SLOW, alone: /may work only once/ },
  ),
  kind(
    "one-time-link-whole",
    "403 to every request but the first, and Range is ignored",
    BOTH,
    (ask) => ask.index > 0 ? refused(403) : served(ask, { whole: true }),
    SLOW,
  ),
  kind(
    "retry-after-seconds",
    "503 with Retry-After: 1 to the first request",
    [22, "file"],
    (ask) => ask.index === 0 ? refused(503, { "Retry-After": "1" }) : served(ask),
  ),
  kind(
    "retry-after-date",
    "503 with Retry-After as a date to the first request",
    [22, "file"],
    (ask) =>
      ask.index === 0
        ? refused(503, { "Retry-After": new Date(Date.now() + 1000).toUTCString() })
        : served(ask),
  ),
  kind(
    "retry-after-garbage",
    "503 with Retry-After: soon to the first request",
    [22, "file"],
    (ask) => ask.index === 0 ? refused(503, { "Retry-After": "soon" }) : served(ask),
  ),
  kind(
    "503-now-and-then",
    "503 to every third request",
    BOTH,
    nowAndThen(() => refused(503)),
  ),
  kind(
    "500-first",
    "500 to the first request",
    [22, 22],
    (ask) => ask.index === 0 ? refused(500) : served(ask),
  ),
  kind(
    "404-first",
    "404 to the first request: a cache that is filled by it",
    [22, 3],
    (ask) => ask.index === 0 ? refused(404) : served(ask),
  ),
];
