/**
 * Downloads one file from many HTTP mirrors at once, and delivers its bytes in order while they arrive.
 *
 * A {@linkcode Downloader} is iterated over, read as a stream, or turned into a response. Sizes are in
 * bytes, rates in bytes per second, times in milliseconds. A failed download throws an
 * {@linkcode SphttpError}, an invalid option a `TypeError` or `RangeError`.
 *
 * @example Read a file in order
 * ```ts
 * import { Downloader } from "@x/sphttp";
 * import { assertEquals } from "@std/assert";
 *
 * const urls = ["https://one.example/file.txt", "https://two.example/file.txt"];
 * // A stand-in for this example: leave the option out to use the global `fetch`.
 * const fetch = () => globalThis.fetch("data:text/plain,one file from many mirrors");
 *
 * let text = "";
 * for await (const part of new Downloader(urls, { fetch })) {
 *   text += new TextDecoder().decode(part);
 * }
 * assertEquals(text, "one file from many mirrors");
 * ```
 *
 * @module
 */

// The download
export { Downloader } from "./lib/engine/downloader.ts";
export type { DownloaderOptions, HttpVersion } from "./lib/engine/options/options.ts";
export { type InsecureFetchOptions, openInsecureFetch } from "./lib/engine/insecure.ts";
export {
  type DiscoveredMirrors,
  discoverMirrors,
  type DiscoveryOptions,
  type ListedFile,
  mirrorsOf,
} from "./lib/engine/discovery.ts";
export type { Description, Duplicate, Elsewhere } from "./lib/http/duplicates.ts";
export { freeConnections, limitConnections } from "./lib/engine/memory/shared.ts";
export { keepConnections } from "./lib/transport/connections/shared_client.ts";
export type { InsecureFetch } from "./lib/transport/insecure/fetch.ts";
export type { ConnectOptions } from "./lib/http/address/connect_rules.ts";
export type { ClientCertificate } from "./lib/transport/connections/http_clients.ts";
export type { Origin } from "./lib/engine/delivery/origins.ts";
export type { ByteRange } from "./lib/http/byte_range.ts";
export type { ProofLevel } from "./lib/http/proof.ts";
export type { ExpectedPieces, Hashes, HashType, PieceAlgorithm } from "./lib/http/hashes.ts";
export type { DeliverAfter } from "./lib/scheduler/opening/opening_steps.ts";
export type { LowestRate } from "./lib/scheduler/failure/speeds.ts";
export type { RetryOptions } from "./lib/scheduler/failure/retries.ts";
export type { ResponseOptions } from "./lib/engine/delivery/response.ts";
export type { DownloadStats, MirrorStats } from "./lib/engine/stats.ts";

// Algorithms
export { type DelayRequest, DelayRequestAlgorithm } from "./lib/policy/delay.ts";
export { type DuplicateRequest, DuplicateRequestAlgorithm } from "./lib/policy/duplicate.ts";
export type { DelayView, DuplicateView, MirrorView } from "./lib/scheduler/view.ts";

// What one download learns for the next
export type { FileInfo, KnownFile } from "./lib/engine/memory/known_file.ts";
export type { Refresh } from "./lib/transport/responses/renewal.ts";
export type { KnownMirror } from "./lib/transport/responses/mirror_memory.ts";
export type { KnownPiece } from "./lib/engine/memory/known_pieces.ts";
export type { Validators } from "./lib/http/validators.ts";
export {
  MirrorBook,
  type MirrorBookData,
  type MirrorBookEntry,
  type MirrorBookOptions,
} from "./lib/engine/memory/mirror_book.ts";
export type { KnownLink } from "./lib/scheduler/mirror/link_estimate.ts";

// Errors
export {
  DigestMismatchError,
  type FailurePhase,
  type FailureReason,
  FileChangedError,
  MirrorError,
  type MirrorErrorOptions,
  type MirrorFile,
  MirrorMismatchError,
  MirrorUrlError,
  type NetworkFault,
  NoMirrorLeftError,
  PieceMismatchError,
  ProofError,
  RangeNotSatisfiableError,
  SphttpError,
} from "./lib/errors.ts";
export {
  OptionRangeError,
  OptionTypeError,
  UnsupportedOptionError,
  UnusedOptionError,
} from "./lib/option_errors.ts";

// Events
export type {
  AnswerEvent,
  AskEvent,
  CancelEvent,
  CancelReason,
  DownloadEvent,
  EndEvent,
  FailureEvent,
  LanesEvent,
  LanesReason,
  MirrorEvent,
  NoteEvent,
  OpenEvent,
  ReceiveEvent,
  SendEvent,
  SendReason,
  TraceEvent,
} from "./lib/trace/events.ts";

export { VERSION } from "./lib/version.ts";
