/**
 * Views of a download for tests of policies and timeouts: what a test does not state has a default.
 *
 * @module
 */

import { Ledger } from "../../../lib/scheduler/bytes/ledger.ts";
import type { Service } from "../../../lib/scheduler/mirror/mirror_state.ts";
import { RateLimit } from "../../../lib/scheduler/bytes/rate_limit.ts";
import type {
  DownloadView,
  LimitView,
  LinkView,
  RequestView,
  SourceView,
} from "../../../lib/scheduler/view.ts";

/** No limit. */
export const UNLIMITED: LimitView = new RateLimit(Infinity);

/** Returns a limit in bytes per millisecond under which nothing may be requested before `openAt`. */
export function limitOf(rate: number, openAt = 0): LimitView {
  const limit = new RateLimit(1000 * rate);
  // A limit starts with a debt of 100 ms.
  limit.start(openAt - 100);
  return limit;
}

/** Returns a link that delivers a byte per millisecond and responds in 10 ms. */
export function linkView(facts: Partial<LinkView> = {}): LinkView {
  const { latencyMs = 10 } = facts;
  return {
    latencyMs,
    leastLatencyMs: latencyMs,
    nextLatencyMs: latencyMs,
    deviationMs: 0,
    isMeasured: true,
    isBursty: false,
    flowingSince: -Infinity,
    bytesPerSecond: () => 1000,
    ramping: () => false,
    ...facts,
  };
}

/** Returns a request for bytes 0 to 100, unless stated otherwise. */
export function requestView(facts: Partial<RequestView> = {}): RequestView {
  const { start = 0, end = start + 100, position = start, claimEnd = end } = facts;
  return {
    id: 0,
    kind: "range",
    start,
    end,
    claimStart: Math.min(position, claimEnd),
    claimEnd,
    position,
    startedAt: 0,
    cold: false,
    dueAt: 0,
    answeredAt: undefined,
    activeAt: 0,
    held: false,
    bodyEnd: end,
    isExhausted: false,
    isKeptWaiting: false,
    deliveringMs: () => 0,
    ...facts,
  };
}

/** Facts about a mirror. */
export interface SourceFacts extends Partial<Omit<SourceView, "state">> {
  readonly state?: SourceView["state"]["type"];
  readonly service?: Service;
}

/** Returns an idle mirror that serves ranges, unless stated otherwise. */
export function sourceView(
  { state = "ready", service = "ranges", ...facts }: SourceFacts = {},
): SourceView {
  const { live = [] } = facts;
  return {
    url: "http://one.test/",
    usage: 0,
    previous: 0,
    requests: 0,
    answerMs: undefined,
    deliveredAt: -Infinity,
    blockMs: undefined,
    failures: 0,
    maxConnections: 2,
    mostBytes: Infinity,
    lanes: 1,
    isTrial: false,
    leastBytes: 0,
    state: { type: state },
    alive: state === "ready" || state === "waiting",
    idle: state === "ready" && live.length === 0,
    servesRanges: service === "ranges" && state !== "dropped",
    available: service === "ranges" && state === "ready",
    live,
    pending: service === "unknown" && state === "ready",
    link: linkView(),
    ...facts,
  };
}

/** Returns a download of 300 bytes in blocks of 10, with room for 100, from one mirror. */
export function downloadView(
  { heldBytes = 0, ...facts }: Partial<DownloadView> & { readonly heldBytes?: number } = {},
): DownloadView {
  const { ledger = new Ledger(0, 300, 10), windowSize = 100 } = facts;
  const room = windowSize - heldBytes - ledger.askedBytes;
  return {
    ledger,
    mirrors: [sourceView()],
    requests: [],
    limit: UNLIMITED,
    others: [],
    windowSize,
    windowIsFull: heldBytes >= windowSize,
    readyBytes: heldBytes,
    room,
    roomFor: () => room,
    received: 0,
    receivedSinceFront: 0,
    ...facts,
  };
}
