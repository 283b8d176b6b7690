/**
 * What a client is told when the proxy has as much to do as it may: to come back later.
 *
 * @module
 */

import { Problem } from "../problem.ts";

/** After how many seconds a client may come back. */
const RETRY_AFTER_SECONDS = 5;

/** A problem of status 503 with Retry-After; `detail` says of what there is too much. */
export function noRoom(detail: string): Problem {
  return new Problem(503, detail, { headers: { "retry-after": `${RETRY_AFTER_SECONDS}` } });
}
