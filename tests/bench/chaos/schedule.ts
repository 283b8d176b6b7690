/**
 * What happens in one run, as a pure function of its seed: the mirrors, what befalls them and when, and what the
 * reader does.
 *
 * @module
 */

import type { Fault } from "../../support/lab/mirror_lab.ts";
import { mulberry32 } from "../../support/random.ts";

/** A mirror at the beginning. */
export interface ChaosMirror {
  readonly bytesPerSecond: number;
  /** Whether its URL redirects to the file. */
  readonly redirects: boolean;
  /** From which byte on it has another file of the same size; `Infinity` if it has the file. */
  readonly liesFrom: number;
  /** Whether nothing listens at its port. */
  readonly isClosed: boolean;
}

/** What happens to a mirror, or what the reader does. */
export type ChaosAction =
  /** Every connection is reset, and new ones are refused. */
  | { readonly type: "go"; readonly mirror: number }
  /** Its faults are over. */
  | { readonly type: "come back"; readonly mirror: number }
  | { readonly type: "rate"; readonly mirror: number; readonly bytesPerSecond: number }
  /** Every connection is reset. */
  | { readonly type: "reset"; readonly mirror: number }
  /** The next requests have a fault. */
  | { readonly type: "fault"; readonly mirror: number; readonly fault: Fault }
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "window"; readonly bytes: number }
  | { readonly type: "max rate"; readonly bytesPerSecond: number | undefined };

export interface ChaosEvent {
  readonly atMs: number;
  readonly action: ChaosAction;
}

/** What one reader wants: from a byte to the end, unless it leaves after some bytes. */
export interface ChaosRead {
  readonly start: number;
  readonly leaveAfter: number;
}

export interface Schedule {
  readonly seed: number;
  readonly size: number;
  readonly by: "library" | "proxy";
  /** Whether the mirrors use TLS. */
  readonly tls: boolean;
  /** Whether the library uses connections of the process, which are kept, instead of ones of its own. */
  readonly shared: boolean;
  readonly mirrors: readonly ChaosMirror[];
  /** In order of time. */
  readonly events: readonly ChaosEvent[];
  /** One after the other; the library has one, of the whole file. */
  readonly reads: readonly ChaosRead[];
}

/** Everything happens before that, in milliseconds. */
const LAST_EVENT_MS = 1500;

/** Returns the schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  // Neighbouring seeds begin with numbers that are far from each other.
  const random = mulberry32(Math.imul(seed, 0x9e3779b1));
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low));
  const chance = (share: number) => random() < share;
  const size = between(300_000, 2_000_000);
  const by = seed % 4 === 0 ? "proxy" : "library";
  const count = between(2, 5);
  // A liar is outvoted only by two others.
  const liar = count > 2 && chance(1 / 3) ? between(0, count) : -1;
  const mirrors = Array.from({ length: count }, (_, index): ChaosMirror => ({
    bytesPerSecond: between(150_000, 1_000_000),
    redirects: chance(0.2),
    liesFrom: index !== liar ? Infinity : chance(0.5) ? 0 : between(1, size),
    // One that is open remains beside it.
    isClosed: index > 0 && index !== liar && chance(0.1),
  }));
  const tls = chance(0.2);
  const shared = !tls && chance(0.3);
  const fault = (): Fault => {
    const times = { count: between(1, 4) };
    const afterBytes = between(0, 100_000);
    const faults: readonly Fault[] = [
      { kind: "reset", afterBytes, ...times },
      { kind: "truncate", afterBytes, ...times },
      { kind: "stall", afterBytes, ...times },
      { kind: "stall", beforeHeaders: true, ...times },
      { kind: "status", status: 503, retryAfter: "0", ...times },
      { kind: "status", status: 429, ...times },
      { kind: "ignore-range", ...times },
      { kind: "slow-headers", delayMs: between(10, 800), ...times },
    ];
    return faults[between(0, faults.length)]!;
  };
  const action = (): ChaosAction => {
    const mirror = between(0, count);
    const kind = random();
    if (kind < 0.15) return { type: "go", mirror };
    if (kind < 0.35) return { type: "come back", mirror };
    if (kind < 0.5) {
      return { type: "rate", mirror, bytesPerSecond: chance(0.15) ? 0 : between(1e5, 4e6) };
    }
    if (kind < 0.6) return { type: "reset", mirror };
    if (kind < 0.85) return { type: "fault", mirror, fault: fault() };
    if (kind < 0.92) return { type: "pause", ms: between(20, 600) };
    if (kind < 0.96) return { type: "window", bytes: between(100_000, 1_000_000) };
    const bytesPerSecond = chance(0.3) ? undefined : between(400_000, 4_000_000);
    return { type: "max rate", bytesPerSecond };
  };
  const events = Array.from({ length: between(2, 13) }, (): ChaosEvent => ({
    atMs: between(0, LAST_EVENT_MS),
    action: action(),
  })).sort((one, other) => one.atMs - other.atMs);
  const read = (start: number): ChaosRead => ({
    start,
    leaveAfter: chance(0.25) ? between(1, size - start) : Infinity,
  });
  const starts = by === "library"
    ? [0]
    : Array.from({ length: between(1, 4) }, () => between(0, size - 1));
  return { seed, size, by, tls, shared, mirrors, events, reads: starts.map(read) };
}
