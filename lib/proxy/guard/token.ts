/**
 * Whether a request shows the operator's token.
 *
 * @module
 */

/** Whether a request may be answered: it shows the token, or there is none. */
export function isAuthorized(request: Request, url: URL, token: string | undefined): boolean {
  if (token === undefined) return true;
  const bearer = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return [bearer, url.searchParams.get("token")].some((shown) =>
    typeof shown === "string" && sameSecret(shown, token)
  );
}

/** Compares in a time that does not depend on where the texts differ. */
function sameSecret(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => new TextEncoder().encode(text));
  let difference = left!.length ^ right!.length;
  for (const [index, byte] of left!.entries()) difference |= byte ^ (right![index] ?? 0);
  return difference === 0;
}
