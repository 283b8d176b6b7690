/**
 * The limit of every algorithm: each link is busy from its second round trip on, grows by slow start
 * if connections do, and every byte is used at once. Computed in steps of a millisecond.
 *
 * @module
 */

import type { DeliveryPoint } from "./measures.ts";
import { RateTimeline } from "./rate_timeline.ts";
import { INITIAL_WINDOW, MAX_WINDOW } from "./connection.ts";
import type { SimulatedMirror } from "./mirror.ts";
import type { Network } from "./simulation.ts";

/** The result of the oracle. */
export interface Oracle {
  /** Seconds until the file is complete; `Infinity` if it never is. */
  readonly seconds: number;
  /** Bytes received over time, for each millisecond. */
  readonly points: readonly DeliveryPoint[];
}

/** Options of the oracle. */
export interface OracleOptions {
  /** Connections to each mirror, for mirrors that limit the rate of a connection. @default 2 */
  readonly connections?: number;
}

const DAY_MS = 24 * 3600_000;

/** Returns the best possible download on a network. Resets are ignored. */
export function oracle(network: Network, { connections = 2 }: OracleOptions = {}): Oracle {
  const { links, size, slowStart = false, clientBytesPerSecond = Infinity } = network;
  const lives = links.flatMap((link) => livesOf(link, slowStart, connections));
  const lastMs = Math.min(DAY_MS, Math.max(...lives.map(({ untilMs }) => untilMs)));
  const points: DeliveryPoint[] = [];
  for (let ms = 0, total = 0; total < size; ms++) {
    if (ms >= lastMs) return { seconds: Infinity, points };
    const offers = lives.map((life) => life.offer(ms));
    const offered = offers.reduce((sum, bytes) => sum + bytes, 0);
    const share = Math.min(1, clientBytesPerSecond / 1000 / offered);
    lives.forEach((life, index) => life.deliver(offers[index]! * share, ms));
    const delivered = offered * share;
    const needed = delivered > 0 ? Math.min(1, (size - total) / delivered) : 1;
    total = Math.min(size, total + delivered);
    if (delivered > 0) points.push([(ms + needed) / 1000, total]);
  }
  return { seconds: points.at(-1)?.[0] ?? 0, points };
}

/** Returns the nominal capacity of all links, in bytes per second. */
export function capacity(network: Network, { connections = 2 }: OracleOptions = {}): number {
  const { links, clientBytesPerSecond = Infinity } = network;
  const sum = links.reduce(
    (total, { bytesPerSecond, connectionBytesPerSecond = Infinity }) =>
      total + Math.min(bytesPerSecond, connections * connectionBytesPerSecond),
    0,
  );
  return Math.min(sum, clientBytesPerSecond);
}

/** Returns the periods in which a link delivers bytes. */
function livesOf(mirror: SimulatedMirror, slowStart: boolean, connections: number): Life[] {
  const { silentFromMs = Infinity, deadFromMs = Infinity, returnsAtMs = Infinity } = mirror;
  const startMs = 2 * mirror.roundTripMs + (mirror.thinkMs ?? 0);
  const stretches = deadFromMs < Infinity && returnsAtMs < Infinity
    ? [[startMs, deadFromMs], [returnsAtMs + startMs, Infinity]] as const
    : [[startMs, deadFromMs]] as const;
  return stretches.map(([fromMs, untilMs]) =>
    new Life(mirror, {
      fromMs,
      untilMs: Math.min(untilMs, silentFromMs),
      slowStart,
      connections,
    })
  );
}

interface LifeOptions {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly slowStart: boolean;
  readonly connections: number;
}

/** A link from its first byte until it falls silent. */
class Life {
  readonly untilMs: number;
  readonly #fromMs: number;
  readonly #rates: RateTimeline;
  readonly #mostPerMs: number;
  readonly #slowStart: boolean;
  #window: number;
  #underWay = 0;
  /** What was delivered in each millisecond of the last round trip. */
  readonly #lately: Float64Array;

  constructor(mirror: SimulatedMirror, { fromMs, untilMs, slowStart, connections }: LifeOptions) {
    this.#fromMs = fromMs;
    this.untilMs = untilMs;
    this.#rates = new RateTimeline(mirror.bytesPerSecond, mirror.ratesAt);
    this.#mostPerMs = connections * (mirror.connectionBytesPerSecond ?? Infinity) / 1000;
    this.#slowStart = slowStart;
    this.#window = slowStart ? INITIAL_WINDOW : Infinity;
    this.#lately = new Float64Array(Math.max(1, Math.floor(mirror.roundTripMs)));
  }

  /** Returns what it can deliver in the millisecond from `ms` on. */
  offer(ms: number): number {
    const fromMs = Math.max(ms, this.#fromMs);
    const untilMs = Math.min(ms + 1, this.untilMs);
    if (fromMs >= untilMs) return 0;
    const acknowledged = this.#lately[ms % this.#lately.length]!;
    this.#underWay -= acknowledged;
    if (this.#slowStart) this.#window = Math.min(MAX_WINDOW, this.#window + acknowledged);
    const most = Math.min(this.#window - this.#underWay, this.#mostPerMs * (untilMs - fromMs));
    return Math.min(this.#rates.bytesBetween(fromMs, untilMs), most);
  }

  /** It delivered this much of what it offered. */
  deliver(bytes: number, ms: number): void {
    this.#underWay += bytes;
    this.#lately[ms % this.#lately.length] = bytes;
  }
}
