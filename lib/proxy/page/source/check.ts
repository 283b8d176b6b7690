/**
 * Requests the facts of a link's file from the proxy, or the reason why the link fails. Touches the
 * network, not the document.
 *
 * @module
 */

/** A problem reported by the proxy (RFC 9457) or found by the check. */
export interface ProblemDetails {
  readonly title: string;
  readonly detail: string;
  /** The mirrors that failed. */
  readonly mirrors?: readonly { readonly url: string; readonly reason: string }[] | undefined;
}

/** Result of a check. */
export type CheckResult =
  | {
    readonly kind: "file";
    readonly size: number | undefined;
    /** Empty where unknown. */
    readonly type: string;
    readonly etag: string | undefined;
  }
  | { readonly kind: "problem"; readonly problem: ProblemDetails };

const TIMEOUT_MS = 60_000;

/** Checks a link of the proxy. Never rejects: a failure is a problem too. */
export async function checkLink(url: string, signal: AbortSignal): Promise<CheckResult> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await fetch(url, { method: "HEAD", cache: "no-store", signal: limited });
    if (!response.ok) {
      return { kind: "problem", problem: await readProblem(url, response, limited) };
    }
    const { headers } = response;
    const length = headers.get("content-length");
    return {
      kind: "file",
      size: length === null ? undefined : Number(length),
      type: headers.get("content-type") ?? "",
      etag: headers.get("etag") ?? undefined,
    };
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const detail = isLate
      ? "the proxy did not answer within a minute."
      : "the proxy cannot be reached. Is it still running?";
    return { kind: "problem", problem: { title: "No answer", detail } };
  }
}

/** Requests the first byte for its problem document, because a response to HEAD has no body. */
async function readProblem(
  url: string,
  { status, statusText }: Response,
  signal: AbortSignal,
): Promise<ProblemDetails> {
  const plain = { title: statusText || `Status ${status}`, detail: "the proxy gave no reason." };
  const headers = { range: "bytes=0-0" };
  const response = await fetch(url, { headers, cache: "no-store", signal });
  if (response.ok || !/\bjson\b/.test(response.headers.get("content-type") ?? "")) {
    await response.body?.cancel();
    return plain;
  }
  const body: Partial<ProblemDetails> = (await response.json().catch(() => null)) ?? {};
  const { title = plain.title, detail = plain.detail, mirrors } = body;
  return { title, detail, mirrors: Array.isArray(mirrors) ? mirrors : [] };
}
