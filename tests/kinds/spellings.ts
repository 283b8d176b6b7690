/**
 * Servers that spell Content-Range, and other fields that matter, in their own way. What is meant is plain.
 *
 * @module
 */

import { served } from "../support/lab/odd_reply.ts";
import { always, BOTH, type Kind, kind } from "./kind.ts";

/** Spells the Content-Range of each part. */
const spelled =
  (spell: (first: number, last: number, total: number) => string): Kind["serve"] => (ask) => {
    const reply = served(ask);
    const { range, content } = ask;
    if (reply.status !== 206 || range === undefined || range === "unsatisfiable") return reply;
    return reply.set("Content-Range", spell(range.start, range.end - 1, content.size));
  };

/** Sends a field twice. */
const twice = (name: string): Kind["serve"] =>
  always((reply) => {
    const value = reply.get(name);
    return value === undefined ? reply : reply.add(name, value);
  });

export const SPELLINGS: readonly Kind[] = [
  kind("content-range-equals", "bytes=0-9/10", BOTH, spelled((a, b, n) => `bytes=${a}-${b}/${n}`), {
    proxy: true,
  }),
  kind("content-range-colon", "bytes: 0-9/10", BOTH, spelled((a, b, n) => `bytes: ${a}-${b}/${n}`)),
  kind("content-range-no-unit", "0-9/10", BOTH, spelled((a, b, n) => `${a}-${b}/${n}`)),
  kind("content-range-capital", "Bytes 0-9/10", BOTH, spelled((a, b, n) => `Bytes ${a}-${b}/${n}`)),
  kind("content-range-upper", "BYTES 0-9/10", BOTH, spelled((a, b, n) => `BYTES ${a}-${b}/${n}`)),
  kind(
    "content-range-spaces",
    "bytes  0 - 9 / 10",
    BOTH,
    spelled((a, b, n) => `bytes  ${a} - ${b} / ${n}`),
  ),
  kind(
    "content-range-tab",
    "a tab behind bytes",
    BOTH,
    spelled((a, b, n) => `bytes\t${a}-${b}/${n}`),
  ),
  kind("content-range-no-space", "bytes0-9/10", BOTH, spelled((a, b, n) => `bytes${a}-${b}/${n}`)),
  kind(
    "content-range-zeros",
    "bytes 000-009/0010",
    BOTH,
    spelled((a, b, n) => `bytes 00${a}-00${b}/00${n}`),
  ),
  kind("content-range-doubled", "the same Content-Range twice", BOTH, twice("Content-Range"), {
    proxy: true,
  }),
  kind(
    "content-range-in-one",
    "the same value twice in one field",
    BOTH,
    spelled((a, b, n) => `bytes ${a}-${b}/${n}, bytes ${a}-${b}/${n}`),
  ),
  kind(
    "content-range-unclamped",
    "bytes 0-12287/1569: the last byte as it was asked for",
    BOTH,
    (ask) => {
      const reply = served(ask);
      const asked = /^bytes=(\d+)-(\d+)$/.exec(ask.head.headers["range"] ?? "");
      if (reply.status !== 206 || asked === null) return reply;
      return reply.set("Content-Range", `bytes ${asked[1]}-${asked[2]}/${ask.content.size}`);
    },
    { size: 1569 },
  ),
  kind(
    "content-range-off-by-one",
    "the last byte is one behind the range: bytes 0-10/10",
    BOTH,
    spelled((a, b, n) => `bytes ${a}-${b + 1}/${n}`),
  ),
  kind(
    "content-range-lower-name",
    "content-range in lower case",
    BOTH,
    always((reply) => {
      reply.fields = reply.fields.map(([name, value]) => [name.toLowerCase(), value]);
      return reply;
    }),
  ),
  kind(
    "content-range-shouted",
    "CONTENT-RANGE and all names in capitals",
    BOTH,
    always((reply) => {
      reply.fields = reply.fields.map(([name, value]) => [name.toUpperCase(), value]);
      return reply;
    }),
  ),
  kind("content-length-doubled", "the same Content-Length twice", BOTH, twice("Content-Length")),
  kind("etag-doubled", "the same ETag twice", BOTH, twice("ETag")),
  kind("last-modified-doubled", "the same Last-Modified twice", BOTH, twice("Last-Modified")),
  kind(
    "all-doubled",
    "every field twice",
    BOTH,
    always((reply) => {
      reply.fields = reply.fields.flatMap((field) => [field, field]);
      return reply;
    }),
  ),
];
