/**
 * How the adaptive algorithm saves the front from a mirror that has slowed down or fallen silent: a
 * part of its range is given to another one (steal), or it loses what it has not brought (revoke).
 * Times are in milliseconds.
 *
 * @module
 */

import { mayHurry, pieceOf } from "./limit.ts";
import { expectedSince, type Outlook } from "./outlook.ts";
import type { LimitView, Plan, RequestView } from "../scheduler/view.ts";

/** The state of a download, as far as a rescue depends on it. */
export interface RescueView {
  readonly ledger: {
    readonly front: number;
    readonly free: readonly unknown[];
  };
  /** What the rate of the whole download is limited to. */
  readonly limit: LimitView;
}

/** A theft has to bring the front forward by so much, and by this part of what remains. */
const GAIN_MS = 150;
const GAIN_SHARE = 0.5;
/** The same when nothing is left to ask for, and who helps would be idle. */
const LAST_GAIN_MS = 20;
/** A mirror that is silent for this long loses all its ranges. */
const LOSS_MS = 300;
const LOSS_LATENCIES = 2.5;
/** It is not worth asking for less. */
const SHORTEST_STEAL = 16 * 1024;

/** What is to be done for the front; `undefined` if nothing is. */
export function rescue(
  view: RescueView,
  outlooks: readonly Outlook[],
  now: number,
): Plan | undefined {
  for (const outlook of outlooks) {
    for (const request of outlook.source.live) {
      // What it owns may end nowhere, where it is a whole file; and nobody else can be given that.
      if (request.kind !== "range" || request.claimEnd <= request.position) continue;
      const { front } = view.ledger;
      const atFront = request.position <= front && front < request.claimEnd;
      const silentMs = now - expectedSince(request);
      const lossMs = Math.max(LOSS_MS, LOSS_LATENCIES * outlook.source.link.latencyMs);
      const silent = silentMs > (atFront ? outlook.patienceMs : lossMs);
      if (!silent && !atFront) continue;
      const helpers = outlooks.filter((other) => other !== outlook && other.open);
      if (helpers.length === 0) continue;
      if (silent) return { type: "revoke", request: request.id };
      const plan = mayHurry(view.limit, now)
        ? steal(request, outlook, helpers, view, now)
        : undefined;
      if (plan !== undefined) return plan;
    }
  }
  return undefined;
}

/** Gives the end of the range at the front to whoever makes the whole of it come soonest. */
function steal(
  request: RequestView,
  owner: Outlook,
  helpers: readonly Outlook[],
  { ledger, limit }: RescueView,
  now: number,
): Plan | undefined {
  const shortest = Math.min(SHORTEST_STEAL, pieceOf(limit) / 2);
  const left = request.claimEnd - request.position;
  const waitMs = request.answeredAt === undefined ? Math.max(0, request.dueAt - now) : 0;
  const aloneMs = waitMs + left / owner.rate;
  const leastGainMs = ledger.free.length > 0
    ? Math.max(GAIN_MS, aloneMs * GAIN_SHARE)
    : LAST_GAIN_MS;
  if (aloneMs < leastGainMs) return undefined;
  let best: { helper: Outlook; cut: number; ms: number } | undefined;
  for (const helper of helpers) {
    const beginMs = helper.rushedAt(0) - now;
    const msPerByte = (helper.rushedAt(left) - now - beginMs) / left;
    // Both end at the same time: kept / owner's rate = begin + (left - kept) / helper's rate.
    const kept = (beginMs - waitMs + left * msPerByte) / (1 / owner.rate + msPerByte);
    const cut = Math.ceil(Math.max(0, kept));
    if (left - cut < shortest) continue;
    const keptMs = cut === 0 ? 0 : waitMs + cut / owner.rate;
    const ms = Math.max(keptMs, beginMs + (left - cut) * msPerByte);
    if (best === undefined || ms < best.ms) best = { helper, cut, ms };
  }
  if (best === undefined || aloneMs - best.ms < leastGainMs) return undefined;
  const range = { start: request.position + best.cut, end: request.claimEnd };
  return { type: "steal", mirror: best.helper.index, range, late: request.id };
}
