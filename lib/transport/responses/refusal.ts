/**
 * What the error says that a response of no use becomes.
 *
 * @module
 */

import type { FailureReason, MirrorErrorOptions } from "../../errors.ts";
import type { ProxySource } from "../../http/address/proxy_url.ts";
import { readField } from "../../http/field_value.ts";
import { parseRetryAfter } from "../../http/http_date.ts";
import { nameOfText } from "../../http/name/error_text.ts";
import type { Refusal } from "../../http/response/response_check.ts";
import { blameProxy } from "../network_failure.ts";
import { withDetail } from "./doubts.ts";

/** A response. */
export interface Told {
  readonly response: Response;
  /** The URL that answered. */
  readonly place: string;
  /** Names the validators of the mirror's first response, and those of this one. */
  readonly said: () => string;
}

/** What else is known where a response is refused. */
export interface RefusalContext {
  /** Whether the file itself is text. */
  readonly sendsText: boolean;
  readonly proxy: ProxySource | false | undefined;
  /** Whether the request had an `Authorization`. */
  readonly hadCredentials: boolean;
}

/** What an error says of a response. */
export interface RefusalProblem {
  readonly reason: FailureReason;
  readonly message: string;
  readonly facts: Partial<MirrorErrorOptions>;
}

/** Returns what the error says for a response that is of no use. */
export function refusalProblem(
  { reason, retryable, size, message }: Refusal,
  { response: { status, headers }, said }: Told,
  { sendsText, proxy, hadCredentials }: RefusalContext,
): RefusalProblem {
  const isChanged = reason === "changed";
  const text = isChanged ? nameOfText(readField(headers, "content-type"), size) : undefined;
  if (text !== undefined && !sendsText) {
    // It came between parts of the file: the server is busy, perhaps.
    const message = `sent ${text} instead of bytes of the file`;
    return { reason: "html", message, facts: { retryable: true } };
  }
  const blamed = blameProxy(withDetail(message, isChanged ? said() : ""), status, proxy);
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"), Date.now());
  const after = retryAfterMs === undefined ? "" : ` (Retry-After: ${retryAfterMs / 1000} s)`;
  const facts = { status, retryable, retryAfterMs, hadCredentials };
  return { reason, message: blamed + after, facts };
}
