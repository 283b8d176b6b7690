/**
 * Filters URLs that were named by others than the client: those that the proxy may not request are left out.
 *
 * @module
 */

import { Problem } from "../problem.ts";
import type { AddressPolicy } from "./address_policy.ts";

/** Which URLs may be requested. */
export interface AllowedUrls {
  readonly urls: readonly string[];
  /** Why others may not. */
  readonly refusals: readonly Problem[];
}

/**
 * Returns those of the URLs that may be requested, in their order. Rejects with the signal's reason when that
 * aborts.
 */
export async function allowedUrls(
  urls: readonly string[],
  policy: Pick<AddressPolicy, "check">,
  signal: AbortSignal,
): Promise<AllowedUrls> {
  const refusals = await Promise.all(urls.map(async (url) => {
    try {
      await policy.check(new URL(url), signal);
    } catch (error) {
      signal.throwIfAborted();
      // A mirror whose name cannot be resolved fails later, like any other.
      if (error instanceof Problem) return error;
    }
    return undefined;
  }));
  return {
    urls: urls.filter((_, index) => refusals[index] === undefined),
    refusals: refusals.filter((refusal) => refusal !== undefined),
  };
}
