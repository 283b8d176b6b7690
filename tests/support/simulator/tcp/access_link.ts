/**
 * The client's access link, which all links share: a drop-tail queue behind them.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import { RateTimeline } from "../rate_timeline.ts";
import { DropTailQueue, usualQueueBytes } from "./drop_tail_queue.ts";
import { HEADER_BYTES, type Packet } from "./packet.ts";
import { Wire } from "./wire.ts";

export class AccessLink {
  readonly #queue: EventQueue;
  readonly #outgoing: DropTailQueue;
  readonly #toClient: Wire<() => void>;

  /** `longestTripMs` is the longest round trip of the links, by which its queue is sized. */
  constructor(queue: EventQueue, bytesPerSecond: number, longestTripMs: number) {
    this.#queue = queue;
    const queueBytes = usualQueueBytes(bytesPerSecond, longestTripMs);
    this.#outgoing = new DropTailQueue(new RateTimeline(bytesPerSecond), queueBytes);
    this.#toClient = new Wire(queue, (arrive) => arrive());
  }

  /** Number of packets that its queue dropped. */
  get drops(): number {
    return this.#outgoing.drops;
  }

  /** Carries a packet to the client, unless the queue is full. */
  carry({ bytes }: Packet, arrive: () => void): void {
    const sentAt = this.#outgoing.enqueue(bytes + HEADER_BYTES, this.#queue.now);
    if (sentAt !== undefined) this.#toClient.send(arrive, sentAt);
  }
}
