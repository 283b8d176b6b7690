/**
 * Signs the browser in where the proxy requires a token: the token is exchanged for a cookie that no
 * script can read, so that no address contains it. Links for players are signed by the proxy.
 *
 * @module
 */

/** What the proxy requires of this browser. */
export interface Session {
  readonly required: boolean;
  readonly admitted: boolean;
}

/** Asks what the proxy requires; if it does not answer, nothing is assumed. */
export async function readSession(): Promise<Session> {
  const response = await fetch("/session", { cache: "no-store" }).catch(() => undefined);
  const session: Session | null | undefined = await response?.json().catch(() => null);
  return session ?? { required: false, admitted: true };
}

/** Exchanges a token for the cookie. Returns why that failed, `undefined` if it did not. */
export async function signIn(token: string): Promise<string | undefined> {
  const headers = { authorization: `Bearer ${token}` };
  try {
    const response = await fetch("/session", { method: "POST", headers });
    if (response.ok) return undefined;
    return response.status === 401
      ? "This is not the proxy's token."
      : `The proxy answered with status ${response.status}.`;
  } catch {
    // A token that fits no header, too.
    return "The proxy cannot be asked with this token. Is it still running?";
  }
}

/** Ends the session of this browser. */
export async function signOut(): Promise<void> {
  await fetch("/session", { method: "DELETE" });
}

/** A signature that admits any holder of the link, for its mirrors only. */
export interface Pass {
  readonly pass: string;
  readonly expires: Date;
}

/** Has the proxy sign the link with this query; `undefined` if it signs none. */
export async function signLink(query: string): Promise<Pass | undefined> {
  const response = await fetch(`/link?${query}`, { cache: "no-store" }).catch(() => undefined);
  if (!response?.ok) return undefined;
  const { pass, expires }: { pass: string | null; expires: string } = await response.json();
  return pass === null ? undefined : { pass, expires: new Date(expires) };
}
