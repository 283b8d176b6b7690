/**
 * The `fetch` by which mirrors are requested. It checks every URL, those of redirects included, follows
 * none from https to http, nor one that leads back to the proxy, and adds the operator's headers for the origins
 * that they are for.
 *
 * @module
 */

import { readLocation } from "../../http/address/location.ts";
import { Problem } from "../problem.ts";
import type { AddressPolicy } from "./address_policy.ts";
import { isLoop, loopProblem } from "./metalink_loop.ts";

/** Options of {@linkcode guardedFetch}. */
export interface GuardOptions {
  /** Headers of the operator, by the only origin that gets them. */
  readonly headers?: ReadonlyMap<string, Headers> | undefined;
  /**
   * Whether redirects may lead from https to http.
   *
   * @default {false}
   */
  readonly allowDowngrade?: boolean | undefined;
}

/**
 * Wraps `fetch` so that it requests allowed hosts only. The wrapper rejects with a
 * `Deno.errors.NotCapable` for a refused host, redirect or loop, with a {@linkcode Problem} as its `cause`,
 * and with a `TypeError` for `redirect: "follow"`: `fetch` would follow redirects unchecked.
 */
export function guardedFetch(
  fetch: typeof globalThis.fetch,
  policy: Pick<AddressPolicy, "check">,
  { headers, allowDowngrade = false }: GuardOptions = {},
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
      throw refused(url, cause);
    }
    const own = headers?.get(url.origin);
    const response = await fetch(
      input,
      own === undefined ? init : {
        ...init,
        headers: merged(init?.headers ?? request?.headers, own),
      },
    );
    const problem = isLoop(response)
      ? loopProblem()
      : allowDowngrade || !isDowngrade(url, response)
      ? undefined
      : downgradeProblem(url);
    if (problem === undefined) return response;
    await response.body?.cancel().catch(() => {});
    throw refused(url, problem);
  };
}

function downgradeProblem({ host }: URL): Problem {
  return new Problem(
    403,
    `${host} redirects from https to http, where the file could be changed on the way; the ` +
      "proxy's operator can allow it: --allow-downgrade of the command, allowDowngrade of " +
      "createHandler()",
  );
}

/** Returns the error of Deno's own permissions, which is never retried. */
function refused(url: URL, cause: Problem): Error {
  return new Deno.errors.NotCapable(`${url.host} is refused: ${cause.detail}`, { cause });
}

/** Adds headers to those of a request, which take precedence: a mirror's URL may contain a login. */
function merged(given: HeadersInit | undefined, own: Headers): Headers {
  const all = new Headers(own);
  for (const [name, value] of new Headers(given)) all.set(name, value);
  return all;
}

function isDowngrade(url: URL, { status, headers }: Response): boolean {
  if (url.protocol !== "https:" || status < 300 || status > 399) return false;
  const target = readLocation(headers, url);
  return target.type === "url" && target.url.protocol === "http:";
}
