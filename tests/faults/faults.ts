/**
 * The faults of the matrix.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import {
  latin1,
  type Piece,
  pieceLength,
  redirect,
  refused,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import type { Behaviour, Bent, Fault } from "./fault.ts";

/** Time between two bytes of a mirror that trickles, in milliseconds. */
const TRICKLE_MS = 1000;
/** Bytes that it sends so. */
const TRICKLE_BYTES = 30;
/** Bytes behind the end of a body that is too long. */
const EXTRA_BYTES = 1000;

/**
 * Timeouts that it takes where mirrors are waited for: none is tried again after two of them, and the last
 * attempt takes another one.
 */
const PATIENT = 3;

/** Bends each reply in the same way. */
function bent(bend: (bent: Bent) => Reply): Behaviour {
  return { type: "bend", make: () => bend };
}

/** Returns the bytes of a body. */
function bytesOf(body: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.reduce((sum, piece) => sum + pieceLength(piece), 0));
  let at = 0;
  for (const piece of body) {
    if (!(piece instanceof Uint8Array) && "pauseMs" in piece) continue;
    const part = piece instanceof Uint8Array
      ? piece
      : piece.content.read(piece.range.start, piece.range.end);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function trickle({ reply, at }: Bent): Reply {
  const bytes = bytesOf(reply.body);
  const rest = bytes.subarray(Math.max(0, at - TRICKLE_BYTES), at);
  reply.body = [bytes.subarray(0, at - rest.length)];
  for (let i = 0; i < rest.length; i++) {
    reply.body.push({ pauseMs: TRICKLE_MS }, rest.subarray(i, i + 1));
  }
  reply.end = "stall";
  return reply;
}

/** Redirects to URLs with a signature; each is good until it is refused for the first time. */
function signing(): (bent: Bent) => Reply {
  const expired = new Set<string>();
  let issued = 0;
  return ({ ask, reply }) => {
    const { path } = ask.head;
    if (!path.includes("?signature=")) return redirect(`${ask.path}?signature=${issued++}`);
    // The first one of each mirror expires when it gets here.
    if (path.endsWith("=0")) expired.add(path);
    return expired.has(path) ? refused(403, {}, "Request has expired") : reply;
  };
}

export const FAULTS: readonly Fault[] = [
  {
    name: "reset",
    does: "resets the connection",
    behaviour: bent(({ reply, at }) => reply.breakAt(at, "reset")),
    reasons: ["truncated", "network"],
  },
  {
    name: "truncated",
    does: "closes the connection in the body",
    behaviour: bent(({ reply, at }) => reply.breakAt(at, "close")),
    reasons: ["truncated", "network"],
  },
  {
    name: "half-closed",
    does: "ends the body early, and keeps the connection half open",
    behaviour: bent(({ reply, at }) => reply.breakAt(at, "half-close")),
    reasons: ["truncated", "network"],
  },
  {
    name: "silent",
    does: "falls silent",
    behaviour: bent(({ reply, at }) => reply.breakAt(at, "stall")),
    reasons: ["timeout"],
    status: 504,
    limit: PATIENT,
  },
  {
    name: "1 byte/s",
    does: "goes on with a byte per second",
    behaviour: bent(trickle),
    reasons: ["timeout"],
    status: 504,
    limit: PATIENT,
    lowestRate: 100,
  },
  {
    name: "500",
    does: "answers 500",
    behaviour: bent(() => refused(500)),
    reasons: ["status"],
  },
  {
    name: "503, Retry-After",
    does: "answers 503 with `Retry-After: 1`",
    behaviour: bent(() => refused(503, { "Retry-After": "1" })),
    reasons: ["status"],
    status: 503,
    limit: PATIENT,
  },
  {
    name: "429",
    does: "answers 429",
    behaviour: bent(() => refused(429)),
    reasons: ["status"],
    // It is taken for a limit, and waited for until the time for retries is over.
    limit: PATIENT,
  },
  {
    name: "404 later",
    does: "answers 404, though it had the file before",
    behaviour: bent(() => refused(404)),
    reasons: ["status"],
    status: 404,
  },
  {
    name: "200 for 206",
    does: "sends the whole file instead of the range",
    behaviour: bent(({ ask }) => served(ask, { whole: true })),
    reasons: undefined,
  },
  {
    name: "wrong Content-Range",
    does: "names another range than the one it was asked for",
    behaviour: bent(({ reply }) =>
      reply.change(
        "Content-Range",
        (value) => value.replace(/(\d+)-(\d+)/, (_, first, last) => `${+first + 1}-${+last + 1}`),
      )
    ),
    reasons: undefined,
  },
  {
    name: "wrong total",
    does: "says that the file has 7 bytes more",
    behaviour: bent(({ ask, reply }) =>
      reply.change("Content-Range", (value) => value.replace(/\d+$/, `${ask.content.size + 7}`))
    ),
    reasons: ["changed", "mismatch"],
    // The first mirror is asked for more than there is: its total is compared with where its answer ends.
    gets: (position, share) =>
      share === "one" || share === "all but one" || (share === "alone" && position === "first"),
    late: true,
  },
  {
    name: "extra bytes",
    does: "sends 1000 bytes more than `Content-Range` says",
    behaviour: bent(({ reply }) => {
      const bytes = bytesOf(reply.body);
      const longer = new Uint8Array(bytes.length + EXTRA_BYTES).fill(7);
      longer.set(bytes);
      return reply.with(longer);
    }),
    reasons: ["changed"],
    // A lone mirror is asked for everything: more bytes come than the file is said to have.
    gets: (position, share) => position !== "first" || share !== "alone",
    late: true,
  },
  {
    name: "encoded anyway",
    does: "compresses the body, and says so",
    behaviour: bent(({ reply }) =>
      reply.set("Content-Encoding", "gzip").with(new Uint8Array(gzipSync(bytesOf(reply.body))))
    ),
    reasons: ["encoding", "changed"],
  },
  {
    name: "bad chunking",
    does: "sends chunks whose sizes are no numbers",
    behaviour: bent(({ reply, at }) => {
      const bytes = bytesOf(reply.body).subarray(0, at);
      reply.set("Content-Length", undefined).set("Transfer-Encoding", "chunked");
      const size = latin1(`${bytes.length.toString(16)}\r\n`);
      reply.body = bytes.length === 0 ? [] : [size, bytes, latin1("\r\n")];
      reply.body.push(latin1("xyz\r\n"));
      return reply;
    }),
    reasons: ["network"],
  },
  {
    name: "TLS failure",
    does: "is at a place whose certificate has expired",
    behaviour: { type: "elsewhere", url: ({ flawedOrigin }) => `${flawedOrigin}/file.bin` },
    reasons: ["network"],
  },
  {
    name: "no such name",
    does: "is at a name that does not exist",
    behaviour: { type: "elsewhere", url: ({ noName }) => `http://${noName}/file.bin` },
    reasons: ["network"],
  },
  {
    name: "refused",
    does: "closes its port and all connections",
    behaviour: { type: "gone" },
    reasons: ["network"],
  },
  {
    name: "redirect loop",
    does: "redirects to itself",
    behaviour: { type: "redirect", url: (_places, own) => own },
    reasons: ["redirect"],
  },
  {
    name: "redirect to a dead host",
    does: "redirects to a port at which nothing listens",
    behaviour: { type: "redirect", url: ({ closedOrigin }) => `${closedOrigin}/file.bin` },
    reasons: ["network"],
  },
  {
    name: "expired signature",
    does:
      "redirects to a URL that has expired by then, and issues a new one when it is asked again",
    behaviour: { type: "bend", make: signing },
    reasons: undefined,
  },
  {
    name: "GOAWAY",
    does: "ends the HTTP/2 connection",
    behaviour: { type: "http2", end: "goaway" },
    reasons: ["truncated", "network"],
  },
  {
    name: "RST_STREAM",
    does: "resets the HTTP/2 stream",
    behaviour: { type: "http2", end: "rst" },
    reasons: ["network"],
  },
];
