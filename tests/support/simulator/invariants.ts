/**
 * Invariants of every algorithm on every network: after each event every byte is received, free, or
 * owned by a live request, and the download will go on by itself; at the end every byte has arrived once
 * and in order.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";
import { IntervalSet } from "../../../lib/scheduler/bytes/ledger.ts";
import type { Ledger } from "../../../lib/scheduler/bytes/ledger.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests/live_request.ts";
import type { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { schedulerOptions } from "../scheduler/scheduler_options.ts";
import type { SimulatedMirror } from "./mirror.ts";
import type { Simulation, SimulationOptions } from "./simulation.ts";
import { simulate } from "./simulator.ts";

/**
 * Returns a function for {@linkcode SimulationOptions.inspect} that asserts the ownership of every
 * byte, the window, and the number of live requests per mirror.
 */
export function inspector(
  windowSize: number,
  requestsPerMirror = 1,
): (scheduler: Scheduler) => void {
  const live = new Map<string, number>();
  return ({ ledger, requests, heldBytes }) => {
    if (heldBytes < 0 || heldBytes > windowSize) fail(`${heldBytes} of ${windowSize} bytes held`);
    if (!Number.isFinite(ledger.end)) return;
    const known = new IntervalSet();
    live.clear();
    for (const { kind, claimStart, claimEnd, mirror } of requests) {
      // Checks are the scheduler's, not the algorithm's.
      if (kind !== "check") live.set(mirror.url, (live.get(mirror.url) ?? 0) + 1);
      // What it delivers beyond what it owns may be free, too.
      if (kind === "range" || kind === "whole") {
        known.add(claimStart, Math.min(claimEnd, ledger.end));
      }
    }
    for (const [url, count] of live) {
      if (count > requestsPerMirror) fail(`${url} has ${count} live requests`);
    }
    for (const { start, end } of ledger.free) {
      if (known.overlaps(start, end)) {
        const owned = known.after(start)!;
        const [from, to] = [Math.max(start, owned.start), Math.min(end, owned.end)];
        fail(`${from}-${to} is free, but owned`);
      }
      const received = ledger.hasReceived(start, start + 1) || ledger.hasReceived(end - 1, end);
      if (received) fail(`some of ${start}-${end} is free, but received`);
      known.add(start, end);
    }
    let from = ledger.start;
    const received = (until: number) => {
      if (ledger.hasReceived(from, until)) return;
      fail(`${from}-${until} is neither received, free nor owned`);
    };
    for (const { start, end } of known.intervals) {
      received(start);
      from = end;
    }
    received(ledger.end);
  };
}

/** Once all has been received, the last comparisons do not let the download sleep for longer, in milliseconds. */
const LONGEST_SLEEP_MS = 10_000;

/**
 * Asserts that a download that runs will go on by itself: it has a deadline or another wake-up, or waits
 * for its consumer; and that it does not sleep for long once all bytes have been received.
 */
export function assertAwake(
  { ledger, heldBytes, mirrors, requests, wakeAt }: Scheduler,
  now: number,
): void {
  // It has just ended.
  const isOver = ledger.complete || mirrors.every(({ state }) => state.type === "dropped");
  if (isOver && [...requests].length === 0 && wakeAt === Infinity) return;
  if (wakeAt === Infinity && heldBytes === 0) fail("nothing will ever happen");
  if (ledger.complete && wakeAt > now + LONGEST_SLEEP_MS) {
    fail(`sleeps for ${Math.round(wakeAt - now)} ms, though all has been received`);
  }
}

/** A request without bytes for longer than this may count as silent, in milliseconds. */
const SILENCE_MS = 60;

/**
 * Upper bound of the bytes that may arrive twice, without the samples of the mirrors. A byte arrives
 * twice only if it is requested while another request still owes it, so every such overlap is allowed:
 *
 * - in full if the other request was silent or was duplicated on purpose: everything in flight may
 *   still arrive;
 * - if its range was stolen while it was sending, only what its link carries until a new connection
 *   would be answered. The rest has to be cancelled.
 *
 * A stream that is kept, since its mirror may refuse all else, may be read over what others have delivered:
 * that is allowed in full, but not once the mirror is proven.
 *
 * A failed request delivers nothing more, so failures allow nothing. Some networks use all of the
 * allowance. It does not limit how often ranges are stolen: the budget of 256 KiB + 1 % of the file
 * for all steals is checked over many networks, since some exceed it.
 */
