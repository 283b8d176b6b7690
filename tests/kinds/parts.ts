/**
 * Servers whose parts are not said to be parts (RFC 9110 sections 14.4 and 15.3.7), or said wrongly, and servers that
 * send more or less than was asked for.
 *
 * @module
 */

import { resizedContent } from "../support/lab/content.ts";
import {
  type Ask,
  isRanged,
  latin1,
  rangeOf,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import { BOTH, type Kind, kind } from "./kind.ts";

/** Changes the 206 answers of a server. */
const on206 = (change: (reply: Reply, ask: Ask) => Reply): Kind["serve"] => (ask) => {
  const reply = served(ask);
  return reply.status === 206 ? change(reply, ask) : reply;
};

/** A part that is not said to be one, or said wrongly, and parts of other lengths. */
export const PARTS: readonly Kind[] = [
  kind(
    "206-bare",
    "206 without Content-Range",
    BOTH,
    on206((reply) => reply.set("Content-Range", undefined)),
    {
      proxy: true,
    },
  ),
  kind(
    "206-senseless",
    "206 with a Content-Range of nonsense",
    BOTH,
    on206((reply) => reply.set("Content-Range", "bytes=-")),
  ),
  kind(
    "206-inverted",
    "206 with last before first in Content-Range",
    BOTH,
    on206((reply, ask) => reply.set("Content-Range", `bytes 9-3/${ask.content.size}`)),
  ),
  kind(
    "206-whole",
    "the whole file as 206 without Content-Range",
    BOTH,
    (ask) => served(ask, { whole: true }).as(206),
  ),
  kind(
    "206-whole-said",
    "the whole file as 206, with a Content-Range of it",
    BOTH,
    (ask) => served(ask, { range: { start: 0, end: ask.content.size } }),
  ),
  kind(
    "206-plain",
    "206 also to a request without Range",
    BOTH,
    (ask) => served(ask, isRanged(ask) ? {} : { range: { start: 0, end: ask.content.size } }),
  ),
  kind("206-chunked", "a chunked 206", BOTH, on206((reply) => reply.chunked()), { breaks: true }),
  kind(
    "206-until-close",
    "a 206 that ends with the connection",
    BOTH,
    on206((reply) => reply.set("Content-Length", undefined).closing()),
  ),
  kind(
    "206-multipart",
    "one range as multipart/byteranges",
    BOTH,
    on206((reply) => {
      const [head, tail] = [
        `--x\r\nContent-Type: text/plain\r\nContent-Range: ${reply.get("Content-Range")}\r\n\r\n`,
        "\r\n--x--\r\n",
      ];
      const length = Number(reply.get("Content-Length")) + head.length + tail.length;
      reply.body = [latin1(head), ...reply.body, latin1(tail)];
      return reply.set("Content-Range", undefined).set(
        "Content-Type",
        "multipart/byteranges; boundary=x",
      )
        .set("Content-Length", String(length));
    }),
  ),
  kind(
    "200-with-content-range",
    "parts as 200 with Content-Range",
    BOTH,
    on206((reply) => reply.as(200)),
    {
      breaks: true,
      proxy: true,
    },
  ),
  kind("203-part", "parts as 203 with Content-Range", BOTH, on206((reply) => reply.as(203))),
  kind(
    "total-is-end",
    "the total in Content-Range is the end of the range",
    BOTH,
    on206((reply, ask) =>
      reply.change("Content-Range", (value) => value.replace(/\d+$/, `${rangeOf(ask).end}`))
    ),
    { proxy: true },
  ),
  kind(
    "total-is-length",
    "the total in Content-Range is the length of the range",
    BOTH,
    on206((reply) =>
      reply.change("Content-Range", (value) => value.replace(/\d+$/, reply.get("Content-Length")!))
    ),
  ),
  kind(
    "total-star",
    "the total in Content-Range is *",
    BOTH,
    on206((reply) => reply.change("Content-Range", (value) => value.replace(/\d+$/, "*"))),
    { breaks: true },
  ),
  kind(
    "total-zero",
    "the total in Content-Range is 0",
    BOTH,
    on206((reply) => reply.change("Content-Range", (value) => value.replace(/\d+$/, "0"))),
  ),
  kind("wider-to-blocks", "serves whole blocks of 64 KiB around what was asked", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    const block = 65_536;
    const range = {
      start: Math.floor(start / block) * block,
      end: Math.min(ask.content.size, Math.ceil(end / block) * block),
    };
    return served(ask, isRanged(ask) ? { range } : {});
  }, { breaks: true, proxy: true }),
  kind(
    "wider-to-the-end",
    "serves each range to the end of the file",
    BOTH,
    (ask) =>
      served(
        ask,
        isRanged(ask) ? { range: { start: rangeOf(ask).start, end: ask.content.size } } : {},
      ),
  ),
  kind("wider-by-one", "one byte more than was asked for", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    return served(
      ask,
      isRanged(ask) ? { range: { start, end: Math.min(ask.content.size, end + 1) } } : {},
    );
  }),
  kind("capped-64k", "at most 64 KiB of each range", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    return served(
      ask,
      isRanged(ask) ? { range: { start, end: Math.min(end, start + 65_536) } } : {},
    );
  }, { proxy: true }),
  kind("capped-half", "the first half of each range longer than 1000 bytes", BOTH, (ask) => {
    const { start, end } = rangeOf(ask);
    const half = end - start > 1000 ? start + Math.ceil((end - start) / 2) : end;
    return served(ask, isRanged(ask) ? { range: { start, end: half } } : {});
  }),
  kind(
    "length-of-file-on-part",
    "Content-Length of the whole file on each part; then silence",
    BOTH,
    on206((reply, ask) => {
      // Where that is right, the connection serves the next request.
      if (Number(reply.get("Content-Length")) < ask.content.size) reply.end = "stall";
      return reply.set("Content-Length", String(ask.content.size));
    }),
    { proxy: true },
  ),
  kind(
    "length-of-file-on-part-closing",
    "Content-Length of the whole file on each part; then FIN",
    BOTH,
    on206((reply, ask) => {
      reply.end = "close";
      return reply.set("Content-Length", String(ask.content.size));
    }),
  ),
  kind(
    "length-shorter",
    "Content-Length 10 bytes short of Content-Range",
    BOTH,
    on206((reply) => {
      const length = Number(reply.get("Content-Length")) - 10;
      return length <= 0
        ? reply
        : reply.breakAt(length, "keep").set("Content-Length", String(length));
    }),
    { breaks: true },
  ),
  kind(
    "part-elsewhere",
    "the first 64 KiB, and says so, whatever range is asked for",
    BOTH,
    (ask) =>
      served(
        ask,
        isRanged(ask) ? { range: { start: 0, end: Math.min(65_536, ask.content.size) } } : {},
      ),
  ),
  kind(
    "part-lies",
    "says the range that was asked for, and sends bytes from the beginning",
    ["file", "wrong"],
    (ask) => {
      const reply = served(ask);
      if (reply.status !== 206) return reply;
      reply.body = [{
        content: ask.content,
        range: { start: 0, end: rangeOf(ask).end - rangeOf(ask).start },
      }];
      return reply;
    },
    { breaks: true, alone: ["file", /chang|differ/i], beside: ["file", /chang|differ/i] },
  ),
  kind(
    "growing",
    "the file grows by 100 bytes with each answer",
    BOTH,
    (ask) =>
      served(ask, {
        content: resizedContent(ask.content, ask.content.size + 100 * ask.index),
        etag: null,
      }),
    {
      breaks: true,
      alone: ["file", /chang|differ/i],
    },
  ),
];
