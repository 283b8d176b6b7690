/**
 * The measures by which the thesis compares algorithms, as pure functions of a recorded trace.
 * Blocks count from 0, times are in milliseconds since the download's start.
 * Source: the sphttp thesis (Hiroshima City University, 2018).
 *
 * @module
 */

import { groupBy } from "../stand_ins.ts";
import type { ReceiveEvent, SendEvent, TraceEvent } from "./events.ts";

/** A value at a point in time. */
export interface Point {
  /** Milliseconds since the start of the download. */
  atMs: number;
  /** The value. */
  value: number;
}

/** A summary of values. */
export interface Distribution {
  /** Their mean; 0 for none. */
  mean: number;
  /** Their median; 0 for none. */
  median: number;
  /** Their standard deviation; 0 for none. */
  standardDeviation: number;
  /** The largest of them; 0 for none. */
  maximum: number;
}

/** All measures of the thesis for one download. */
export interface Analysis {
  /** Blocks received. */
  blocks: number;
  /** Milliseconds until the last block was received. */
  lastBlockMs: number;
  /** Bytes per second over the whole download, each byte counted once. */
  goodputBytesPerSecond: number;
  /** Milliseconds between blocks if they came evenly. */
  idealIntervalMs: number;
  /** Received blocks that wait for a block before them, counted at each receive event. */
  invalidBlocks: Distribution;
  /** Blocks that could be delivered at once, for each return event. */
  returnedAtOnce: Distribution;
  /** Milliseconds of waiting at the start with which a player at the mean rate never stalls. */
  initialBufferingMs: number;
  /** Mean of the delays above zero, in milliseconds. */
  meanPositiveDelayMs: number;
  /** Milliseconds between blocks that came from one mirror, by its URL. */
  arrivalIntervalsMs: Record<string, Distribution>;
  /** Milliseconds between return events. */
  returnIntervalsMs: Distribution;
  /** Duplicate requests that were sent. */
  duplicateRequests: number;
}

/** Returns all measures of a trace. */
export function analyze(events: readonly TraceEvent[]): Analysis {
  const receives = receiveEvents(events);
  const delays = blockDelays(receives).map(({ delayMs }) => delayMs);
  const positive = delays.filter((delay) => delay > 0);
  const returns = returnEvents(receives);
  return {
    blocks: receives.length,
    lastBlockMs: receives.at(-1)?.atMs ?? 0,
    goodputBytesPerSecond: goodput(receives),
    idealIntervalMs: idealInterval(receives),
    invalidBlocks: distribution(invalidBlocks(receives).map(({ value }) => value)),
    returnedAtOnce: distribution(returns.map(({ value }) => value)),
    initialBufferingMs: positive.reduce((most, delay) => Math.max(most, delay), 0),
    meanPositiveDelayMs: mean(positive),
    arrivalIntervalsMs: arrivalIntervals(receives),
    returnIntervalsMs: distribution(intervals(returns.map(({ atMs }) => atMs))),
    duplicateRequests: duplicateRequests(events),
  };
}

/** Returns the bytes per second until the last block was received, each byte counted once. */
export function goodput(events: readonly TraceEvent[]): number {
  const receives = receiveEvents(events);
  const seconds = (receives.at(-1)?.atMs ?? 0) / 1000;
  return seconds === 0 ? 0 : receives.reduce((sum, { bytes }) => sum + bytes, 0) / seconds;
}

/** Returns how many received blocks wait for a block before them, after each receive event. */
export function invalidBlocks(events: readonly TraceEvent[]): Point[] {
  let received = 0;
  let valid = 0;
  return walkFront(events, (event, returned) => {
    received++;
    valid += returned;
    return { atMs: event.atMs, value: received - valid };
  });
}

/** Returns how many blocks could be delivered at once, at each event after which any could. */
export function returnEvents(events: readonly TraceEvent[]): Point[] {
  const all = walkFront(events, ({ atMs }, value) => ({ atMs, value }));
  return all.filter(({ value }) => value > 0);
}

/** Returns the milliseconds between blocks if they came evenly: the last one's time by their number. */
export function idealInterval(events: readonly TraceEvent[]): number {
  const receives = receiveEvents(events);
  return receives.length === 0 ? 0 : receives.at(-1)!.atMs / receives.length;
}

/** Returns how much later than evenly each block came: `t_i - ideal * i`, by block. */
export function blockDelays(events: readonly TraceEvent[]): { block: number; delayMs: number }[] {
  const interval = idealInterval(events);
  return receiveEvents(events)
    .map(({ block, atMs }) => ({ block, delayMs: atMs - interval * block }))
    .sort((one, other) => one.block - other.block);
}

/** Returns the milliseconds between the blocks of each mirror, by its URL. */
export function arrivalIntervals(events: readonly TraceEvent[]): Record<string, Distribution> {
  const byMirror = groupBy(receiveEvents(events), ({ mirror }) => mirror);
  return Object.fromEntries(
    [...byMirror].map(([mirror, receives]) => [
      mirror,
      distribution(intervals(receives.map(({ atMs }) => atMs))),
    ]),
  );
}

/** Returns how many requests were sent for blocks that were requested from another mirror before. */
export function duplicateRequests(events: readonly TraceEvent[]): number {
  const duplicates = events.filter((event): event is SendEvent =>
    event.type === "send" && event.duplicate
  );
  return new Set(duplicates.map(({ request }) => request)).size;
}

/** Returns a summary of values. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const average = mean(sorted);
  return {
    mean: average,
    median: mean(sorted.slice(Math.ceil(middle - 1), Math.floor(middle + 1))),
    standardDeviation: Math.sqrt(mean(sorted.map((value) => (value - average) ** 2))),
    maximum: sorted.at(-1) ?? 0,
  };
}

/** Returns the `receive` events. */
export function receiveEvents(events: readonly TraceEvent[]): ReceiveEvent[] {
  return events.filter((event) => event.type === "receive");
}

/** Calls `visit` with each receive event and the number of blocks by which it moved the front. */
function walkFront<Result>(
  events: readonly TraceEvent[],
  visit: (event: ReceiveEvent, returned: number) => Result,
): Result[] {
  const waiting = new Set<number>();
  let front = 0;
  return receiveEvents(events).map((event) => {
    waiting.add(event.block);
    const before = front;
    while (waiting.delete(front)) front++;
    return visit(event, front - before);
  });
}

function intervals(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - times[index]!);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
