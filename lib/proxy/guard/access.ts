/**
 * Who may use a proxy that requires a token: clients that send it, browsers that have exchanged it for
 * a cookie, and links that were signed with it. Neither the cookie nor a link contains the token.
 *
 * @module
 */

import { LEAST_SECRET, Signer } from "./signer.ts";

/** How long a browser is signed in, in milliseconds. */
const SESSION_MS = 12 * 3_600_000;

/** The state of a link's signature; `unsupported` if the token is too short to sign links. */
export type LinkState = "valid" | "expired" | "wrong" | "unsupported";

export class Access {
  readonly #token: string;
  readonly #signer: Signer;
  /** Signs with a key of this process only, to compare tokens in constant time. */
  readonly #comparer = new Signer(crypto.getRandomValues(new Uint8Array(32)));

  constructor(token: string) {
    this.#token = token;
    this.#signer = new Signer(token);
  }

  /** Reports whether links can be signed: the token is too long to be guessed. */
  get canSign(): boolean {
    return this.#token.length >= LEAST_SECRET;
  }

  /** Reports whether a text is the token, in constant time. */
  async isToken(text: string): Promise<boolean> {
    const signature = await this.#comparer.sign("token", this.#token, 0);
    return await this.#comparer.verify("token", text, signature, -1) === "valid";
  }

  /** Reports whether a request has the token in its `Authorization`. */
  async hasToken({ headers }: Request): Promise<boolean> {
    const [, token] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    return token !== undefined && await this.isToken(token);
  }

  /**
   * Reports whether a request comes from a browser that is signed in. A request that a page of another
   * origin makes has no rights, though it may have the cookie: other ports are the same site.
   */
  async hasSession(request: Request): Promise<boolean> {
    const site = request.headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") return false;
    const { name } = cookieOf(request);
    const cookies = (request.headers.get("cookie") ?? "").split(";").map((text) => text.trim());
    for (const cookie of cookies.filter((text) => text.startsWith(`${name}=`))) {
      const value = cookie.slice(name.length + 1);
      if (await this.#signer.verify("session", null, value, Date.now()) === "valid") return true;
    }
    return false;
  }

  /** Returns the `Set-Cookie` that signs a browser in. */
  async sessionCookie(request: Request): Promise<string> {
    const { name, attributes } = cookieOf(request);
    const value = await this.#signer.sign("session", null, Date.now() + SESSION_MS);
    return `${name}=${value}; Max-Age=${SESSION_MS / 1000}; ${attributes}`;
  }

  /** Signs a link to a file, by its mirrors or what else names it; see {@linkcode canSign}. */
  async signLink(facts: readonly string[], expiresAtMs: number): Promise<string> {
    return await this.#signer.sign("link", facts, expiresAtMs);
  }

  /** Checks the signature of a link to a file. */
  async checkLink(facts: readonly string[], signature: string): Promise<LinkState> {
    if (!this.canSign) return "unsupported";
    return await this.#signer.verify("link", facts, signature, Date.now());
  }
}

/** Returns the `Set-Cookie` that signs a browser out. */
export function endedSessionCookie(request: Request): string {
  const { name, attributes } = cookieOf(request);
  return `${name}=; Max-Age=0; ${attributes}`;
}

/** Returns the name of the cookie at the address of a request, and its attributes. */
function cookieOf({ url }: Request): { readonly name: string; readonly attributes: string } {
  const { protocol, port } = new URL(url);
  const attributes = "Path=/; HttpOnly; SameSite=Strict";
  // Cookies do not know ports, and several proxies may run on one machine.
  const name = port === "" ? "sphttp" : `sphttp-${port}`;
  return protocol === "https:"
    ? { name: `__Host-${name}`, attributes: `${attributes}; Secure` }
    : { name, attributes };
}
