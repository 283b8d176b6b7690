/**
 * The errors of sphttp: a class for each that a caller may want to handle. Messages say what was being
 * done, to which URL, and what came instead; they never contain a credential.
 *
 * @module
 */

/**
 * The base class of the errors of a download. Invalid options are subclasses of `TypeError` and
 * `RangeError` instead.
 */
export class SphttpError extends Error {
  /** The name of the class. */
  override name = "SphttpError";
}

/** A mirror URL is invalid or not an http or https URL, or none was given. */
export class MirrorUrlError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorUrlError";
}

/**
 * The phase in which a request failed. `fetch` does not distinguish connecting from waiting for a
 * response: `connect` means that the mirror has not answered any request yet, `headers` that it has
 * answered earlier ones.
 */
export type FailurePhase = "connect" | "headers" | "body";

/** Why a request to a mirror failed. */
export type FailureReason =
  /** Refused, reset, or closed by the network or the other side. */
  | "network"
  /** Nothing was received within the timeout of the phase, or less than the lowest rate. */
  | "timeout"
  /** The body ended early. */
  | "truncated"
  /** The HTTP status is not a success. */
  | "status"
  /** Too many redirects, or one to an invalid URL. */
  | "redirect"
  /** The response does not match the requested range (RFC 9110 section 14.4). */
  | "range"
  /** The body is encoded, although `identity` was requested. */
  | "encoding"
  /** The file changed on this mirror during the download. */
  | "changed"
  /** The size or some bytes differ from those of other mirrors, or from those that are known. */
  | "mismatch"
  /** A web page, or a short text, was sent instead of the file. */
  | "html"
  /** The caller has dropped the mirror. */
  | "dropped";

/** What failed when `reason` is `"network"`, as far as the platform tells. */
export type NetworkFault =
  /** The request is not allowed by Deno's permissions. */
  | "forbidden"
  /** The platform's `fetch` makes no requests to this port, nor do browsers: it is that of another service. */
  | "port"
  /** This process may not open more files and connections. */
  | "descriptors"
  /** The host name does not resolve; with a proxy, that of the proxy. */
  | "host"
  /** The host, or the proxy, refused the connection. */
  | "refused"
  /** The host, or the proxy, cannot be reached for another reason. */
  | "unreachable"
  /** The connection was reset before a response came. */
  | "reset"
  /** The connection was closed without a response, or in the middle of its header. */
  | "empty"
  /** What came is not HTTP. */
  | "garbage"
  /** The platform does not accept the header of the response: its size, or a field. */
  | "head"
  /** The server does not speak TLS on this port. */
  | "plain"
  /** The TLS handshake failed. */
  | "tls"
  /** The certificate is not trusted, has expired, or is not for this host. */
  | "certificate"
  /** The certificate of an authority is used as the server's own. */
  | "caCertificate"
  /** The server requires a client certificate. */
  | "clientCertificate"
  /** HTTP/1.1 was required, and the server does not offer it. */
  | "http1"
  /** HTTP/2 was required, and the server does not offer it. */
  | "http2";

/** Facts of a {@linkcode MirrorError}. */
export interface MirrorErrorOptions extends ErrorOptions {
  /** The mirror's URL, without credentials. */
  mirror: string;
  /** The phase in which it failed. */
  phase: FailurePhase;
  /** Why it failed. */
  reason: FailureReason;
  /** What failed in the network, as far as the platform tells. */
  fault?: NetworkFault | undefined;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** The HTTP status, if there was a response. */
  status?: number | undefined;
  /** The server's `Retry-After`, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** Whether the proxy was reached and refused to connect to the mirror. */
  proxyRefused?: boolean | undefined;
  /** Whether the request had an `Authorization`. */
  hadCredentials?: boolean | undefined;
}

