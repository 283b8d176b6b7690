/**
 * A mirror's link with TCP in virtual time:
 *
 *     server -> drop-tail queue -> loss -> half a round trip -> [access link shared by all] -> client
 *     server <- half a round trip <- client
 *
 * A request takes an idle connection, the last used one first, or opens another one.
 *
 * @module
 */

import type { EventQueue } from "../event_queue.ts";
import type { Link, TransferOptions } from "../link.ts";
import { RateTimeline } from "../rate_timeline.ts";
import type { AccessLink } from "./access_link.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { DropTailQueue, usualQueueBytes } from "./drop_tail_queue.ts";
import { Jitter } from "./jitter.ts";
import { Losses } from "./losses.ts";
import type { TcpMirror } from "./mirror.ts";
import { HEADER_BYTES, type Packet, USUAL_MTU } from "./packet.ts";
import { Wire } from "./wire.ts";

/** Options of a link. */
export interface TcpLinkOptions {
  readonly queue: EventQueue;
  /** Random numbers for losses and jitter. */
  readonly random: () => number;
  /** An access link shared with other links. */
  readonly access?: AccessLink | undefined;
}

/** Time in which a server sends a packet, in milliseconds: its network card has 6 Gbit/s. */
const PACKET_MS = 0.002;

/** What became of the packets of a link. */
export interface LinkStatistics {
  /** Payload that reached the client, with the heads of responses and what it did not need. */
  readonly payloadBytes: number;
  readonly connections: number;
  /** Packets dropped by the full queue, lost at random, and lost while the link was down. */
  readonly drops: { readonly queue: number; readonly loss: number; readonly down: number };
  /** Time that was spent sending, in milliseconds. */
  readonly busyMs: number;
  /** Maximum number of bytes in the queue. */
  readonly peakBytes: number;
}

export class TcpLink implements Link, ConnectionHost {
  readonly queue: EventQueue;
  readonly #mirror: TcpMirror;
  readonly #access: AccessLink | undefined;
  readonly random: () => number;
  readonly #outgoing: DropTailQueue;
  readonly #losses: Losses;
  readonly #jitter: Jitter;
  readonly #toClient: Wire<Packet>;
  readonly #toServer: Wire<() => void>;
  /** Idle connections, the last used one at the end. */
  readonly #idle: Connection[] = [];
  readonly #connections: Connection[] = [];
  /** When the server sends the last of its packets. */
  #sendsAt = 0;
  #payload = 0;
  #lost = 0;
  #lostWhileDown = 0;

  constructor(mirror: TcpMirror, { queue, random, access }: TcpLinkOptions) {
    const { bytesPerSecond, roundTripMs, ratesAt } = mirror;
    const { queueBytes = usualQueueBytes(bytesPerSecond, roundTripMs) } = mirror;
    this.queue = queue;
    this.#mirror = mirror;
    this.#access = access;
    this.random = random;
    this.#losses = new Losses(mirror.loss ?? 0, mirror.lossLength ?? 1, random);
    this.#jitter = new Jitter(mirror.packetJitterMs ?? 0, random);
    this.#outgoing = new DropTailQueue(new RateTimeline(bytesPerSecond, ratesAt), queueBytes);
    this.#toServer = new Wire(queue, (arrive) => arrive());
    this.#toClient = new Wire(queue, (packet) => {
      if (access === undefined) this.#arrived(packet);
      else access.carry(packet, () => this.#arrived(packet));
    });
  }

  get roundTripMs(): number {
    return this.#mirror.roundTripMs;
  }

  get segmentBytes(): number {
    return (this.#mirror.mtu ?? USUAL_MTU) - HEADER_BYTES;
  }

  get thinkMs(): number {
    return this.#mirror.thinkMs ?? 0;
  }

  get connectionBytesPerSecond(): number {
    return this.#mirror.connectionBytesPerSecond ?? Infinity;
  }

  get requestsPerConnection(): number {
    return this.#mirror.requestsPerConnection ?? Infinity;
  }

  get statistics(): LinkStatistics {
    const { drops: queue, busyMs, peakBytes } = this.#outgoing;
    return {
      payloadBytes: this.#payload,
      connections: this.#connections.length,
      drops: { queue, loss: this.#lost, down: this.#lostWhileDown },
      busyMs,
      peakBytes,
    };
  }

  /** Sends a request; returns a function that cancels it. */
  request(options: TransferOptions): () => void {
    return (this.#idle.pop() ?? this.#connect()).request(options);
  }

  /** A receiver has read what had arrived. */
  wake(): void {
    for (const connection of this.#connections) connection.wake();
  }

  up(arrive: () => void): boolean {
    const { now } = this.queue;
    if (this.#isDown(now)) {
      this.#lostWhileDown++;
      return false;
    }
    this.#toServer.send(arrive, now + this.roundTripMs / 2);
    return true;
  }

  down(packet: Packet): void {
    this.#sendsAt = Math.max(this.queue.now, this.#sendsAt + PACKET_MS);
    const sentAt = this.#outgoing.enqueue(packet.bytes + HEADER_BYTES, this.#sendsAt);
    if (sentAt === undefined) return;
    if (this.#isDown(sentAt)) this.#lostWhileDown++;
    else if (this.#losses.hits()) this.#lost++;
    else {
      const delayMs = this.roundTripMs / 2 + this.#jitter.delayAt(sentAt);
      this.#toClient.send(packet, sentAt + delayMs);
    }
  }

  released(connection: Connection): void {
    this.#idle.push(connection);
  }

  #connect(): Connection {
    const { connectionLimit: { most, excess } = { most: Infinity, excess: undefined } } =
      this.#mirror;
    const open = this.#connections.filter(({ isClosed }) => !isClosed).length;
    const connection = new Connection(this, open < most ? undefined : excess);
    this.#connections.push(connection);
    return connection;
  }

  #arrived(packet: Packet): void {
    this.#payload += packet.bytes;
    packet.to.arrived(packet.segment);
  }

  #isDown(ms: number): boolean {
    const { downAt = [] } = this.#mirror;
    return downAt.some(([from, until]) => ms >= 1000 * from && ms < 1000 * until);
  }
}
