/**
 * What the proxy says when it cannot do what was asked: a status and a few words, as a problem
 * document. It never carries a stack, the message of another error, or a credential.
 * Follows RFC 9457 (problem details) and RFC 9110 section 15 (statuses).
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { redactText } from "../http/redact.ts";
import { filePolicy } from "./answer/headers.ts";

/** What may be said of a problem besides its status and detail. */
export interface ProblemOptions extends ErrorOptions {
  /**
   * The kind of problem in a few words.
   *
   * @default {the status's phrase in RFC 9110, like "Bad Gateway"}
   */
  title?: string;
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
    this.title = options.title ?? (STATUS_TEXT as Record<number, string>)[status] ?? "Error";
    this.detail = detail;
    this.headers = new Headers(options.headers);
    this.extensions = options.extensions ?? {};
  }
}

/** Any error as a problem: what is none becomes a 500 that tells nothing of it. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(500, "the proxy failed to answer; its log says why", { cause: error });
}

/** What an answer depends on besides the problem. */
export interface ProblemResponseOptions {
  /**
   * Whether the request was a HEAD, so that the headers come without the body.
   *
   * @default {false}
   */
  head?: boolean;
}

/** The answer that tells a client of a problem. */
export function problemResponse(
  problem: Problem,
  options: ProblemResponseOptions = {},
): Response {
  const { status, title, detail, extensions } = problem;
  const standard = { type: "about:blank", title, status, detail };
  // Twice: the first gives the order, the last keeps extensions from taking the standard names.
  const body = new TextEncoder().encode(
    JSON.stringify({ ...standard, ...extensions, ...standard }, redact),
  );
  const headers = new Headers(problem.headers);
  headers.set("content-type", "application/problem+json");
  headers.set("content-length", `${body.byteLength}`);
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy", filePolicy(headers.get("content-type")));
  // What is wrong now may be right in a second, and some of these statuses may be cached otherwise.
  headers.set("cache-control", "no-store");
  return new Response(options.head ? null : body, { status, headers });
}

/** The last net: a URL keeps its credentials in no text that leaves the proxy. */
function redact(_name: string, value: unknown): unknown {
  return typeof value === "string" ? redactText(value) : value;
}
