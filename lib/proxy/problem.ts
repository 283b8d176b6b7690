/**
 * What the proxy says when it cannot do what was asked: a status and a few words, as a problem
 * document. It never carries a stack, the message of another error, or a credential.
 * Follows RFC 9457 (problem details) and RFC 9110 section 15 (statuses).
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";

/** What may be said of a problem besides its status and detail. */
export interface ProblemOptions extends ErrorOptions {
  /**
   * Headers that belong to the status: `Allow`, `Content-Range`, `Retry-After` and the like.
   *
   * @default {none}
   */
  headers?: HeadersInit;
  /**
   * Further members of the document, like `mirrors: [{ url, reason }]`. They are shown to the
   * client: nothing inner belongs in them.
   *
   * @default {{}}
   */
  extensions?: Readonly<Record<string, unknown>>;
}

/** A request that cannot be met. Its `cause` is for the log; the client never sees it. */
export class Problem extends Error {
  /** The name of the class. */
  override name = "Problem";
  /** The HTTP status. */
  readonly status: number;
  /** The kind of problem in a few words. */
  readonly title: string;
  /** What was wrong with this request, for the person who sent it. */
  readonly detail: string;
  /** Headers that belong to the status. */
  readonly headers: Headers;
  /** Further members of the document. */
  readonly extensions: Readonly<Record<string, unknown>>;

  /** Makes a problem of a status and what was wrong. */
  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.status = status;
    this.title = (STATUS_TEXT as Record<number, string>)[status] ?? "Error";
    this.detail = detail;
    this.headers = new Headers(options.headers);
    this.extensions = options.extensions ?? {};
  }
}

/** After how many seconds a client may come back. */
const RETRY_AFTER_SECONDS = 5;

/** A problem of status 503 with Retry-After; `detail` says of what there is too much. */
export function overloaded(detail: string): Problem {
  return new Problem(503, detail, { headers: { "retry-after": `${RETRY_AFTER_SECONDS}` } });
}

/** Any error as a problem: what is none becomes a 500 that tells nothing of it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(500, "the proxy failed to answer; its log says why", { cause: error });
}
