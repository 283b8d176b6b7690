/**
 * A request that the proxy cannot fulfil, as an HTTP status and a few words for the client. A
 * problem never carries a stack, the message of another error, or a credential. Every room of the
 * proxy may throw one. Follows RFC 9110 section 15 (statuses) and RFC 9457 (problem details).
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { describeError } from "../http/address/redact.ts";

export interface ProblemOptions extends ErrorOptions {
  /** Headers that belong to the status: `Allow`, `Content-Range`, `Retry-After` and the like. */
  headers?: HeadersInit | undefined;
  /** Further members of the document, like `mirrors: [{ url, reason }]`. The client sees them. */
  extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** A request that cannot be fulfilled. Its `cause` is for the log; the client never sees it. */
export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  /** The reason phrase of the status, like "Bad Gateway". */
  readonly title: string;
  /** What was wrong with this request, for the person who sent it. */
  readonly detail: string;
  readonly headers: Headers;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.status = status;
    this.title = (STATUS_TEXT as Record<number, string>)[status] ?? "Error";
    this.detail = detail;
    this.headers = new Headers(options.headers);
    this.extensions = options.extensions ?? {};
  }
}

/** The value of `Retry-After`, in seconds. */
const RETRY_AFTER_SECONDS = 5;

/** Creates a problem of status 503 with `Retry-After`; `detail` names the limit that is reached. */
export function overloaded(detail: string): Problem {
  return new Problem(503, detail, { headers: { "retry-after": `${RETRY_AFTER_SECONDS}` } });
}

/** Returns `error` if it is a problem, else a 500 that reveals nothing of it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(500, "internal error; the proxy's log has the details", { cause: error });
}

/**
 * Why a body ends early, when its status has been sent. `Deno.serve` prints such errors unless it is given an
 * `onError`: they are one line, as a stack says nothing about a mirror or a client.
 */
export class IncompleteResponse extends Error {
  override readonly name = "IncompleteResponse";

  [Symbol.for("Deno.customInspect")](): string {
    return `${this.name}: ${this.message}`;
  }
}

/** Returns the error of a body that ends early because of `error`. */
export function asIncomplete(error: unknown): IncompleteResponse {
  if (error instanceof IncompleteResponse) return error;
  return new IncompleteResponse(describeError(error), { cause: error });
}
