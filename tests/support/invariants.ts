/**
 * What must hold for every algorithm on every network: after each event each byte has its place, and
 * in the end every byte has come once and in order.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { IntervalSet } from "../../lib/engine/interval_set.ts";
import type { Scheduler } from "../../lib/engine/scheduler.ts";
import { schedulerOptions } from "./scheduler_options.ts";
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
    assert(heldBytes >= 0 && heldBytes <= windowSize, `${heldBytes} of ${windowSize} bytes held`);
    if (!Number.isFinite(ledger.end)) return;
    const known = new IntervalSet();
    const live = new Map<string, number>();
    for (const { kind, position, claimEnd, mirror } of requests) {
      live.set(mirror.url, (live.get(mirror.url) ?? 0) + 1);
      // What it brings beyond what it owns may be free, too.
      if (kind !== "probe") known.add(position, Math.min(claimEnd, ledger.end));
    }
    for (const [url, count] of live) {
      assert(count <= requestsPerMirror, `${url} has ${count} requests under way`);
    }
    for (let position = 0, units = ledger.freeUnits; position < units; position++) {
      const { start, end } = ledger.freeUnitAt(position)!;
      assertEquals(known.add(start, end), end - start, `${start}-${end} is free, but owned`);
      assertEquals(ledger.hasReceived(start, end), false, `${start}-${end} is free, but received`);
    }
    let from = ledger.start;
    for (const { start, end } of [...known.intervals, { start: ledger.end, end: ledger.end }]) {
      assert(ledger.hasReceived(from, start), `${from}-${start} is nobody's`);
      from = end;
    }
  };
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
  const outcome = simulate({ ...options, inspect });
  if (outcome.error !== undefined) throw outcome.error;
  const { events, scheduler, points, usedBytesByMirror, bytesByMirror } = outcome;
  assertEquals([scheduler.ledger.complete, events.at(-1)?.type], [true, "end"]);
  const wanted = Math.min(end, size) - start;
  assertEquals(points.at(-1)?.[1] ?? 0, wanted, "bytes were handed over");
  assertEquals(sum(usedBytesByMirror), wanted, "bytes came");
  const counted = scheduler.mirrors.map(({ bytes }) => bytes);
  assertEquals(counted, bytesByMirror, "bytes are counted for each mirror");
  assertEquals(outcome.wastedBytes, sum(bytesByMirror) - wanted, "bytes came in vain");
  const blocks = events.flatMap((event) => event.type === "receive" ? [event.block] : []);
  const expected = Array.from({ length: Math.ceil(wanted / splitSize) }, (_, index) => index);
  assertEquals(blocks.toSorted((one, other) => one - other), expected, "blocks came");
  return outcome;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
