/**
 * How simulated mirrors fail.
 *
 * @module
 */

import { MirrorError } from "../../../lib/errors.ts";

/** Returns the error of a mirror whose file has other bytes from `at` on. */
export function changedError(url: string, at: number): MirrorError {
  const facts = { mirror: url, phase: "body", reason: "changed", retryable: false } as const;
  return new MirrorError(`the file changed: its bytes differ at byte ${at}`, facts);
}

/** Returns the error of a connection that was reset. */
export function resetError(url: string, phase: "headers" | "body"): MirrorError {
  return new MirrorError("the connection was reset", {
    mirror: url,
    phase,
    reason: "network",
    fault: "reset",
    retryable: true,
  });
}

/** Returns the error of a mirror that refuses a request. */
export function refusedError(url: string, status: number): MirrorError {
  return new MirrorError(`answered ${status}`, {
    mirror: url,
    phase: "headers",
    reason: "status",
    status,
    retryable: status === 429 || (status >= 500 && status !== 501),
  });
}
