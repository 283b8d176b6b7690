/**
 * The options of a download, as a caller gives them. Defaults and checks are in resolve_options.ts.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { ExpectedPieces, Hashes } from "../../http/hashes.ts";
import type { ProofLevel } from "../../http/proof.ts";
import type { ConnectOptions } from "../../http/address/connect_rules.ts";
import type { DelayRequest, DelayRequestAlgorithm } from "../../policy/delay.ts";
import type { DuplicateRequest, DuplicateRequestAlgorithm } from "../../policy/duplicate.ts";
import type { RetryOptions } from "../../scheduler/failure/retries.ts";
import type { DeliverAfter } from "../../scheduler/opening/opening_steps.ts";
import type { LowestRate } from "../../scheduler/failure/speeds.ts";
import type { TraceEvent } from "../../trace/events.ts";
import type { ClientCertificate } from "../../transport/connections/http_clients.ts";
import type { Refresh } from "../../transport/responses/renewal.ts";
import type { KnownFile } from "../memory/known_file.ts";
import type { KnownPiece } from "../memory/known_pieces.ts";
import type { MirrorBook } from "../memory/mirror_book.ts";

/**
 * HTTP versions to use: `auto` uses HTTP/1.1, by which downloads are faster, and HTTP/2 for servers that
 * refuse that; `http1` uses nothing else, and `http2` requires HTTP/2 over TLS. By each of them, requests
 * that run at the same time have connections of their own. Without TLS, HTTP/1.1 is used.
 */
export type HttpVersion = "auto" | "http1" | "http2";

/**
 * Options of a {@linkcode Downloader}. An option with its default value changes nothing. An option
 * that the chosen algorithm does not use is a `TypeError`, unless it has its default value.
 */
