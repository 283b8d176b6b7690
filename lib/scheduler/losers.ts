/**
 * Which requests bring nothing any more that others have not brought, or will not bring. Pure.
 *
 * @module
 */

import type { Download } from "./state.ts";
import type { LiveRequest } from "./mirror.ts";

/** Requests whose bytes others have brought, and that cost more to be ended than to be given up. */
export function losers({ requests, ledger }: Download, now: number): readonly LiveRequest[] {
  return [...requests].filter((request) =>
    request.kind === "range" && ledger.hasReceived(request.position, request.end) &&
    isWorthGivingUp(request, now)
  );
}

/** Whether a request has brought all that it owned, and others bring what follows. */
export function isRemnant(request: LiveRequest, { ledger }: Download, now: number): boolean {
  const { position, claimEnd, end, kind } = request;
  return kind === "range" && position >= claimEnd && position < end && !ledger.isFree(position) &&
    isWorthGivingUp(request, now);
}

/** Giving up costs a connection: a new one takes longer than a few more bytes on the old one. */
function isWorthGivingUp({ mirror, position, claimEnd, end, activeAt }: LiveRequest, now: number) {
  // Who lost its range by a silence is left to its deadline: as long as it is silent, there is no
  // use in asking it for another one.
  const revoked = claimEnd <= position && claimEnd < end;
  if (revoked && now > activeAt) return false;
  const left = end - position;
  const finishMs = left === 0 ? 0 : left * 1000 / mirror.rate.rate(now);
  return finishMs > (mirror.answerMs ?? 0);
}
