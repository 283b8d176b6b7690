/**
 * Reads the errors of `fetch`. The platform gives no codes, only words, in a chain of causes: this is
 * the one place that looks at them.
 *
 * @module
 */

const FETCH_PREFIX = /^error sending request.*?\): (client error \(\w+\): )?/;

/** Returns the network's own words, behind a colon; "" if there are none. */
export function networkDetail(error: unknown): string {
  const said = innermostMessage(error).replace(FETCH_PREFIX, "");
  return said && `: ${said}`;
}

/** Reports whether a proxy answered CONNECT with a refusal. */
export function isRefusedTunnel(error: unknown): boolean {
  return /unsuccessful tunnel|proxy authentication required/.test(innermostMessage(error));
}

/** Reports whether a request must not be sent: by Deno's permissions, or a caller's own fetch. */
export function isForbidden(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name === "NotCapable");
}

function innermostMessage(error: unknown): string {
  return causesOf(error).at(-1)?.message ?? "";
}

function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
