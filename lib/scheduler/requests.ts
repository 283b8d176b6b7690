/**
 * The requests that are under way.
 *
 * @module
 */

import type { ByteRange } from "../http/byte_range.ts";
import type { LiveRequest } from "./mirror.ts";
import type { Ledger } from "./ledger.ts";

/** What is asked for. */
export type NewRequest = Pick<LiveRequest, "mirror" | "kind" | "start" | "end">;

/** Keeps the requests that are under way, and their mirrors in step with them. */
export class Requests implements Iterable<LiveRequest> {
  readonly #live = new Map<number, LiveRequest>();
  #next = 0;

  /** Every request that is under way, the oldest first. Others may be opened or closed meanwhile. */
  [Symbol.iterator](): IterableIterator<LiveRequest> {
    return this.#live.values();
  }

  /** The request with this number, if it is still under way. */
  get(id: number): LiveRequest | undefined {
    return this.#live.get(id);
  }

  /** The request for the whole file, if there is one. */
  get whole(): LiveRequest | undefined {
    for (const request of this.#live.values()) if (request.kind === "whole") return request;
    return undefined;
  }

  /** How many probes have neither failed nor delivered their first bytes. */
  get probing(): number {
    let count = 0;
    for (const { kind, held } of this) if (kind === "probe" && !held) count++;
    return count;
  }

  /** What the requests own and have not brought yet. */
  get claims(): ByteRange[] {
    return [...this].filter(({ kind }) => kind !== "probe")
      .map(({ position, claimEnd }) => ({ start: position, end: claimEnd }));
  }

  /** What the requests will bring though they do not own it any more. */
  get remnants(): ByteRange[] {
    const remnants: ByteRange[] = [];
    for (const { kind, position, claimEnd, end } of this) {
      if (kind !== "range" || claimEnd === end) continue;
      remnants.push({ start: Math.max(position, claimEnd), end });
    }
    return remnants;
  }

  /** Opens a request. */
  open(asked: NewRequest, now: number): LiveRequest {
    const request: LiveRequest = {
      ...asked,
      id: this.#next++,
      position: asked.start,
      claimEnd: asked.end,
      startedAt: now,
      ...asked.mirror.link.sent(now),
      answeredAt: undefined,
      answer: undefined,
      activeAt: now,
      held: false,
      paid: 0,
      useful: 0,
    };
    this.#live.set(request.id, request);
    asked.mirror.opened(request);
    return request;
  }

  /** Forgets a request; `kept`: its connection can serve another one. */
  close(request: LiveRequest, kept: boolean, now: number): void {
    this.#live.delete(request.id);
    request.mirror.closed(request, kept, now);
  }
}

/** Requests whose bytes others have brought, and that cost more to be ended than to be given up. */
export function losers(
  { requests, ledger }: { readonly requests: Requests; readonly ledger: Ledger },
  now: number,
): readonly LiveRequest[] {
  return [...requests].filter((request) =>
    request.kind === "range" && ledger.hasReceived(request.position, request.end) &&
    isWorthGivingUp(request, now)
  );
}

/** Whether a request has brought all that it owned, and others bring what follows. */
export function isRemnant(
  request: LiveRequest,
  { ledger }: { readonly ledger: Ledger },
  now: number,
): boolean {
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