export class WasteAllowance {
  #bytes = 0;
  readonly #links: readonly SimulatedMirror[];
  #ledger: Ledger | undefined;
  /** End of the bytes that each request owned when it was last observed. */
  readonly #claimEnds = new Map<number, number>();
  /** Requests that lost bytes because they were silent. */
  readonly #silent = new Set<number>();

  constructor(links: readonly SimulatedMirror[]) {
    this.#links = links;
  }

  /** The allowance so far, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Observes the state after an event. */
  observe({ ledger, mirrors, requests }: Scheduler, now: number): void {
    // What was discarded, because the mirrors agreed on another file, is wasted.
    if (ledger !== this.#ledger) this.#bytes += this.#ledger?.receivedBytes ?? 0;
    this.#ledger = ledger;
    const live: LiveRequest[] = [];
    let fresh = 0;
    for (const request of requests) {
      if (request.kind !== "range") continue;
      live.push(request);
      if (!this.#claimEnds.has(request.id)) fresh++;
    }
    for (const request of live) {
      const { id, claimEnd, mirror } = request;
      const before = this.#claimEnds.get(id);
      if (before === undefined) fresh--;
      else if (before === claimEnd && fresh === 0) continue;
      this.#claimEnds.set(id, claimEnd);
      const { answeredAt, activeAt, dueAt } = request;
      const expectedAt = answeredAt === undefined ? Math.max(activeAt, dueAt) : activeAt;
      if (before !== undefined && claimEnd > before && !mirror.trackRecord.isProven) {
        this.#bytes += receivedIn(ledger, before, claimEnd);
      }
      const lost = before !== undefined && claimEnd < before;
      if (lost && now - expectedAt > SILENCE_MS) this.#silent.add(id);
      const { bytesPerSecond, ratesAt = [] } = this.#links[mirrors.indexOf(mirror)]!;
      const rate = Math.max(bytesPerSecond, ...ratesAt.map(([, later]) => later)) / 1000;
      // A chunk may reach beyond what is cancelled, too.
      const soon = rate * ((mirror.answerMs ?? 0) + 1) + 1460;
      for (const later of live) {
        if (later.id <= id || this.#claimEnds.has(later.id)) continue;
        const start = Math.max(later.start, request.position);
        const overlap = Math.max(0, Math.min(later.end, request.end) - start);
        const stolen = claimEnd <= start && !this.#silent.has(id);
        this.#bytes += stolen ? Math.min(overlap, soon) : overlap;
      }
    }
  }
}

/** Returns how many bytes from `start` to `end` have been received. */
function receivedIn(ledger: Ledger, start: number, end: number): number {
  const missing = new IntervalSet({ start, end });
  return ledger.received.reduce((sum, one) => sum + missing.delete(one.start, one.end), 0);
}

/**
 * Runs a download on a network with at least one healthy mirror, and asserts every invariant.
 *
 * @throws {Error} if an invariant does not hold, or the download fails
 */
export function simulateStrictly(options: SimulationOptions, requestsPerMirror = 1): Simulation {
  const { size } = options;
  const { start, end = size, splitSize, windowSize } = schedulerOptions([], options);
  const inspect = inspector(windowSize, requestsPerMirror);
  const allowance = new WasteAllowance(options.links);
  const outcome = simulate({
    ...options,
    inspect: (scheduler, now) => {
      inspect(scheduler);
      assertAwake(scheduler, now);
      allowance.observe(scheduler, now);
      options.inspect?.(scheduler, now);
    },
  });
  if (outcome.error !== undefined) throw outcome.error;
  const { events, scheduler, points, usedBytesByMirror, bytesByMirror, duplicateBytes } = outcome;
  assertEquals([scheduler.ledger.complete, events.at(-1)?.type], [true, "end"]);
  const wanted = Math.min(end, size) - start;
  assertEquals(points.at(-1)?.[1] ?? 0, wanted, "bytes were delivered");
  assertEquals(sum(usedBytesByMirror), wanted, "used bytes");
  const counted = scheduler.mirrors.map(({ bytes }) => bytes);
  assertEquals(counted, bytesByMirror, "bytes counted for each mirror");
  assertEquals(outcome.wastedBytes, sum(bytesByMirror) - wanted, "bytes were wasted");
  if (duplicateBytes > allowance.bytes) {
    fail(`${duplicateBytes} bytes arrived twice, ${allowance.bytes} are allowed`);
  }
  const blocks = events.flatMap((event) => event.type === "receive" ? [event.block] : []);
  const expected = Array.from({ length: Math.ceil(wanted / splitSize) }, (_, index) => index);
  assertEquals(blocks.toSorted((one, other) => one - other), expected, "received blocks");
  return outcome;
}

function fail(message: string): never {
  throw new AssertionError(message);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