/** A request to a mirror failed. */
export class MirrorError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorError";
  /** What went wrong: the message without the mirror's URL. */
  readonly problem: string;
  /** The mirror's URL, without credentials. */
  readonly mirror: string;
  /** The phase in which it failed. */
  readonly phase: FailurePhase;
  /** Why it failed. */
  readonly reason: FailureReason;
  /** What failed in the network, as far as the platform tells; else `undefined`. */
  readonly fault: NetworkFault | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** The server's `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether the proxy was reached and refused to connect to the mirror. */
  readonly proxyRefused: boolean;
  /** Whether the request had an `Authorization`: with status 401, what it says is refused. */
  readonly hadCredentials: boolean;

  /** Creates the error; its message is the mirror's URL and `problem`. */
  constructor(problem: string, options: MirrorErrorOptions) {
    super(`${options.mirror}: ${problem}`, options);
    this.problem = problem;
    this.mirror = options.mirror;
    this.phase = options.phase;
    this.reason = options.reason;
    this.fault = options.fault;
    this.retryable = options.retryable;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.proxyRefused = options.proxyRefused ?? false;
    this.hadCredentials = options.hadCredentials ?? false;
  }
}

/** All mirrors failed, or were dropped; `cause` lists the last failure of each. */
export class NoMirrorLeftError extends SphttpError {
  /** The name of the class. */
  override name = "NoMirrorLeftError";
  /** The last failure of each mirror, in the order in which the mirrors were given, or added. */
  override readonly cause: readonly MirrorError[];
  /** What may help, if the failures seem to have a common cause; else `undefined`. */
  readonly advice: string | undefined;

  /** Creates the error from the last failure of each mirror; its message ends with `advice`. */
  constructor(failures: readonly MirrorError[], advice?: string) {
    const lines = failures.map((failure) => `\n  ${failure.message}`).join("");
    const last = advice === undefined ? "" : `\n${advice}`;
    super(`No mirror is left to download from${lines && ":" + lines}${last}`);
    this.cause = failures;
    this.advice = advice;
  }
}

/** The file as one mirror has it. */
export interface MirrorFile {
  /** The mirror's URL, without credentials. */
  mirror: string;
  /** The size in bytes, if the mirror gave it. */
  size: number | undefined;
  /** A digest of the first bytes, if enough of them were received. */
  digest: string | undefined;
  /** Offset of a byte that differs from that of other mirrors, where first bytes were not enough. */
  differsAt?: number | undefined;
  /** The URL of the mirror whose byte it was compared with, where both sent bytes that may have been used. */
  differsFrom?: string | undefined;
  /** Hashes of the whole file by their types, like `sha-256`, if the mirror gave some. */
  hashes?: Readonly<Record<string, string>> | undefined;
}

/** The mirrors do not have the same file, and none has a majority, or bytes of two may have been used. */
export class MirrorMismatchError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorMismatchError";
  /** The file as each mirror has it. */
  readonly files: readonly MirrorFile[];

  /** Creates the error from the file as each mirror has it. */
  constructor(files: readonly MirrorFile[]) {
    const sizes = new Set(files.map((file) => file.size));
    // Of files that begin alike, where they differ says more.
    const beginAlike = files.some(({ differsAt }) => differsAt !== undefined);
    // Of more than two, only these two are known to differ: a majority is not known by that.
    const isLate = files.length > 2 && files.some(({ differsFrom }) => differsFrom !== undefined);
    const types = [...new Set(files.flatMap(({ hashes }) => Object.keys(hashes ?? {})))];
    const type = types.find((type) =>
      new Set(files.flatMap(({ hashes }) => hashes?.[type] ?? [])).size > 1
    );
    const lines = files.map(({ mirror, size, digest, differsAt, differsFrom, hashes }) => {
      const content = type !== undefined && sizes.size === 1
        ? `, ${type} ${hashes?.[type] ?? "not given"}`
        : isLate && differsFrom !== undefined
        ? `, differs at byte ${differsAt} from ${differsFrom}`
        : differsAt !== undefined
        ? `, differs from the ${files.length === 2 ? "other" : "others"} at byte ${differsAt}`
        : sizes.size === 1 && digest && !beginAlike
        ? `, begins with content ${digest}`
        : "";
      return `\n  ${mirror}: ${size === undefined ? "unknown size" : `${size} bytes`}${content}`;
    });
    super(
      `The mirrors have different files, ${
        isLate ? "and bytes of two that differ may have been used" : "and none has a majority"
      }:${lines.join("")}\nRemove the mirrors that have the wrong file`,
    );
    this.files = files;
  }
}

