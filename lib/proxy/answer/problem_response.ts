/**
 * Problems as responses: the status, and a JSON document for the client.
 * Follows RFC 9457 (problem details).
 *
 * @module
 */

import { redactText } from "../../http/address/redact.ts";
import type { Problem } from "../problem.ts";
import { protect } from "./headers.ts";

/** Creates the response for a problem; `method` is that of the request. */
export function problemResponse(problem: Problem, method: string): Response {
  const { status, title, detail, extensions } = problem;
  const standard = { type: "about:blank", title, status, detail };
  // Twice: the first sets the order, the second keeps extensions from replacing standard members.
  const body = new TextEncoder().encode(
    JSON.stringify({ ...standard, ...extensions, ...standard }, redactValue),
  );
  const headers = new Headers(problem.headers);
  headers.set("content-type", "application/problem+json");
  headers.set("content-length", `${body.byteLength}`);
  protect(headers);
  // Most of these problems can be over in a second, but some statuses may be cached by default.
  headers.set("cache-control", "no-store");
  return new Response(method === "HEAD" ? null : body, { status, headers });
}

/** Removes credentials from every text, whatever put them there. */
function redactValue(_name: string, value: unknown): unknown {
  return typeof value === "string" ? redactText(value) : value;
}