export interface DownloaderOptions {
  /**
   * Size of a block in bytes, at least 1000. Trace events count blocks; all algorithms but `adaptive`
   * request whole blocks, however long one takes under a `maxRate`.
   *
   * @default {1_000_000; half of a `windowSize` below 2_000_000; for all algorithms but `adaptive`, a tenth of a second of `maxRate` where that is less}
   */
  splitSize?: number | undefined;
  /**
   * Algorithm that chooses what a mirror requests next, by its name or as a function.
   *
   * @default {"adaptive"}
   */
  delayRequest?: DelayRequestAlgorithm | DelayRequest | undefined;
  /**
   * Delays in blocks, by mirror URL. Used by `static` only.
   *
   * @default {0 for each mirror}
   */
  staticDelays?: Readonly<Record<string, number>> | undefined;
  /**
   * If true, a mirror's response time decides which block it requests first. Used by `diff` only.
   *
   * @default {true}
   */
  initialDelay?: boolean | undefined;
  /**
   * Blocks of initial delay for each multiple of the shortest response time, at least 1: lower values
   * count as that. Used by `diff` only.
   *
   * @default {10}
   */
  initialDelayCoefficient?: number | undefined;
  /**
   * Algorithm that decides when the block at the front is requested a second time, by its name or as
   * a function. Used by all algorithms but `adaptive`, which has duplicate requests of its own.
   *
   * @default {"nibib"}
   */
  duplicateRequest?: DuplicateRequestAlgorithm | DuplicateRequest | undefined;
  /**
   * Threshold of the duplicate request algorithm, in blocks; `nibib` uses at least 20. Used by all
   * algorithms but `adaptive`, unless `duplicateRequest` is `none`.
   *
   * @default {20}
   */
  invalidBlockThreshold?: number | undefined;
  /**
   * If true, a mirror is closed when its block is requested a second time. Used by all algorithms but
   * `adaptive`, unless `duplicateRequest` is `none`.
   *
   * @default {false}
   */
  closeBadConnections?: boolean | undefined;
  /**
   * Maximum number of adjacent blocks in one request. A request has more than one block only where a
   * block takes a few milliseconds, so that the overhead of a request would outweigh it. Used by all
   * algorithms but `adaptive`.
   *
   * @default {16}
   */
  maxBlocksPerRequest?: number | undefined;
  /**
   * Maximum number of concurrent requests to one mirror, from 1 to 16; `auto` stands for 16. Up to so
   * many are sent where they make the mirror faster: where packets are lost, where the link is long and
   * fast, or where the server limits each connection. Elsewhere there are two: the second one takes over
   * when the first one ends, so that the link is never idle. With 1 or 2, the number is fixed. Used by
   * `adaptive` only; the other algorithms send one request at a time.
   *
   * @default {8}
   */
  maxConnectionsPerMirror?: number | "auto" | undefined;
  /**
   * Rates and latencies of the mirrors' hosts, kept from one download to the next. A download records
   * each mirror that delivered at least 256 KiB in ranges when it ends, however it ends. Only
   * `adaptive` starts with these figures. None are recorded under a `maxRate`, which hides what the
   * links can do. The book also remembers hosts whose validators are unreliable, for every algorithm.
   *
   * @default {nothing is known or recorded}
   */
  book?: MirrorBook | undefined;
  /**
   * Maximum number of bytes held or requested ahead of the consumer, at least twice `splitSize`, and twice
   * the length of `expectedPieces`. Mirrors work in parallel only where it has room for a few blocks of
   * each.
   *
   * @default {32 MiB and twice the length of `expectedPieces`; with `adaptive`, up to 128 MiB where links are fast and distant and the consumer keeps up}
   */
  windowSize?: number | undefined;
  /**
   * Maximum rate of all mirrors together, in bytes per second, at least 1. All requested bytes count,
   * also those requested again. The rate is kept over any few seconds: requests are small, and each
   * one waits until the rate allows for the bytes requested before it.
   *
   * @default {no limit}
   */
  maxRate?: number | undefined;
  /**
   * A mirror whose average rate is below this one is dropped. Time in which it has no request, or in
   * which the consumer or `maxRate` holds the download back, does not count.
   *
   * @default {no mirror is too slow}
   */
  lowestRate?: LowestRate | undefined;
  /**
   * Part of the file to download, as a half-open range of bytes.
   *
   * @default {the whole file}
   */
  range?: { readonly [Key in keyof ByteRange]?: number | undefined } | undefined;
  /**
   * What an earlier download learned of the same file, see {@linkcode Downloader.knownFile}. The
   * mirrors it names are not probed. The download fails if the file has changed since.
   *
   * @default {nothing is known}
   */
  knownFile?: KnownFile | undefined;
  /**
   * When the first bytes are delivered: once the mirrors have agreed on the file, or as soon as one has sent
   * its first bytes, which takes one round trip to the fastest mirror. That one is then trusted: mirrors that
   * have another file are dropped, and the download fails with a {@linkcode MirrorMismatchError} once there
   * are more of these, and they agree. Bytes of different files are not joined in either case.
   *
   * @default {"agreement"}
   */
  deliverAfter?: DeliverAfter | undefined;
  /**
   * Size that the file has to have, in bytes. Mirrors that report another size are dropped.
   *
   * @default {any size}
   */
  expectedSize?: number | undefined;
  /**
   * Hashes that the whole file has to have, in hexadecimal, by their types: `sha-512`, `sha-384`, `sha-256`,
   * `sha-224`, `sha-1`, `md5`. A mirror that gives another one (`Repr-Digest`, `Digest`) is dropped at once,
   * and the bytes are verified as `verifyHash` says.
   *
   * @default {any}
   */
  expectedHashes?: Hashes | undefined;
  /**
   * If true, the hash of a whole file is computed while it is read, where one is expected or mirrors give
   * one. If it is another one, the download fails with a {@linkcode DigestMismatchError} before its last
   * bytes are delivered (or after them, where no mirror gives the size). SHA-256 is preferred, which costs
   * least. A `range` is not verified, and nothing is in browsers, which cannot hash bytes that pass.
   *
   * @default {true}
   */
  verifyHash?: boolean | undefined;
  /**
   * What has to prove that the mirrors have the file, at least: digests of its `pieces`
   * (`expectedPieces`), a `digest` of the whole file (SHA-256 or more, expected or given by the mirrors; not
   * with a `range`), the same strong ETag of all mirrors (`tags`), compared `bytes`, or the `size`. If less
   * does, the download fails with a {@linkcode ProofError} before anything is delivered; for `tags`, mirrors
   * that answer later and have another ETag are dropped.
   *
   * @default {"size"}
   */
  requireProof?: ProofLevel | undefined;
  /**
   * If true, mirrors are not asked for hashes of the file (`Want-Repr-Digest`), and those that they give are
   * not used.
   *
   * @default {false}
   */
  ignoreDigests?: boolean | undefined;
  /**
   * Digests of all pieces of the file, as a Metalink has them. No byte is delivered before the piece in
   * which it lies has its digest. A bad piece is requested again from another mirror; a mirror that has
   * sent wrong bytes is dropped, unless it is the last one. The download fails with a
   * {@linkcode PieceMismatchError} if no mirror has a piece as expected. Mirrors are not compared in any
   * other way but their size, and `knownPieces` are not used. A `range` must begin and end with a piece.
   *
   * @default {mirrors are compared with one another}
   */
  expectedPieces?: ExpectedPieces | undefined;
  /**
   * Pieces of the file that are known: `start` and `end` as a half-open range of at most 1 MiB, and the
   * SHA-256 of these bytes in hexadecimal. Each mirror is compared with the first, the last and some
   * others of them before anything of it is used, and dropped if it has other bytes.
   *
   * @default {nothing is known}
   */
  knownPieces?: readonly KnownPiece[] | undefined;
  /**
   * If true, an HTML page or an error text counts like any other file. If false, a page loses against the
   * file of another mirror, and is refused where the name of the file promises something else, such as a
   * film: a server has sent it instead of the file. A short text (JSON, XML or plain) loses in the same
   * way where the name promises another format; alone it is the file.
   *
   * @default {false}
   */
  allowHtml?: boolean | undefined;
  /**
   * A name of the file that the caller knows, such as the one it is saved under: it promises what the file
   * is, as the names in the URLs do.
   *
   * @default {none}
   */
  expectedName?: string | undefined;
  /**
   * Headers of every request. `Authorization` and `Cookie` are not sent to another origin after a
   * redirect, nor is `Host`, with which HTTP/1.1 is used, and which needs Deno or a `fetch` of your own.
   * The engine sets `Range`, `If-Range`, `Accept-Encoding` and `Content-Length` itself: they are a
   * `TypeError`. `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since` are sent with the first
   * request to each mirror only; a mirror that answers 304 fails with that status. Without a
   * `User-Agent`, requests have the platform's.
   *
   * @default {no headers}
   */
  headers?: HeadersInit | undefined;
  /**
   * HTTP versions to use.
   *
   * @default {"auto"}
   */
  http?: HttpVersion | undefined;
  /**
   * Certificates of authorities to trust in addition to the usual ones, in PEM format.
   *
   * @default {no certificates}
   */
  caCerts?: readonly string[] | undefined;
  /**
   * Certificate that servers which require one are shown, and its key.
   *
   * @default {no certificate}
   */
  clientCertificate?: ClientCertificate | undefined;
  /**
   * Where connections lead instead of where the names in URLs do. Such connections pass through a relay
   * on loopback inside the process (Deno 2.9 has no other way that speaks TLS), which needs Deno's
   * permission for `127.0.0.1` and the environment's `NO_PROXY`, and go directly to the target: a
   * `proxy` is an error beside it, and the environment's is not used.
   *
   * @default {connections lead where the names do}
   */
  connect?: ConnectOptions | undefined;
  /**
   * If true, the names in URLs are looked up when the download starts, and each address of a name, up to
   * four, is a mirror of its own: the same URL, `Host` and certificate, at that address. Its URL in events
   * and statistics has the address behind it: `https://one.example/film#192.0.2.1`. It helps where the
   * addresses are servers, or lead over links, that are slower than this machine's. Together they have no
   * more than `maxConnectionsPerMirror` concurrent requests, and the limits of one host. A host that has
   * IPv4 and IPv6 addresses counts once. Addresses that redirects lead to are not looked up.
   *
   * Connections to names of several addresses are made as with `connect`. A `proxy` is an error beside it;
   * where the environment may have one, nothing is looked up.
   *
   * @default {false}
   */
  eachAddress?: boolean | undefined;
  /**
   * URL of the proxy for all requests, like `http://host:3128`; also `https:`, `socks5:` and `socks5h:`
   * (both SOCKS kinds resolve names at the proxy), and with `user:password@` before the host, which
   * appear in no message. `http:` files are requested from it by their absolute URL, `https:` files
   * through a tunnel (CONNECT). Hosts in the environment's `NO_PROXY` are still requested directly.
   * Deno 2.9 does not send the credentials to an `https:` proxy for `http:` files.
   *
   * Without this option, Deno (2.9) reads the environment when it starts, whatever its permissions:
   * `ALL_PROXY`, which overrides all others, `HTTP_PROXY` for `http:` files (unless `REQUEST_METHOD` is
   * set, as it is in CGI scripts), and `HTTPS_PROXY` for `https:` files; each in upper case, else in
   * lower case. `NO_PROXY` is a list of domains, IP addresses, and networks like `10.0.0.0/8`; `*` and
   * ports have no meaning in it.
   *
   * If false, no proxy is used, the environment's neither. That needs Deno's permission to change these
   * variables, which it reads whenever a client is created.
   *
   * @default {the environment's}
   */
  proxy?: string | URL | false | undefined;
  /**
   * Hosts that are requested without a proxy, separated by commas, instead of those in the environment's
   * `NO_PROXY`: domains with all below them, IP addresses, and networks like `10.0.0.0/8`; `*` is all.
   * Needs Deno's permission to change `NO_PROXY`.
   *
   * @default {the environment's}
   */
  noProxy?: string | undefined;
  /** How failed requests are retried. */
  retry?: RetryOptions | undefined;
  /**
   * Maximum time until the headers of a mirror's first response, including the connection, in
   * milliseconds.
   *
   * @default {10_000 while another mirror has the file, or may have it; else maxIdleMs}
   */
  connectTimeoutMs?: number | undefined;
  /**
   * Maximum time until the headers of a later response, in milliseconds.
   *
   * @default {as connectTimeoutMs}
   */
  headersTimeoutMs?: number | undefined;
  /**
   * Maximum time without body bytes, in milliseconds.
   *
   * @default {as connectTimeoutMs}
   */
  idleTimeoutMs?: number | undefined;
  /**
   * How long a mirror may be silent where no other mirror can take its place, in milliseconds: the
   * default of the three timeouts above.
   *
   * @default {60_000}
   */
  maxIdleMs?: number | undefined;
  /**
   * Maximum time without bytes from the mirror at the front while another mirror could replace it, in
   * milliseconds; at least 8 times its first response time.
   *
   * @default {1000}
   */
  stallTimeoutMs?: number | undefined;
  /**
   * Maximum number of redirects of one request, from 0 to 100.
   *
   * @default {50}
   */
  maxRedirects?: number | undefined;
  /**
   * Function that sends the requests. A mirror for which it rejects with `Deno.errors.NotCapable` is
   * not retried. In Deno, it receives a `client` that it must pass on: for `https:` URLs, and with
   * `proxy`, `noProxy`, `caCerts`, `clientCertificate`, `connect`, `eachAddress`, `http` or a `Host`
   * header. It must send `Accept-Encoding` as it is given: a body that was decoded is not the file that
   * is stored.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch | undefined;
  /**
   * Called when a mirror refuses its URL as expired: with status 401, 403 or 410, or with 400 or 404 once it
   * has served. Receives the URL as it was given, without credentials, and the refusal; returns another URL
   * of the same file, which the mirror is asked by from then on, or `undefined` if there is none. It is
   * called once for all requests that were refused, and again only when the new URL has served. Bytes decide,
   * as always, whether it is the same file. If it throws, the mirror has failed, and may be tried again.
   *
   * @default {none: the mirror has failed}
   */
  refresh?: Refresh | undefined;
  /** Signal that cancels the download: it fails with the reason of the signal. */
  signal?: AbortSignal | undefined;
  /**
   * Called with each event of the download. It may use the download, for example to cancel it. If it
   * throws, the download fails with that error.
   */
  onEvent?: ((event: TraceEvent) => void) | undefined;
  /**
   * If true, send and receive events are kept for {@linkcode Downloader.trace}.
   *
   * @default {false}
   */
  trace?: boolean | undefined;
  /**
   * If true, it is recorded which mirror has sent which bytes, for {@linkcode Downloader.origins}.
   *
   * @default {false}
   */
  recordOrigins?: boolean | undefined;
}
