/**
 * `fetch` behind an address policy: each URL is checked before it is requested. A redirect that
 * `fetch` follows by itself would get past the policy, so it is never asked to.
 *
 * @module
 */

import type { AddressPolicy } from "./address_policy.ts";
import { Problem } from "../problem.ts";

/**
 * Makes a `fetch` that requests only what the policy lets through. It rejects with a
 * `Deno.errors.NotCapable` whose `cause` is the policy's {@linkcode Problem} where that refuses,
 * and with a `TypeError` when redirects are to be followed.
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
        `${url.host}: redirect is "follow", but each URL has to be checked first`,
      );
    }
    try {
      await policy.check(url, init?.signal ?? request?.signal);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      // What Deno's own permissions would throw: it is final, no retry will change it.
      throw new Deno.errors.NotCapable(`${url.host} is refused: ${cause.detail}`, { cause });
    }
    return await fetch(input, init);
  };
}
