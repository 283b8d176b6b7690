/**
 * The `fetch` by which mirrors are requested: it checks every URL, those of redirects included.
 *
 * @module
 */

import { Problem } from "../problem.ts";
import type { AddressPolicy } from "./address_policy.ts";

/**
 * Wraps `fetch` so that it requests allowed hosts only. The wrapper rejects with a
 * `Deno.errors.NotCapable` for a refused host, with the policy's {@linkcode Problem} as its `cause`,
 * and with a `TypeError` for `redirect: "follow"`: `fetch` would follow redirects unchecked.
 */
export function guardedFetch(
  fetch: typeof globalThis.fetch,
  policy: Pick<AddressPolicy, "check">,
): typeof globalThis.fetch {
  return async (
    input: URL | Request | string,
    init?: RequestInit & { client?: Deno.HttpClient },
  ): Promise<Response> => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    if ((init?.redirect ?? request?.redirect ?? "follow") === "follow") {
      throw new TypeError(
        `${url.host}: redirect is "follow", but the guard must check every URL itself`,
      );
    }
    try {
      await policy.check(url, init?.signal ?? request?.signal);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      // The error of Deno's own permissions, which is never retried.
      throw new Deno.errors.NotCapable(`${url.host} is refused: ${cause.detail}`, { cause });
    }
    return await fetch(input, init);
  };
}
