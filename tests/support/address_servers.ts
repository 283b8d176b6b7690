/**
 * Servers of one file at several addresses of loopback, by one port: what the addresses of a name lead to.
 *
 * @module
 */

import { certificatesFor } from "./lab/certificates.ts";
import type { Content } from "./lab/content.ts";
import { freePort } from "./lab/free_port.ts";
import type { Arrive } from "./lab/meeting.ts";

/** The name of the servers. */
export const NAME = "one.example";

/** A request that was received. */
export interface AddressRequest {
  /** The address at which it was received. */
  readonly address: string;
  readonly url: string;
  /** `undefined` by HTTP/2. */
  readonly host: string | null;
}

/** Options of {@linkcode startAddresses}. */
export interface AddressOptions {
  readonly content: Content;
  readonly addresses: readonly string[];
  /** Whether they speak TLS, with a certificate for the name. @default false */
  readonly tls?: boolean;
  /** Returns a response in place of the file; `live`: number of responses under way at all addresses. */
  readonly instead?: (request: AddressRequest, live: number) => Response | undefined;
  /** Called at each request for the file, by the address: no byte of it is sent before. @default at once */
  readonly arrive?: readonly Arrive[];
}

/** The running servers. */
export interface AddressServers extends AsyncDisposable {
  /** URL of the file, by the name. */
  readonly url: string;
  /** `host:port` of the URL. */
  readonly place: string;
  readonly caPem: string;
  readonly requests: readonly AddressRequest[];
  /** Largest number of responses under way at once. */
  readonly mostLive: number;
}

/** Time between two pieces of a body, in milliseconds, and their size. */
const PAUSE_MS = 5;
const PIECE = 64 * 1024;

/** Starts a server at each address. */
export async function startAddresses(options: AddressOptions): Promise<AddressServers> {
  const { content, addresses, tls = false, instead = () => undefined, arrive } = options;
  const { caPem, certPem, keyPem } = await certificatesFor(NAME, "two.example");
  const requests: AddressRequest[] = [];
  const port = freePort();
  let [live, mostLive] = [0, 0];
  const servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  for (const [index, hostname] of addresses.entries()) {
    const certificate = tls ? { cert: certPem, key: keyPem } : {};
    const server = Deno.serve(
      { hostname, port, ...certificate, onListen() {} },
      ({ url, headers }) => {
        const request = { address: hostname, url, host: headers.get("host") };
        requests.push(request);
        const other = instead(request, live);
        if (other !== undefined) return other;
        mostLive = Math.max(mostLive, ++live);
        const [, start, last] = /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "bytes=0-")!;
        const end = Math.min(last === "" ? content.size : Number(last) + 1, content.size);
        const range = `bytes ${start}-${end - 1}/${content.size}`;
        const body = pieces(content.read(Number(start), end), arrive?.[index]?.(), () => live--);
        return new Response(body, {
          status: 206,
          headers: {
            etag: '"one"',
            "content-range": range,
            "content-length": `${end - Number(start)}`,
          },
        });
      },
    );
    servers.push(server);
  }
  const place = `${NAME}:${port}`;
  return {
    ...{ place, caPem, requests, url: `http${tls ? "s" : ""}://${place}/f` },
    get mostLive() {
      return mostLive;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

/** Returns these bytes, a piece now and then, once `begin` has resolved, if it is given. */
function pieces(
  bytes: Uint8Array,
  begin: Promise<void> | undefined,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  let isCancelled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    async pull(controller) {
      await begin;
      await new Promise((resolve) => {
        if (!isCancelled) timer = setTimeout(resolve, PAUSE_MS);
      });
      const piece = bytes.slice(at, at + PIECE);
      controller.enqueue(piece);
      at += piece.length;
      if (at < bytes.length) return;
      controller.close();
      onEnd();
    },
    cancel() {
      isCancelled = true;
      clearTimeout(timer);
      onEnd();
    },
  }, { highWaterMark: 0 });
}
