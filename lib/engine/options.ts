/**
 * The options of a download, as a caller gives them.
 *
 * @module
 */

import type { DelayRequest, DelayRequestAlgorithm } from "../policy/delay.ts";
import type { DuplicateRequest, DuplicateRequestAlgorithm } from "../policy/duplicate.ts";
import type { ByteRange } from "../http/byte_range.ts";
import type { TraceEvent } from "../trace/events.ts";
import type { KnownFile } from "./file_info.ts";
import type { LowestRate } from "../scheduler/lowest_rate.ts";
import type { MirrorBook } from "./mirror_book.ts";
import type { RetryOptions } from "../scheduler/failures.ts";

/** Which versions of HTTP are spoken: `auto` takes HTTP/2 where a server offers it over TLS. */
export type HttpVersion = "auto" | "http1" | "http2";

/** Options of a {@linkcode Downloader}. */
export interface DownloaderOptions {
  /**
   * The unit of splitting, in bytes; from 1000 up. Under a `maxRate` every algorithm but `adaptive`
   * asks for this much at once, however long it then has to wait.
   *
   * @default {1_000_000; half of a `windowSize` that is smaller than two of these; a tenth of a second of `maxRate` where that is less, unless `adaptive`}
   */
  splitSize?: number;
  /**
   * What a mirror asks for next: an algorithm's name, or a function of your own.
   *
   * @default {"adaptive"; "diff", the original's, with an option that adaptive does not have}
   */
  delayRequest?: DelayRequestAlgorithm | DelayRequest;
  /**
   * Blocks of delay by mirror URL, for `delayRequest: "static"`; 0 for mirrors not named.
   *
   * @default {{}}
   */
  staticDelays?: Readonly<Record<string, number>>;
  /**
   * Whether `diff` places a mirror's first request by its response time.
   *
   * @default {true}
   */
  initialDelay?: boolean;
  /**
   * Blocks of initial delay for each multiple of the shortest response time; below 1 counts as 1.
   *
   * @default {10}
   */
  initialDelayCoefficient?: number;
  /**
   * When the block that holds up the front is asked for again: an algorithm's name, or a function
   * of your own. Not for `adaptive`, which has rescues of its own.
   *
   * @default {"nibib"}
   */
  duplicateRequest?: DuplicateRequestAlgorithm | DuplicateRequest;
  /**
   * Threshold of the duplicate request algorithm, in blocks; `nibib` raises it to 20.
   *
   * @default {20}
   */
  invalidBlockThreshold?: number;
  /**
   * Whether a mirror whose block had to be asked for again is closed.
   *
   * @default {false}
   */
  closeBadConnections?: boolean;
  /**
   * The most neighbouring blocks asked for in one request. More than one is asked for only where a
   * block takes a few milliseconds, so that the cost of a request would outweigh it. 1 keeps every
   * request to one block.
   *
   * @default {16}
   */
  maxBlocksPerRequest?: number;
  /**
   * The most requests that one mirror has under way at once, from 1 to 16; `adaptive` only, the
   * others never have more than one. With 2, the second takes over when the first ends, so that the
   * link is never idle; with more, most of them are kept busy. `auto` adds connections only while
   * they make a mirror bring more, and takes them away when they do not.
   *
   * @default {2}
   */
  maxConnectionsPerMirror?: number | "auto";
  /**
   * What downloads before this one learned of the mirrors' hosts, and where what this one learns is
   * put down when it ends, however it ends: the rate in bytes per second and the latency in
   * milliseconds of each mirror that brought at least 256 KiB by ranges. What is in it is made use of
   * by `adaptive` only. Under a `maxRate` nothing is put down: it hides what the links could do.
   *
   * @default {none: nothing is known, and nothing is kept}
   */
  book?: MirrorBook;
  /**
   * The most bytes held, and asked for, ahead of the consumer; at least twice `splitSize`. Mirrors
   * work side by side only where it has room for a few blocks of each.
   *
   * @default {32 MiB}
   */
  windowSize?: number;
  /**
   * The most bytes per second, all mirrors together; at least 1. Everything that is asked for counts,
   * also what has to be asked for again. The limit holds over any few seconds, and no link is made to
   * burst: little is asked for at a time, and no more before that has been paid for.
   *
   * @default {no limit}
   */
  maxRate?: number | undefined;
  /**
   * The rate below which a mirror is given up for good: what it brings on average while it has
   * requests under way. Time in which it is not asked, or in which the consumer or `maxRate` holds the
   * whole download back, does not count.
   *
   * @default {none: a mirror may be as slow as it likes}
   */
  lowestRate?: LowestRate | undefined;
  /**
   * The part of the file to download: from `start` (0 by default) up to, but not including, `end` (the
   * end of the file by default).
   *
   * @default {the whole file}
   */
  range?: Partial<ByteRange> | undefined;
  /**
   * What an earlier download of the same file learned, as {@linkcode Downloader.knownFile} gives it:
   * mirrors that it names are asked for data at once. A file that has changed since is an error.
   *
   * @default {nothing is known}
   */
  knownFile?: KnownFile | undefined;
  /**
   * Headers sent with every request. `Authorization` and `Cookie` are not sent on to another origin
   * by a redirect.
   *
   * @default {{}}
   */
  headers?: HeadersInit;
  /**
   * Which versions of HTTP are spoken.
   *
   * @default {"auto"}
   */
  http?: HttpVersion;
  /**
   * Certificates of authorities to trust besides the usual ones, in PEM format.
   *
   * @default {[]}
   */
  caCerts?: readonly string[];
  /**
   * The proxy through which all requests go, like `http://host:3128`; also with `https:`, `socks5:`
   * and `socks5h:` (both let the proxy look up names), and with `user:password@` before the host, which no
   * message shows. It is asked for `http:` files by their full URL, and by CONNECT for a tunnel to
   * those with `https:`. A host that the environment's `NO_PROXY` names is asked directly all the same.
   * Deno 2.9 does not tell the credentials to an `https:` proxy that it asks for `http:` files.
   *
   * Without it, Deno itself (2.9) looks at the environment when it starts, whatever permissions there are:
   * `ALL_PROXY`, which goes before all others, `HTTP_PROXY` for `http:` files (unless `REQUEST_METHOD`
   * is set, as it is in CGI scripts), and `HTTPS_PROXY` for `https:` ones; each in upper case, else in
   * lower case. `NO_PROXY` is a list of hosts with all that is below them, IP addresses, and networks
   * like `10.0.0.0/8`; neither `*` nor a port means anything in it.
   *
   * @default {the environment's}
   */
  proxy?: string | URL | undefined;
  /** How failures of a mirror are met. */
  retry?: RetryOptions;
  /**
   * How long a mirror's first answer may take, connecting included, in milliseconds.
   *
   * @default {10_000}
   */
  connectTimeoutMs?: number;
  /**
   * How long the headers of a later answer may take, in milliseconds.
   *
   * @default {10_000}
   */
  headersTimeoutMs?: number;
  /**
   * How long a body may be silent, in milliseconds.
   *
   * @default {10_000}
   */
  idleTimeoutMs?: number;
  /**
   * How long a mirror that holds up the front may be silent while another could help, in
   * milliseconds; at least 8 times what its first answer took.
   *
   * @default {1000}
   */
  stallTimeoutMs?: number;
  /**
   * The most redirects that are followed for one request.
   *
   * @default {10}
   */
  maxRedirects?: number;
  /**
   * What sends the requests. A mirror for which it rejects with a `Deno.errors.NotCapable` is not
   * tried again. With `proxy`, `caCerts` or `http` it gets a `client` that it has to pass on.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
  /** Ends the download when it aborts. */
  signal?: AbortSignal;
  /** Is called with everything that the download tells of itself. */
  onEvent?: (event: TraceEvent) => void;
  /**
   * Whether send and receive events are kept for {@linkcode Downloader.trace}.
   *
   * @default {false}
   */
  trace?: boolean;
}
