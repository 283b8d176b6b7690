/**
 * A recording that is small enough to be measured by hand.
 *
 * @module
 */

import type { ReceiveEvent, SendEvent, TraceEvent } from "../../lib/trace/events.ts";
import type { Recording } from "../../lib/cli/plot/trace_report.ts";

/** A mirror that brings four blocks. */
export const FAST = "http://fast.test/pub/file.bin";
/** A mirror that brings one block, late. */
export const SLOW = "http://slow.test/pub/file.bin";
/** A mirror that is never asked. */
export const IDLE = "http://idle.test/pub/file.bin";

/** A request for one block, at a time in seconds. */
export function send(
  seconds: number,
  block: number,
  mirror: string,
  request: number,
  duplicate = false,
): SendEvent {
  const start = block * 1e6;
  return {
    type: "send",
    atMs: 1000 * seconds,
    block,
    mirror,
    request,
    start,
    end: start + 1e6,
    duplicate,
  };
}

/** A block of a megabyte, received at a time in seconds. */
export function receive(seconds: number, block: number, mirror: string): ReceiveEvent {
  return { type: "receive", atMs: 1000 * seconds, block, bytes: 1e6, mirror };
}

/**
 * Five blocks in five seconds, so one each second would be ideal. Block 1 comes last but one and
 * lets blocks 1 to 3 go at once; request 3 asks for two neighbours a second time.
 */
export const EVENTS: readonly TraceEvent[] = [
  { type: "open", atMs: 0, size: 5e6, mode: "ranges" },
  send(0, 0, FAST, 0),
  send(0, 1, SLOW, 1),
  receive(0.5, 0, FAST),
  send(0.5, 2, FAST, 2),
  receive(1, 2, FAST),
  send(1, 3, FAST, 3, true),
  send(1, 4, FAST, 3, true),
  { type: "failure", atMs: 1500, mirror: SLOW, message: "it broke", retryInMs: 100 },
  receive(2, 3, FAST),
  receive(4, 1, SLOW),
  receive(5, 4, FAST),
  { type: "end", atMs: 5250, outcome: "complete" },
];

/** The whole recording, or one that differs in a part. */
export function recording(parts: Partial<Recording> = {}): Recording {
  return {
    sphttp: "1.2.3",
    urls: [FAST, SLOW, IDLE],
    splitSize: 1e6,
    start: 0,
    options: { delayRequest: "diff" },
    events: EVENTS,
    torn: false,
    ...parts,
  };
}

/** A recording as the lines of a file. */
export function lines({ sphttp, urls, splitSize, start, options, events }: Recording): string {
  const head = { type: "start", version: 1, sphttp, urls, splitSize, start, options };
  return [head, ...events].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** A recording of many blocks of one mirror, each in its turn except a few that stand out. */
export function longRecording(
  blocks: number,
  outliers: ReadonlyMap<number, number>,
  mirrors = 1,
): Recording {
  const urls = Array.from({ length: mirrors }, (_, index) => `http://m${index}.test/file.bin`);
  const events = Array.from(
    { length: blocks },
    (_, block) => receive(outliers.get(block) ?? (block + 1) / 100, block, urls[block % mirrors]!),
  )
    .sort((one, other) => one.atMs - other.atMs);
  return recording({ urls, events });
}
