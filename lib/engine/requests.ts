/**
 * The requests that are under way: at most one for each mirror.
 *
 * @module
 */

import type { Interval } from "./interval_set.ts";
import type { RequestKind } from "./messages.ts";
import type { Mirror } from "./mirror.ts";

/** One request that is under way. */
export interface LiveRequest {
  readonly id: number;
  readonly mirror: Mirror;
  kind: RequestKind;
  /** The first byte that comes. */
  start: number;
  /** The byte behind the last one that will come; `Infinity` where that is unknown. */
  end: number;
  /** The next byte that will come. */
  position: number;
  readonly startedAt: number;
  /** When headers came, in milliseconds. */
  answeredAt: number | undefined;
  /** When anything last came, in milliseconds. */
  activeAt: number;
  /** Whether its body is held back until the mirrors have agreed. */
  held: boolean;
}

/** What is asked for. */
export type NewRequest = Pick<LiveRequest, "mirror" | "kind" | "start" | "end">;

/** Keeps the requests that are under way, and their mirrors' states in step with them. */
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

  /** The request that a mirror has under way. */
  of({ state }: Mirror): LiveRequest | undefined {
    return state.type === "busy" ? this.#live.get(state.request) : undefined;
  }

  /** The request for the whole file, if there is one. */
  get whole(): LiveRequest | undefined {
    for (const request of this.#live.values()) if (request.kind === "whole") return request;
    return undefined;
  }

  /** What the requests will still bring to the file. */
  get outstanding(): Interval[] {
    return [...this].filter(({ kind }) => kind !== "probe")
      .map(({ position, end }) => ({ start: position, end }));
  }

  /** Opens a request. */
  open(asked: NewRequest, now: number): LiveRequest {
    const request: LiveRequest = {
      ...asked,
      id: this.#next++,
      position: asked.start,
      startedAt: now,
      answeredAt: undefined,
      activeAt: now,
      held: false,
    };
    this.#live.set(request.id, request);
    asked.mirror.state = { type: "busy", request: request.id };
    return request;
  }

  /** Forgets a request; its mirror is idle then. */
  close(request: LiveRequest, now: number): void {
    this.#live.delete(request.id);
    request.mirror.rate.pause(now);
    request.mirror.state = { type: "idle" };
  }

  /** Forgets all requests. */
  clear(): void {
    this.#live.clear();
  }
}
