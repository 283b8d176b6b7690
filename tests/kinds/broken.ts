/**
 * Servers that no client can use: an error that says what came, in bounded time and memory.
 *
 * @module
 */

import { latin1, nothing, redirect, served } from "../support/lab/odd_reply.ts";
import { padded } from "./heads.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** Many fields. They are made once: made for each answer, they would hold up all servers and clients of the process. */
const FIELDS = latin1("X-Padding: xxxxxxxxxxxxxxxxx\r\n".repeat(500));

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
    reply.body = Array<Uint8Array>(500).fill(FIELDS);
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
