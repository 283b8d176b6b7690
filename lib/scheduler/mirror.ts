/**
 * What the scheduler knows of one mirror, and the requests that it has under way.
 *
 * @module
 */

import type { MirrorError } from "../errors.ts";
import type { MirrorView, RequestView, SourceView } from "./view.ts";
import { ConnectionTuner } from "./connection_tuner.ts";
import { LinkEstimate, type LinkOptions, RateEstimator } from "./link_estimate.ts";
import type { Answer, RequestKind } from "./messages.ts";

/** Where a mirror stands. */
export type MirrorState =
  /** Is asked, now and later. */
  | { readonly type: "ready" }
  /** Failed, and is left alone until `until` (milliseconds). */
  | { readonly type: "waiting"; readonly until: number; readonly failure: MirrorError }
  /** Asks no more: too slow to help with what is left. */
  | { readonly type: "retired" }
  /** Closed as bad: it held up the front. */
  | { readonly type: "closed" }
  /** Given up for good. */
  | { readonly type: "dropped"; readonly failure: MirrorError };

/**
 * How a mirror serves: `unknown` until it has been probed and agreed with the others, then by
 * `ranges`, or only the `whole` file.
 */
export type Service = "unknown" | "ranges" | "whole";

/** One request that is under way. */
export interface LiveRequest extends RequestView {
  readonly mirror: Mirror;
  kind: RequestKind;
  start: number;
  end: number;
  claimEnd: number;
  position: number;
  answeredAt: number | undefined;
  /** What the headers said. */
  answer: Answer | undefined;
  activeAt: number;
  /** Whether its body is held back until the mirrors have agreed. */
  held: boolean;
  /** Bytes that are paid for (see `RateLimit`), but have yet to come. */
  paid: number;
  /** Bytes that it has brought, and nobody else before it. */
  useful: number;
}

/** More connections than this to one server are rude. */
export const MOST_CONNECTIONS = 16;

/** One request for so many lanes is there to take over. */
const LANES_PER_SPARE = 4;

/** What a mirror begins with. */
export interface MirrorOptions extends LinkOptions {
  /**
   * The most requests that it may have under way at once; `auto` for as many as are of use.
   *
   * @default {2}
   */
  readonly maxConnections?: number | "auto" | undefined;
}

/** One mirror. */
export class Mirror implements MirrorView, SourceView {
  readonly url: string;
  state: MirrorState = { type: "ready" };
  service: Service = "unknown";
  /** The requests that it has under way, the oldest first. */
  readonly live: LiveRequest[] = [];
  usage = 0;
  previous = 0;
  requests = 0;
  answerMs: number | undefined;
  /** Failures in a row, without a byte between them. */
  failures = 0;
  /** Failures altogether. */
  totalFailures = 0;
  /** Requests for what another mirror had been asked for already. */
  duplicates = 0;
  /** Bytes that came from it, wasted ones too. */
  bytes = 0;
  /** Bytes of these that had come from another mirror already. */
  wastedBytes = 0;
  /** The rate while requests are under way, over about the last second. */
  readonly rate = new RateEstimator();
  /** What requests are sized and placed by. */
  readonly link: LinkEstimate;
  /** Milliseconds that its last requests took for each block, latency included. */
  blockMs: number | undefined;

  /** Says how many lanes it has, where that is not fixed. */
  readonly tuner: ConnectionTuner | undefined;
  #maxConnections: number;

  constructor(url: string, options: MirrorOptions = {}) {
    this.url = url;
    this.link = new LinkEstimate(options);
    const { maxConnections = 2 } = options;
    const auto = maxConnections === "auto";
    this.#maxConnections = auto ? MOST_CONNECTIONS : maxConnections;
    if (auto) this.tuner = new ConnectionTuner(lanesOf(MOST_CONNECTIONS));
  }

  /** The most requests that it may have under way at once. */
  get maxConnections(): number {
    const { lanes = Infinity } = this.tuner ?? {};
    return Math.min(this.#maxConnections, lanes + Math.ceil(lanes / LANES_PER_SPARE));
  }

  /** How many of its requests are to be kept busy; the others take over without a pause. */
  get lanes(): number {
    return this.tuner?.lanes ?? lanesOf(this.#maxConnections);
  }

  /** Its server refuses to serve more than `most` requests at once. */
  limitConnections(most: number): void {
    this.#maxConnections = Math.max(1, most);
    this.tuner?.limit(lanesOf(this.#maxConnections));
  }

  /** Whether it is asked, now or later. */
  get alive(): boolean {
    return this.state.type === "ready" || this.state.type === "waiting";
  }

  /** Whether it is to be asked, and has nothing under way. */
  get idle(): boolean {
    return this.state.type === "ready" && this.live.length === 0;
  }

  /** Whether ranges can be asked of it, now or later. */
  get servesRanges(): boolean {
    return this.service === "ranges" && this.state.type !== "dropped";
  }

  /** Whether ranges can be asked of it now. */
  get available(): boolean {
    return this.service === "ranges" && this.state.type === "ready";
  }

  /** A request was sent. */
  opened(request: LiveRequest): void {
    this.live.push(request);
  }

  /** The headers of a request's answer came. */
  answered(request: LiveRequest, answer: Answer, now: number): void {
    request.answer = answer;
    request.answeredAt = now;
    this.answerMs ??= now - request.startedAt;
    this.link.answered(request, now);
    this.rate.resume(now);
    this.link.rate.resume(now);
  }

  /** Bytes came. */
  received(bytes: number, now: number): void {
    this.bytes += bytes;
    this.rate.add(bytes, now);
    this.link.received(bytes, now);
  }

  /** A request is over; `kept`: its connection can serve another one. */
  closed(request: LiveRequest, kept: boolean, now: number): void {
    this.live.splice(this.live.indexOf(request), 1);
    if (kept) this.link.idleConnections++;
    if (this.live.some(({ answeredAt }) => answeredAt !== undefined)) return;
    this.rate.pause(now);
    this.link.rate.pause(now);
  }

  /** Counts a request that brought `blocks`, or a part of one, in `elapsedMs`. */
  delivered(blocks: number, elapsedMs: number): void {
    this.usage++;
    const blockMs = elapsedMs / blocks;
    this.blockMs = this.blockMs === undefined ? blockMs : 0.7 * this.blockMs + 0.3 * blockMs;
  }
}

/** How many of so many connections can be kept busy without a pause. */
function lanesOf(connections: number): number {
  return Math.max(1, connections - Math.ceil(connections / (LANES_PER_SPARE + 1)));
}
