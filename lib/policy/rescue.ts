/**
 * Where a silent or slow mirror loses its range: the adaptive algorithm keeps the front moving by
 * giving a part of the range to another mirror (steal), or by freeing what has not been delivered of
 * it (revoke). Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import { isWaitedFor } from "./kept_stream.ts";
import { expectedSince, type Outlook } from "./outlook.ts";
import { SHORTEST_RANGE } from "./placement.ts";
import type { DownloadView, Plan, RequestView } from "../scheduler/view.ts";

/** Stealing has to move the front's completion forward by this time, and by this part of the rest. */
const GAIN_MS = 150;
const GAIN_SHARE = 0.5;
/** By this time or a round trip when nothing is left to request, and the helping mirror would be idle. */
const LAST_GAIN_MS = 20;
/**
 * A response that has been delivering for this time, and so many round trips, delivers the rest at most so many
 * times as fast as before, whatever its link could do: losses slow down single connections.
 */
const KNOWN_MS = 40;
const KNOWN_ROUND_TRIPS = 5;
const MOST_SPEEDUP = 2;
/** Fewer bytes are not worth a request. */
const SHORTEST_STEAL = 4 * 1024;
/** A request that has fallen silent for a moment loses so many bytes first, if it has more than twice as many. */
const HEAD = 64 * 1024;

/**
 * Returns what to do for the front; `undefined` for nothing. A mirror that delivers `enough` bytes per
 * millisecond, and is not silent, keeps what it has.
 */
export function rescue(
  view: DownloadView,
  outlooks: readonly Outlook[],
  now: number,
  enough = Infinity,
): Plan | undefined {
  for (const outlook of outlooks) {
    for (const request of outlook.source.live) {
      // What a request for the whole file owns may be endless, and no range can replace it.
      if (request.kind !== "range" || request.claimEnd <= request.position) continue;
      const { front } = view.ledger;
      // Where nothing is left to request, every range is one of the last.
      const isUrgent = isLast(view) ||
        (request.claimStart <= front && front < request.claimEnd);
      const silentMs = now - expectedSince(request);
      const silent = silentMs > (isUrgent ? outlook.patienceMs : outlook.lossMs);
      if (!silent && !isUrgent) continue;
      const others = outlooks.filter((other) => other !== outlook && canHelp(other, request));
      const revoked = { type: "revoke", request: request.id } as const;
      if (silent && isWaitedFor(request, outlooks)) return revoked;
      if (others.length === 0) continue;
      if (silent) {
        const to = headEnd(request, silentMs <= outlook.lossMs);
        return to === undefined ? revoked : { ...revoked, to };
      }
      const helpers = others.filter(({ open }) => open);
      const plan = view.limit.mayHurry(now) && outlook.requestRate < enough
        ? steal(request, outlook, helpers, view, now)
        : undefined;
      if (plan !== undefined) return plan;
    }
  }
  return undefined;
}

/**
 * Reports whether a mirror can take over from a request, or could if one of its own made way: not for one that
 * has not been answered, as its server may only take its time.
 */
function canHelp(outlook: Outlook, { answeredAt }: RequestView): boolean {
  if (outlook.open) return true;
  if (answeredAt === undefined || !outlook.usable || outlook.silent) return false;
  return makeWay(outlook) !== undefined;
}

/**
 * Returns where what a silent request loses first ends; `undefined` for all of it. Most silences are those of a
 * transport that has lost a packet: what follows that has arrived, and comes all at once when it does.
 */
function headEnd(request: RequestView, isShort: boolean): number | undefined {
  const { answeredAt, position, claimStart, claimEnd } = request;
  // What it has lost did not bring it back.
  if (!isShort || answeredAt === undefined || claimStart > position) return undefined;
  return claimEnd - position > 2 * HEAD ? position + HEAD : undefined;
}

/**
 * Withdraws what a mirror was asked for last, where it has not answered that yet, and something is missing at the
 * front. Its next request needs a new connection, which takes a round trip more than one that is open: so it has
 * to be longer until a place is free.
 */
