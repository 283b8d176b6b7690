/**
 * What must hold for every algorithm on every network: after each event each byte has its place, and
 * in the end every byte has come once and in order.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";
import { IntervalSet } from "../../../lib/scheduler/interval_set.ts";
import type { Ledger } from "../../../lib/scheduler/ledger.ts";
import type { Scheduler } from "../../../lib/scheduler/scheduler.ts";
import { schedulerOptions } from "../scheduler/scheduler_options.ts";
import type { SimulatedMirror } from "./mirror.ts";
import { simulate, type Simulation, type SimulationOptions } from "./simulator.ts";

/**
 * Makes what {@linkcode SimulationOptions.inspect} is for: it holds against the scheduler whose each
 * byte is, how much is held, and how many requests each mirror has under way.
 */
export function inspector(
  windowSize: number,
  requestsPerMirror = 1,
): (scheduler: Scheduler) => void {
  return ({ ledger, requests, heldBytes }) => {
    if (heldBytes < 0 || heldBytes > windowSize) fail(`${heldBytes} of ${windowSize} bytes held`);
    if (!Number.isFinite(ledger.end)) return;
    const known = new IntervalSet();
    const live = new Map<string, number>();
    for (const { kind, position, claimEnd, mirror } of requests) {
      live.set(mirror.url, (live.get(mirror.url) ?? 0) + 1);
      // What it delivers beyond what it owns may be free, too.
      if (kind !== "probe") known.add(position, Math.min(claimEnd, ledger.end));
    }
    for (const [url, count] of live) {
      if (count > requestsPerMirror) fail(`${url} has ${count} requests under way`);
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
    for (const { start, end } of [...known.intervals, { start: ledger.end, end: ledger.end }]) {
      if (!ledger.hasReceived(from, start)) {
        fail(`${from}-${start} is neither received, free nor owned`);
      }
      from = end;
    }
  };
}

/** A request that has been quiet for longer than this may count as silent, in milliseconds. */
const SILENCE_MS = 60;

/**
 * How many bytes may come twice, the mirrors' first samples left aside. A byte does so only if it is
 * requested while another request may still deliver it, so that every such overlap is allowed for:
 *
 * - in full where the other request had fallen silent, or was duplicated on purpose: whatever was
 *   under way may come as well;
 * - where its range was stolen while it was sending, only as far as its link carries it while a new
 *   connection would be answered. More than that has to be cancelled.
 *
 * A request that fails delivers nothing any more, so that failures alone allow for nothing. Single
 * networks use all of this up. It is no limit on how often a range is stolen: the budget of
 * 256 KiB + 1 % of the file, which all thefts together are meant to keep, is looked at over many
 * networks, since some exceed it.
 */
export class WasteAllowance {
  #bytes = 0;
  readonly #links: readonly SimulatedMirror[];
  #ledger: Ledger | undefined;
  /** Up to where each request owned its bytes when it was last seen. */
  readonly #claimEnds = new Map<number, number>();
  /** Requests that lost bytes by a silence. */
  readonly #silent = new Set<number>();

  constructor(links: readonly SimulatedMirror[]) {
    this.#links = links;
  }

  /** What is allowed for so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in the state after an event. */
  observe({ ledger, mirrors, requests }: Scheduler, now: number): void {
    // What was discarded, because the mirrors agreed on another file, is wasted.
    if (ledger !== this.#ledger) this.#bytes += this.#ledger?.receivedBytes ?? 0;
    this.#ledger = ledger;
    const live = [...requests].filter(({ kind }) => kind === "range");
    for (const request of live) {
      const { id, claimEnd, answeredAt, activeAt, dueAt, mirror } = request;
      const before = this.#claimEnds.get(id);
      this.#claimEnds.set(id, claimEnd);
      const expectedAt = answeredAt === undefined ? Math.max(activeAt, dueAt) : activeAt;
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

/**
 * Runs a download, on a network with at least one healthy mirror, to its end with every invariant
 * held.
 *
 * @throws {Error} an invariant that does not hold, or the error with which the download failed
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
      allowance.observe(scheduler, now);
      options.inspect?.(scheduler, now);
    },
  });
  if (outcome.error !== undefined) throw outcome.error;
  const { events, scheduler, points, usedBytesByMirror, bytesByMirror, duplicateBytes } = outcome;
  assertEquals([scheduler.ledger.complete, events.at(-1)?.type], [true, "end"]);
  const wanted = Math.min(end, size) - start;
  assertEquals(points.at(-1)?.[1] ?? 0, wanted, "bytes were delivered");
  assertEquals(sum(usedBytesByMirror), wanted, "bytes came");
  const counted = scheduler.mirrors.map(({ bytes }) => bytes);
  assertEquals(counted, bytesByMirror, "bytes are counted for each mirror");
  assertEquals(outcome.wastedBytes, sum(bytesByMirror) - wanted, "bytes were wasted");
  if (duplicateBytes > allowance.bytes) {
    fail(`${duplicateBytes} bytes came twice, ${allowance.bytes} are allowed for`);
  }
  const blocks = events.flatMap((event) => event.type === "receive" ? [event.block] : []);
  const expected = Array.from({ length: Math.ceil(wanted / splitSize) }, (_, index) => index);
  assertEquals(blocks.toSorted((one, other) => one - other), expected, "blocks came");
  return outcome;
}

function fail(message: string): never {
  throw new AssertionError(message);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
