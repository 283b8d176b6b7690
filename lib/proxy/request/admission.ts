/**
 * Admits requests to a proxy that requires a token, and takes what belongs to the proxy out of the
 * query, so that it is not taken for a part of a mirror's URL, and the reverse.
 *
 * @module
 */

import { Access } from "../guard/access.ts";
import { LEAST_SECRET, looksSigned } from "../guard/signer.ts";
import { Problem } from "../problem.ts";
import { parseProxyQuery, signedFacts } from "./query.ts";

/** How a route admits requests besides `Authorization: Bearer` and the cookie of the page. */
export interface Ways {
  /** Whether the token may be in the query: for players, which can send no header. */
  readonly token?: boolean;
  /** Whether a signed link admits the request, for the file that it names. */
  readonly link?: boolean;
}

export interface AdmissionOptions {
  /** `undefined` if none is required. */
  readonly token: string | undefined;
  readonly maxMirrors: number;
}

export class Admission {
  /** `undefined` if everyone is admitted. */
  readonly access: Access | undefined;
  readonly #maxMirrors: number;

  constructor({ token, maxMirrors }: AdmissionOptions) {
    this.access = token === undefined ? undefined : new Access(token);
    this.#maxMirrors = maxMirrors;
  }

  /**
   * Resolves if the request is admitted; its parameters are removed from `url` then.
   *
   * Rejects with a {@linkcode Problem} of status 401 if it has neither token nor cookie, and 403 if its
   * link is not valid.
   */
  async admit(request: Request, url: URL, ways: Ways): Promise<void> {
    const pass = takePass(url);
    if (this.access === undefined) return;
    const byToken = ways.token === true && await takeToken(url, this.access);
    if (byToken || await this.isKnown(request)) return;
    if (ways.link === true && pass !== undefined) return await this.#checkLink(url, pass);
    throw unknownClient(url.searchParams.has("token"));
  }

  /**
   * Answers whether the request is admitted, in the statuses that a front understands (`auth_request`
   * of nginx): 204, or 401 or 403. A query that cannot be parsed is a 403.
   */
  async check(request: Request, url: URL, ways: Ways): Promise<Response> {
    try {
      await this.admit(request, url, ways);
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 401 || error.status === 403) throw error;
      throw new Problem(403, error.detail, { cause: error });
    }
    return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
  }

  /** Reports whether a request has the token in a header, or the cookie of the page. */
  async isKnown(request: Request): Promise<boolean> {
    const { access } = this;
    return access === undefined || await access.hasToken(request) ||
      await access.hasSession(request);
  }

  async #checkLink(url: URL, pass: string): Promise<void> {
    const query = parseProxyQuery(url.searchParams, this.#maxMirrors);
    const state = await this.access!.checkLink(signedFacts(query), pass);
    if (state !== "valid") throw new Problem(403, REFUSALS[state]);
  }
}

const REFUSALS = {
  expired: "this link has expired; ask for a new one",
  wrong: "this link is not signed for these mirrors: it was changed, or the proxy has another " +
    "token by now",
  unsupported: `this proxy accepts no signed links: its token is shorter than ${LEAST_SECRET} ` +
    "characters",
};

function unknownClient(hasToken: boolean): Problem {
  const detail =
    "this proxy requires a token: send it as Authorization: Bearer …, sign in on its " +
    "page, or use a signed link; players that can send no header may add token=…";
  const hint = " (if token=… belongs to the URL of a mirror, write & inside that URL as %26)";
  return new Problem(401, `${detail}${hasToken ? hint : ""}`, {
    headers: { "www-authenticate": "Bearer" },
  });
}

/** Maximum number of tokens in a query that are compared. */
const MAX_TOKENS = 4;

/** Removes the right token; another one may belong to the URL of a mirror. */
async function takeToken(url: URL, access: Access): Promise<boolean> {
  const tokens = url.searchParams.getAll("token").slice(0, MAX_TOKENS);
  const right = new Set<string>();
  for (const token of tokens) if (await access.isToken(token)) right.add(token);
  if (right.size > 0) remove(url, "token", (value) => right.has(value));
  return right.size > 0;
}

/** Removes the signature of a link and returns it; any other value belongs to something else. */
function takePass(url: URL): string | undefined {
  const pass = url.searchParams.getAll("pass").find(looksSigned);
  if (pass !== undefined) remove(url, "pass", looksSigned);
  return pass;
}

/**
 * Removes the parameters of a name that `isOwn` accepts. The query is written once: each change of `searchParams`
 * would write and parse the whole of it again, and a client may send thousands of parameters.
 */
function remove(url: URL, name: string, isOwn: (value: string) => boolean): void {
  const kept = [...url.searchParams].filter(([other, value]) => other !== name || !isOwn(value));
  url.search = new URLSearchParams(kept).toString();
}