export function makeWay({ source: { live, link }, slotMs }: Outlook): Plan | undefined {
  if (slotMs < link.latencyMs) return undefined;
  const last = live.findLast(({ kind, answeredAt, position, claimEnd }) =>
    kind === "range" && answeredAt === undefined && position < claimEnd
  );
  return last && { type: "withdraw", request: last.id };
}

/** Gives the end of the front's range to the mirror that makes the whole of it arrive soonest. */
function steal(
  request: RequestView,
  owner: Outlook,
  helpers: readonly Outlook[],
  view: DownloadView,
  now: number,
): Plan | undefined {
  const { ledger, limit } = view;
  const shortest = Math.min(SHORTEST_STEAL, limit.piece() / 2);
  const left = request.claimEnd - request.position;
  // One that is late may be so for as long again.
  const waitMs = request.answeredAt === undefined ? Math.abs(request.dueAt - now) : 0;
  // Where nothing is left to request, the others will soon leave it the link.
  const steadyRate = isLast(view) ? owner.rate : owner.requestRate;
  const linkRate = rampedRate(request, left, steadyRate, owner, ledger.start, now);
  const ownerRate = Math.min(linkRate, mostRate(request, owner, now));
  const aloneMs = waitMs + left / ownerRate;
  const leastGainMs = isLast(view)
    ? Math.max(LAST_GAIN_MS, owner.source.link.latencyMs)
    : Math.max(GAIN_MS, aloneMs * GAIN_SHARE);
  if (aloneMs < leastGainMs) return undefined;
  let best: { helper: Outlook; cut: number; ms: number } | undefined;
  for (const helper of helpers) {
    const beginMs = helper.rushedAt(0) - now;
    const msPerByte = (helper.rushedAt(left) - now - beginMs) / left;
    // Both end at the same time: kept / owner's rate = begin + (left - kept) / helper's rate.
    const kept = (beginMs - waitMs + left * msPerByte) / (1 / ownerRate + msPerByte);
    const cut = Math.ceil(Math.max(0, kept));
    if (left - cut < shortest) continue;
    const keptMs = cut === 0 ? 0 : waitMs + cut / ownerRate;
    const ms = Math.max(keptMs, beginMs + (left - cut) * msPerByte);
    if (best === undefined || ms < best.ms) best = { helper, cut, ms };
  }
  if (best === undefined || aloneMs - best.ms < leastGainMs) return undefined;
  const start = Math.max(request.claimStart, request.position + best.cut);
  const range = { start, end: request.claimEnd };
  return { type: "steal", mirror: best.helper.index, range, late: request.id };
}

/**
 * Returns the mean rate at which a request delivers the `left` bytes that it owns, `rate` being that of
 * now: the first response of all is at work before any other connection, and doubles with each round trip
 * while it speeds up.
 */
function rampedRate(
  request: RequestView,
  left: number,
  rate: number,
  { source: { link } }: Outlook,
  first: number,
  now: number,
): number {
  if (request.start !== first || !link.ramping(now)) return rate;
  const roundTrips = Math.log2(1 + left / (rate * link.latencyMs));
  return Math.max(rate, left / (roundTrips * link.latencyMs));
}

/** Returns the most bytes per millisecond to expect of a request by what it has delivered so far. */
function mostRate(request: RequestView, { source: { link } }: Outlook, now: number): number {
  const ms = request.deliveringMs(now);
  if (ms <= Math.max(KNOWN_MS, KNOWN_ROUND_TRIPS * link.latencyMs)) return Infinity;
  return MOST_SPEEDUP * Math.max(1, request.position - request.start) / ms;
}

/** Reports whether next to nothing is left to request. */
function isLast({ ledger: { free } }: DownloadView): boolean {
  return free.reduce((sum, { start, end }) => sum + end - start, 0) < SHORTEST_RANGE;
}
