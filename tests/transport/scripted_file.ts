/**
 * A file of a scripted server, and requests for it by a transport.
 *
 * @module
 */

import { resolveOptions } from "../../lib/engine/options/resolve_options.ts";
import type { Reply, Requested } from "../../lib/transport/exchange.ts";
import { Transport } from "../../lib/transport/transport.ts";
import { mulberry32 } from "../support/random.ts";
import { type Request, type Script, serveScript } from "./scripted_server.ts";

const random = mulberry32(5);
export const FILE: Uint8Array<ArrayBuffer> = Uint8Array.from(
  { length: 50_000 },
  () => random() * 256,
);
export const SIZE: number = FILE.length;

export async function readAll({ body }: Reply): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let part = await body.read(); part !== undefined; part = await body.read()) parts.push(part);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Sends requests to a scripted server, one after the other. */
export async function withScript(
  answer: (request: Request) => Script,
  run: (
    ask: (start: number, end: number | undefined, more?: Partial<Requested>) => Promise<Reply>,
    server: ReturnType<typeof serveScript>,
  ) => Promise<void>,
): Promise<void> {
  await using server = serveScript(answer);
  const options = resolveOptions([`${server.origin}/file`], {});
  const transport = new Transport({ ...options, knownMirrors: [] });
  try {
    await run((start, end, more = {}) =>
      transport.request(
        0,
        { start, end, size: undefined, ...more },
        new AbortController().signal,
      ), server);
  } finally {
    await transport.close();
  }
}

/** Serves ranges of {@linkcode FILE}, with fields that may be changed. */
export function part(
  request: Request,
  change: (fields: { range: string; length: string }) => { range: string; length: string },
  status = 206,
): Script {
  if (request.range === undefined) {
    return { status: 200, fields: [`Content-Length: ${SIZE}`], body: FILE };
  }
  const { start } = request.range;
  if (start >= SIZE) {
    return { status: 416, fields: [`Content-Range: bytes */${SIZE}`, "Content-Length: 0"] };
  }
  const end = Math.min(request.range.end, SIZE);
  const body = FILE.slice(start, end);
  const { range, length } = change({
    range: `bytes ${start}-${end - 1}/${SIZE}`,
    length: `${body.length}`,
  });
  return { status, fields: [`Content-Range: ${range}`, `Content-Length: ${length}`], body };
}
