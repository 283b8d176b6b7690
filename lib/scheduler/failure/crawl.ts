/**
 * Finds a response that holds up the front at a crawl, while its mirror delivers by others. Some servers and
 * proxies accept more connections than they serve, and let the last ones trickle: no silence gives them away,
 * and all that follows waits for them. Pure, but for the state that it changes: times are in
 * milliseconds, and passed in.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";

/** A response that crawls at the front. */
export interface Crawl {
  readonly request: LiveRequest;
  readonly failure: MirrorError;
  /** Number of requests that its mirror serves meanwhile. */
  readonly passing: number;
  /** How many responses of its mirror have crawled so far, this one among them. */
  readonly crawls: number;
}

/** What a request and its mirror had delivered when a period began. */
interface Mark {
  readonly at: number;
  readonly position: number;
  readonly bytes: number;
  /** Whether it crawled in the last period that showed anything. */
  readonly crawls: boolean;
}

/** A response is looked at for this time, and so many round trips, in which it may speed up or recover. */
const PERIOD_MS = 1500;
const PERIOD_ROUND_TRIPS = 16;
/** It crawls below this part of what each of the others delivers, or of its share of the best one so far. */
const SHARE = 1 / 16;
/** Where fewer bytes are expected of it, they are no sign of a server that could do better. */
const LEAST_BYTES = 64 * 1024;
/** A response that has been delivered for this time shows what the mirror can do. */
const SHOWN_MS = 300;
/** Minimum time between two looks, in milliseconds. */
const LOOK_MS = 100;

export class CrawlWatch {
  readonly #state: DownloadState;
  readonly #crawls = new Map<Mirror, number>();
  /** The best mean rate of a response of each mirror, in bytes per millisecond. */
  readonly #best = new Map<Mirror, number>();
  #marks: ReadonlyMap<LiveRequest, Mark> = new Map();
  #lookAt = -Infinity;

  constructor(state: DownloadState) {
    this.#state = state;
  }

  /** When the front's request will have been looked at for long enough; `Infinity` if there is none. */
  get dueAt(): number {
    for (const [request, { at }] of this.#marks) {
      if (isWatched(request) && this.#holdsUpFront(request)) {
        return Math.max(this.#lookAt, at + periodMs(request));
      }
    }
    return Infinity;
  }

  /**
   * Looks at all responses; must be called at every event. Returns one that holds up the front at a crawl,
   * and cancels those of its mirror that crawl elsewhere.
   */
  look(now: number): Crawl | undefined {
    if (now < this.#lookAt) return undefined;
    this.#lookAt = now + LOOK_MS;
    const marks = new Map<LiveRequest, Mark>();
    for (const request of this.#state.requests) {
      if (isWatched(request)) marks.set(request, this.#mark(request, now));
    }
    this.#marks = marks;
    // What crawls may also be in the way of those who would take the front.
    const { ledger } = this.#state;
    const isFree = ledger.isFree(ledger.front) && !this.#state.windowIsFull;
    for (const [request, mark] of marks) {
      if (mark.crawls && (isFree || this.#holdsUpFront(request))) return this.#crawl(request, now);
    }
    return undefined;
  }

  #mark(request: LiveRequest, now: number): Mark {
    this.#learn(request, now);
    const before = this.#marks.get(request);
    if (before !== undefined && now < before.at + periodMs(request)) return before;
    const { position, mirror: { bytes } } = request;
    const crawls = before !== undefined && this.#crawlsSince(before, request, now);
    return { at: now, position, bytes, crawls };
  }

  #crawlsSince({ at, position, bytes, crawls }: Mark, request: LiveRequest, now: number): boolean {
    const { mirror } = request;
    const { live, lanes } = mirror;
    const own = request.position - position;
    const each = (mirror.bytes - bytes - own) / Math.max(1, lanes - 1, live.length - 1);
    // Alone it has all of its link, which may have become slow.
    const isShared = live.length > 1 || this.#crawls.has(mirror);
    const share = isShared ? this.#best.get(mirror)! * (now - at) / live.length : 0;
    const expected = Math.max(each, share);
    return expected < LEAST_BYTES ? crawls : own < SHARE * expected;
  }

  #learn({ start, position, answeredAt, mirror }: LiveRequest, now: number): void {
    const ms = now - answeredAt!;
    const best = this.#best.get(mirror) ?? 0;
    this.#best.set(mirror, ms < SHOWN_MS ? best : Math.max(best, (position - start) / ms));
  }

  #crawl(request: LiveRequest, now: number): Crawl {
    const { mirror } = request;
    const others: LiveRequest[] = [];
    for (const [one, mark] of this.#marks) {
      if (one === request || one.mirror !== mirror) continue;
      const isShown = now >= mark.at + SHOWN_MS;
      if (mark.crawls || (isShown && this.#crawlsSince(mark, one, now))) others.push(one);
    }
    for (const other of others) this.#state.cancel(other, "silent", now);
    const crawls = 1 + others.length + (this.#crawls.get(mirror) ?? 0);
    this.#crawls.set(mirror, crawls);
    const passing = Math.max(1, mirror.live.length - 1);
    const failure = new MirrorError("delivers next to nothing, and much by other connections", {
      mirror: mirror.url,
      phase: "body",
      reason: "timeout",
      retryable: true,
    });
    return { request, failure, passing, crawls };
  }

  #holdsUpFront({ id, claimStart, claimEnd }: LiveRequest): boolean {
    const { requests, ledger: { front } } = this.#state;
    return claimStart <= front && front < claimEnd && requests.get(id) !== undefined;
  }
}

/** Reports whether bytes of a range are expected. */
function isWatched({ kind, answeredAt, held, isExhausted }: LiveRequest): boolean {
  return kind === "range" && answeredAt !== undefined && !held && !isExhausted;
}

function periodMs({ mirror: { link } }: LiveRequest): number {
  return Math.max(PERIOD_MS, PERIOD_ROUND_TRIPS * link.latencyMs);
}
