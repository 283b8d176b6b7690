/**
 * A mirror with one of the faults, on loopback.
 *
 * @module
 */

import { createServer as createTlsServer } from "node:tls";
import { flawedCertificates } from "../support/lab/certificates.ts";
import type { Content } from "../support/lab/content.ts";
import { type Http2Reply, startHttp2Server } from "../support/lab/http2_server.ts";
import { parseRange } from "../support/lab/http_wire.ts";
import {
  type Ask,
  isRanged,
  nothing,
  rangeOf,
  redirect,
  type Reply,
  served,
} from "../support/lab/odd_reply.ts";
import { type OddServer, startOddServer } from "../support/lab/odd_server.ts";
import { type Behaviour, BYTE, type Places, type Position, ZONE_BYTES } from "./fault.ts";

/** A running mirror. */
export interface FaultyMirror extends AsyncDisposable {
  readonly url: string;
  /** How often the fault was met; a mirror that was elsewhere from the beginning does not know. */
  readonly strikes: number;
}

/** Rate of a mirror with a fault: most bytes are asked of it. */
const BYTES_PER_SECOND = 8_000_000;
/** Rate of one without. */
const GOOD_BYTES_PER_SECOND = 2_000_000;
const PATH = "/file.bin";

/** Starts the places that do not answer as mirrors do. */
export async function startPlaces(): Promise<Places & AsyncDisposable> {
  const { certPem: cert, keyPem: key } = await flawedCertificates("expired");
  const server = createTlsServer({ cert, key });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    // Every server of the tests is at 127.0.0.1.
    closedOrigin: "http://127.0.0.9:9",
    flawedOrigin: `https://127.0.0.1:${port}`,
    // Too long for a label: resolvers refuse it without asking anyone.
    noName: `${"n".repeat(64)}.test`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Starts a mirror without a fault. */
export function startGoodMirror(content: Content): Promise<OddServer> {
  return startOddServer({ content, serve: served, bytesPerSecond: GOOD_BYTES_PER_SECOND });
}

/** Starts a mirror with a fault. */
export async function startFaultyMirror(
  behaviour: Behaviour,
  position: Position,
  content: Content,
  places: Places,
): Promise<FaultyMirror> {
  const byte = BYTE[position];
  if (behaviour.type === "http2") return await startHttp2Mirror(behaviour.end, byte, content);
  const isThere = position === "first";
  if (isThere && behaviour.type === "elsewhere") return absent(behaviour.url(places));
  if (isThere && behaviour.type === "gone") return absent(`${places.closedOrigin}${PATH}`);
  const bend = behaviour.type === "bend" ? behaviour.make() : undefined;
  let strikes = 0;
  const serve = (ask: Ask): Reply => {
    // A signed URL is asked for before it is known what the signature is good for.
    const { reply, at } = rightReply(ask, byte);
    if (at === undefined) return reply;
    strikes++;
    switch (behaviour.type) {
      case "bend":
        return bend!({ ask, reply, at });
      case "gone":
        queueMicrotask(() => void server.close());
        return nothing("reset");
      default:
        return redirect(behaviour.url(places, server.url));
    }
  };
  const server: OddServer = await startOddServer({
    content,
    serve,
    bytesPerSecond: BYTES_PER_SECOND,
  });
  const { url } = server;
  return {
    url,
    get strikes() {
      return strikes;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function absent(url: string): FaultyMirror {
  return { url, strikes: 1, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Returns the right reply, and the byte of its body that the fault is at, if the reply gets there. */
function rightReply(ask: Ask, byte: number): { reply: Reply; at: number | undefined } {
  if (ask.range === "unsatisfiable") return { reply: served(ask), at: undefined };
  const range = clip(rangeOf(ask), byte, isRanged(ask));
  const reply = served(ask, ask.range === undefined ? {} : { range });
  // A condition may have made it the whole file.
  const start = reply.status === 206 ? range.start : 0;
  const end = reply.status === 206 ? range.end : ask.content.size;
  return { reply, at: start <= byte && byte < end ? byte - start : undefined };
}

/** Ends a range that begins before the fault's where that begins. */
function clip({ start, end }: { start: number; end: number }, byte: number, ranged: boolean) {
  const zone = Math.max(0, byte - ZONE_BYTES);
  return ranged && start < zone && end > zone ? { start, end: zone } : { start, end };
}

/** Starts a mirror that speaks HTTP/2 only. */
async function startHttp2Mirror(
  end: "rst" | "goaway",
  byte: number,
  content: Content,
): Promise<FaultyMirror> {
  let strikes = 0;
  const serve = (field: string | undefined): Http2Reply => {
    const { size } = content;
    const asked = parseRange(field, size);
    if (asked === "unsatisfiable") {
      return { status: 416, fields: { "content-range": `bytes */${size}` } };
    }
    const range = clip(asked ?? { start: 0, end: size }, byte, asked !== undefined);
    const struck = range.start <= byte && byte < range.end;
    if (struck) strikes++;
    // Some servers reset what is under way as well.
    const ends = end === "goaway" && strikes % 2 === 1 ? "goaway and rst" : end;
    return {
      status: asked === undefined ? 200 : 206,
      fields: {
        "content-length": range.end - range.start,
        "etag": '"v1"',
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        ...asked && { "content-range": `bytes ${range.start}-${range.end - 1}/${size}` },
      },
      body: content.read(range.start, struck ? byte : range.end),
      end: struck ? ends : undefined,
    };
  };
  const server = await startHttp2Server({ serve });
  return {
    url: server.origin + PATH,
    get strikes() {
      return strikes;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
