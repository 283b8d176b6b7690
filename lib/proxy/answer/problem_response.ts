/**
 * Problems as answers: a status and a JSON document. Follows RFC 9457 (problem details).
 *
 * @module
 */

import { redactText } from "../../http/redact.ts";
import type { Problem } from "../problem.ts";
import { filePolicy } from "./headers.ts";

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
