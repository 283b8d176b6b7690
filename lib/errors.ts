/**
 * What can go wrong, as classes that a caller would tell apart. Messages say what was being done,
 * to which URL, and what came instead; they never carry a credential.
 *
 * @module
 */

/** The base of every error that sphttp itself raises. */
export class SphttpError extends Error {
  /** The name of the class. */
  override name = "SphttpError";
}

/** An option has a value of the wrong type or kind. */
export class OptionTypeError extends TypeError {
  /** Name of the option, like `splitSize` or `retry.attempts`. */
  readonly option: string;
  /** What is wrong with it; the message is its name and this. */
  readonly problem: string;

  /** Makes the error; its message is `option` and `problem`. */
  constructor(option: string, problem: string) {
    super(`${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }
}

/** An option has a value outside the range that it may have. */
export class OptionRangeError extends RangeError {
  /** Name of the option, like `splitSize` or `retry.attempts`. */
  readonly option: string;
  /** What is wrong with it; the message is its name and this. */
  readonly problem: string;

  /** Makes the error; its message is `option` and `problem`. */
  constructor(option: string, problem: string) {
    super(`${option} ${problem}`);
    this.option = option;
    this.problem = problem;
  }
}

/** An option is set that the chosen algorithm does not use. */
export class UnusedOptionError extends OptionTypeError {
  /** Name of the option that chooses the algorithm: `delayRequest` or `duplicateRequest`. */
  readonly selector: string;
  /** The algorithm that is chosen: its name, or `a function`. */
  readonly chosen: string;
  /** An algorithm that uses the option. */
  readonly usedBy: string;

  /** Makes the error; its message says what to do. */
  constructor(option: string, selector: string, chosen: string, usedBy: string) {
    super(
      option,
      `is not used by ${selector} ${chosen}; leave it out or set ${selector} to ${usedBy}`,
    );
    this.selector = selector;
    this.chosen = chosen;
    this.usedBy = usedBy;
  }
}

/** A mirror URL that cannot be used: no URL, another scheme than http(s), none given at all. */
export class MirrorUrlError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorUrlError";
}

/**
 * How far a request had come when it failed. `fetch` does not tell a connection from an answer, so
 * `connect` means that this mirror has never answered yet, and `headers` that it had answered
 * earlier requests but not this one.
 */
export type FailurePhase = "connect" | "headers" | "body";

/** Why a request to a mirror failed. */
export type FailureReason =
  /** Refused, reset, or closed by the network or the other side. */
  | "network"
  /** Nothing came for longer than the timeout of the phase, or less than the lowest rate. */
  | "timeout"
  /** The body ended before the bytes that were announced. */
  | "truncated"
  /** An HTTP status that is no success. */
  | "status"
  /** More redirects than allowed, or one that leads nowhere. */
  | "redirect"
  /** An answer that cannot be used for the range asked for (RFC 9110 section 14.4). */
  | "range"
  /** An encoded body where the bytes themselves were asked for. */
  | "encoding"
  /** The file changed on this mirror while it was being downloaded. */
  | "changed"
  /** Another size, or other bytes, than the majority of the mirrors. */
  | "mismatch";

/** Facts of a {@linkcode MirrorError}. */
export interface MirrorErrorOptions extends ErrorOptions {
  /** The mirror's URL, without credentials. */
  mirror: string;
  /** How far the request had come. */
  phase: FailurePhase;
  /** Why it failed. */
  reason: FailureReason;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** The HTTP status, where one came. */
  status?: number | undefined;
  /** What the server's `Retry-After` asked for, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** Whether the proxy was reached and refused to connect to the mirror. */
  proxyRefused?: boolean | undefined;
}

/** One request to one mirror failed. */
export class MirrorError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorError";
  /** What went wrong, without the mirror's URL, which the message begins with. */
  readonly problem: string;
  /** The mirror's URL, without credentials. */
  readonly mirror: string;
  /** How far the request had come. */
  readonly phase: FailurePhase;
  /** Why it failed. */
  readonly reason: FailureReason;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status, where one came. */
  readonly status: number | undefined;
  /** What the server's `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Whether the proxy was reached and refused to connect to the mirror. */
  readonly proxyRefused: boolean;

  /** Makes the error; its message is the mirror's URL and `problem`. */
  constructor(problem: string, options: MirrorErrorOptions) {
    super(`${options.mirror}: ${problem}`, options);
    this.problem = problem;
    this.mirror = options.mirror;
    this.phase = options.phase;
    this.reason = options.reason;
    this.retryable = options.retryable;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.proxyRefused = options.proxyRefused ?? false;
  }
}

/** Every mirror was given up; `cause` lists each one's last failure. */
export class NoMirrorLeftError extends SphttpError {
  /** The name of the class. */
  override name = "NoMirrorLeftError";
  /** Each mirror's last failure, in the order in which the mirrors were given. */
  override readonly cause: readonly MirrorError[];

  /** Makes the error from each mirror's last failure. */
  constructor(failures: readonly MirrorError[]) {
    const lines = failures.map((failure) => `\n  ${failure.message}`).join("");
    super(`No mirror is left to download from${lines && ":" + lines}`);
    this.cause = failures;
  }
}

/** What one mirror said of the file. */
export interface MirrorClaim {
  /** The mirror's URL, without credentials. */
  mirror: string;
  /** The size it gave, in bytes. */
  size: number | undefined;
  /** A digest of the first bytes that it sent, where enough of them came. */
  digest: string | undefined;
}

/** The mirrors do not have the same file, and no majority says which one is meant. */
export class MirrorMismatchError extends SphttpError {
  /** The name of the class. */
  override name = "MirrorMismatchError";
  /** What each mirror said. */
  readonly claims: readonly MirrorClaim[];

  /** Makes the error from what each mirror said. */
  constructor(claims: readonly MirrorClaim[]) {
    const sizes = new Set(claims.map((claim) => claim.size));
    const lines = claims.map(({ mirror, size, digest }) => {
      const content = sizes.size === 1 && digest ? `, begins with content ${digest}` : "";
      return `\n  ${mirror}: ${size === undefined ? "unknown size" : `${size} bytes`}${content}`;
    });
    super(
      `The mirrors do not have the same file, and no majority tells which one is meant:${
        lines.join("")
      }\nLeave out the wrong ones`,
    );
    this.claims = claims;
  }
}

/** The range that was asked for lies outside the file. */
export class RangeNotSatisfiableError extends SphttpError {
  /** The name of the class. */
  override name = "RangeNotSatisfiableError";
  /** The file's size in bytes. */
  readonly size: number;

  /** Makes the error for a range that starts at `start` in a file of `size` bytes. */
  constructor(start: number, size: number) {
    super(`The range starts at byte ${start}, but the file has ${size} bytes`);
    this.size = size;
  }
}