/**
 * The file changed on a mirror, and bytes that may belong to the other version have been used already:
 * `cause` says how. The download has to be started over.
 */
export class FileChangedError extends SphttpError {
  /** The name of the class. */
  override name = "FileChangedError";
  /** What the mirror said first, and what it says now. */
  override readonly cause: MirrorError;

  /** Creates the error from the failure of the mirror. */
  constructor(cause: MirrorError) {
    super(`${cause.message}; bytes of both versions may have been used: start over`);
    this.cause = cause;
  }
}

/** It is not proved as well as is required that the mirrors have the file: nothing was delivered. */
export class ProofError extends SphttpError {
  /** The name of the class. */
  override name = "ProofError";
  /** The level that was reached, like `bytes`. */
  readonly reached: string;
  /** The level that is required. */
  readonly required: string;
  /** The mirrors, with their ETags. */
  readonly mirrors: readonly { readonly mirror: string; readonly etag: string | undefined }[];

  /** Creates the error; its message says what to do. */
  constructor(reached: string, required: string, mirrors: ProofError["mirrors"]) {
    const lines = mirrors.map(({ mirror, etag }) => `\n  ${mirror}: ETag ${etag ?? "missing"}`);
    super(
      `The file is proved by "${reached}", but "${required}" is required:${lines.join("")}\n` +
        ADVICE_ON_PROOF[required as keyof typeof ADVICE_ON_PROOF],
    );
    this.reached = reached;
    this.required = required;
    this.mirrors = mirrors;
  }
}

/** What helps where a level is not reached. */
const ADVICE_ON_PROOF = {
  pieces: "Give digests of its pieces, as a Metalink has them",
  digest: "Give a SHA-256 of the whole file, and download all of it",
  tags: "Leave out mirrors with another ETag, or give a SHA-256 of the whole file",
  bytes: "Leave out mirrors that do not give the size of the file",
  size: "",
};

/**
 * All bytes of the file have come, but their hash is not the one that was expected, or that mirrors gave.
 * The last of them were not delivered.
 */
export class DigestMismatchError extends SphttpError {
  /** The name of the class. */
  override name = "DigestMismatchError";
  /** The type of the hash, like `sha-256`. */
  readonly type: string;
  /** The hash that the file should have, in hexadecimal. */
  readonly expected: string;
  /** The hash that it has. */
  readonly actual: string;

  /** Creates the error for the hash of a file. */
  constructor(type: string, expected: string, actual: string) {
    super(`The ${type} of the file is ${actual}, but should be ${expected}`);
    this.type = type;
    this.expected = expected;
    this.actual = actual;
  }
}

/**
 * No mirror has a piece of the file as it is expected by its digest; `cause` lists for each mirror why it
 * could not deliver it.
 */
export class PieceMismatchError extends SphttpError {
  /** The name of the class. */
  override name = "PieceMismatchError";
  /** The number of the piece, from 0. */
  readonly piece: number;
  /** Offset of its first byte. */
  readonly start: number;
  /** Offset of the byte after its last one. */
  readonly end: number;
  /** The failure of each mirror, in the order in which the mirrors were given. */
  override readonly cause: readonly MirrorError[];

  /** Creates the error for a piece, from the failure of each mirror. */
  constructor(
    piece: { readonly index: number; readonly start: number; readonly end: number },
    failures: readonly MirrorError[],
  ) {
    const { index, start, end } = piece;
    const lines = failures.map((failure) => `\n  ${failure.message}`).join("");
    super(`No mirror has piece ${index} (bytes ${start}-${end - 1}) as it is expected:${lines}`);
    this.piece = index;
    this.start = start;
    this.end = end;
    this.cause = failures;
  }
}

/** The requested range lies outside the file. */
export class RangeNotSatisfiableError extends SphttpError {
  /** The name of the class. */
  override name = "RangeNotSatisfiableError";
  /** The file's size in bytes. */
  readonly size: number;

  /** Creates the error for a range that starts at `start` in a file of `size` bytes. */
  constructor(start: number, size: number) {
    super(`The range starts at byte ${start}, but the file has ${size} bytes`);
    this.size = size;
  }
}
