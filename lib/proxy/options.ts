/**
 * The options of the proxy, and their defaults.
 *
 * @module
 */

import type { DownloaderOptions } from "../../mod.ts";
import type { AccessLogFormat } from "./observe/access_log.ts";
import type { CorsOption } from "./answer/headers.ts";

/** Options of {@linkcode createHandler}. */
export interface ProxyOptions {
  /**
   * Whether mirrors at private, loopback and other special addresses may be used.
   *
   * @default {false}
   */
  allowPrivate?: boolean;
  /**
   * The only hosts that may be used: `one.example`, `*.example`, `one.example:8080`, addresses or
   * networks like `10.0.0.0/8`.
   *
   * @default {every public host}
   */
  allowHosts?: readonly string[] | undefined;
  /**
   * What a client has to show, as `Authorization: Bearer TOKEN` or in the query as `token=TOKEN`.
   *
   * @default {nothing}
   */
  token?: string | undefined;
  /**
   * The most mirrors of one request.
   *
   * @default {32}
   */
  maxMirrors?: number;
  /**
   * The most downloads at once; beyond it, clients are told to come back later.
   *
   * @default {128}
   */
  maxDownloads?: number;
  /**
   * What all downloads may take together, in bytes: three eighths of it for their reorder
   * buffers, the rest for what is on its way through connections and answers. Each gets an equal share, 64 MiB at most;
   * where it would be less than 2 MiB, clients are told to come back later.
   *
   * @default {256 MiB}
   */
  memory?: number;
  /**
   * Pages of which origins may read the answers.
   *
   * @default {none}
   */
  cors?: CorsOption;
  /**
   * How long what was learned of a set of mirrors is used without asking them again, in
   * milliseconds.
   *
   * @default {60_000}
   */
  rememberMs?: number;
  /** Options of the downloads, like timeouts, `retry`, `caCerts` or `fetch`. */
  download?: Omit<
    DownloaderOptions,
    "range" | "signal" | "knownFile" | "book" | "windowSize" | "trace" | "onEvent"
  >;
  /** Takes a line for each request that has been answered. */
  log?: (line: string) => void;
  /**
   * Takes what went wrong inside when a request is answered with a 500: clients learn nothing of
   * it.
   *
   * @default {nothing is told}
   */
  onError?: (error: unknown) => void;
  /**
   * How these lines are written.
   *
   * @default {"text"}
   */
  logFormat?: AccessLogFormat;
}
