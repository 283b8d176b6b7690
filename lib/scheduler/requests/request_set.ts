/**
 * The set of the requests that are under way. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { LiveRequest, type NewRequest } from "./live_request.ts";

/** Keeps the requests that are under way, and their mirrors in step with them. */
export class Requests implements Iterable<LiveRequest> {
  readonly #live = new Map<number, LiveRequest>();
  #next = 0;

  /** Iterates over the requests, the oldest first. Some may be opened or closed meanwhile. */
  [Symbol.iterator](): IterableIterator<LiveRequest> {
    return this.#live.values();
  }

  get size(): number {
    return this.#live.size;
  }

  /** Returns the request with this number, if it is still under way. */
  get(id: number): LiveRequest | undefined {
    return this.#live.get(id);
  }

  of(mirror: Mirror): readonly LiveRequest[] {
    return [...this].filter((request) => request.mirror === mirror);
  }

  /** The request for the whole file, if there is one. */
  get whole(): LiveRequest | undefined {
    for (const request of this.#live.values()) if (request.kind === "whole") return request;
    return undefined;
  }

  /** Number of probes that have neither failed nor delivered their first bytes. */
  get probing(): number {
    let probing = 0;
    for (const { kind, held } of this.#live.values()) if (kind === "probe" && !held) probing++;
    return probing;
  }

  /** What the requests own and have not delivered yet. */
  get claims(): ByteRange[] {
    return [...this].filter(({ owns }) => owns)
      .map(({ claimStart, claimEnd }) => ({ start: claimStart, end: claimEnd }));
  }

  /** What the requests may still deliver though they do not own it any more. */
  get remnants(): ByteRange[] {
    const remnants: ByteRange[] = [];
    for (const { kind, position, claimStart, claimEnd, end } of this) {
      if (kind !== "range") continue;
      if (position < claimStart) remnants.push({ start: position, end: claimStart });
      if (claimEnd < end) remnants.push({ start: Math.max(position, claimEnd), end });
    }
    return remnants;
  }

  open(wanted: NewRequest, now: number): LiveRequest {
    const request = new LiveRequest(this.#next++, wanted, now);
    this.#live.set(request.id, request);
    wanted.mirror.opened(request);
    return request;
  }

  /** Forgets a request; `kept`: its connection can serve another one. */
  close(request: LiveRequest, kept: boolean, now: number): void {
    this.#live.delete(request.id);
    request.ticket.release(now, false, kept);
    request.mirror.closed(request, kept, now);
  }
}
