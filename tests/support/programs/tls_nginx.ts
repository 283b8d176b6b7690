/**
 * An nginx over TLS with one file, whose log tells which requests came over which connection.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { testCertificates } from "../lab/certificates.ts";
import type { Content } from "../lab/content.ts";
import { startNginx } from "./nginx.ts";

/** Options of {@linkcode withTlsNginx}. */
export interface TlsNginxOptions {
  /** Whether HTTP/2 is offered beside HTTP/1.1. @default true */
  readonly http2?: boolean | undefined;
  /** Number of ports. @default 1 */
  readonly listeners?: number | undefined;
  /** More directives for the server block. @default none */
  readonly extra?: string | undefined;
}

/** A request that was answered. */
export interface LoggedRequest {
  /** Number of its connection. */
  readonly connection: number;
  /** Like `HTTP/2.0`. */
  readonly protocol: string;
  readonly status: number;
  /** When it was answered completely, in seconds since the epoch. */
  readonly endedAt: number;
  /** Time from its first byte to the last one of the response, in seconds. */
  readonly seconds: number;
}

/** The running server. */
export interface TlsNginx {
  /** URLs of the file, one for each port. */
  readonly urls: readonly string[];
  /** The certificate of the authority that a client has to trust. */
  readonly caPem: string;
  /** Returns the requests that were answered, at least `least`: nginx notes each after its client has the response. */
  requests(least: number): Promise<LoggedRequest[]>;
}

/** Maximum number of looks at the log. */
const LOOKS = 500;
/** Time between two of them, in milliseconds. */
const LOOK_MS = 20;

/** Runs a function with the server. */
export async function withTlsNginx(
  content: Content,
  { http2 = true, listeners = 1, extra = "" }: TlsNginxOptions,
  run: (server: TlsNginx) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "sphttp-tls-" });
  const at = (name: string) => `${root}/${name}`;
  try {
    const { caPem, certPem, keyPem } = await testCertificates();
    await Deno.writeTextFile(at("cert.pem"), certPem);
    await Deno.writeTextFile(at("key.pem"), keyPem);
    await Deno.writeFile(at("file.bin"), content.read(0, content.size));
    await using nginx = await startNginx({
      ...{ root, listeners },
      tls: { certFile: at("cert.pem"), keyFile: at("key.pem"), http2 },
      httpExtra: "log_format lanes '$connection $server_protocol $status $msec $request_time';",
      extra: `access_log "${at("log")}" lanes; ${extra}`,
    });
    await run({
      urls: nginx.urls("file.bin"),
      caPem,
      requests: async (least) => {
        for (let look = 1;; look++) {
          const lines = (await Deno.readTextFile(at("log"))).split("\n").slice(0, -1);
          if (lines.length >= least || look === LOOKS) return lines.map(readLine);
          await delay(LOOK_MS);
        }
      },
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function readLine(line: string): LoggedRequest {
  const [connection, protocol, status, endedAt, seconds] = line.split(" ");
  return {
    connection: Number(connection),
    protocol: protocol!,
    status: Number(status),
    endedAt: Number(endedAt),
    seconds: Number(seconds),
  };
}
