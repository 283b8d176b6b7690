/**
 * The thesis's figures of one download as data: arrival time and delay of each block, invalid blocks
 * and delivered bytes over time, compared with the ideal of evenly received blocks. drawing.ts draws
 * them.
 *
 * @module
 */

import {
  blockDelays,
  invalidBlocks,
  type Point,
  receiveEvents,
  returnEvents,
} from "../../trace/analysis.ts";
import { type AxisOptions, byteUnit, plain } from "./axis.ts";
import type { ReceiveEvent } from "../../trace/events.ts";
import { mirrorsOf, type Recording, type TraceReport } from "./trace_report.ts";
import { groupBy } from "../../stand_ins.ts";

/** A point of a figure, in the units of its axes. */
export type Position = readonly [x: number, y: number];

/** One block in a figure. */
export interface Mark {
  readonly position: Position;
  /** Text of its tooltip. */
  readonly label: string;
}

/** The blocks of one mirror. */
export interface Series {
  /** Index of the mirror. */
  readonly mirror: number;
  readonly marks: readonly Mark[];
}

/** A line through a figure. */
export interface Line {
  /** `ideal` and `level` are references; `steps` is the measured value. */
  readonly kind: "ideal" | "level" | "steps";
  readonly positions: readonly Position[];
  readonly label?: string | undefined;
}

export interface FigureAxis extends AxisOptions {
  readonly label: string;
  /** Values that it includes. */
  readonly values: readonly number[];
  format(value: number): string;
}

export interface Figure {
  /** Name that can be part of an id. */
  readonly name: string;
  readonly title: string;
  /** How to read it. */
  readonly caption: string;
  readonly x: FigureAxis;
  readonly y: FigureAxis;
  readonly lines: readonly Line[];
  readonly series: readonly Series[];
}

/** Limits for the marks of one mirror, and of all together. */
const MAX_MARKS_PER_MIRROR = 2000;
const MAX_MARKS = 6000;
const MIN_MARKS_PER_MIRROR = 150;

/** Returns the four figures of a recording with at least one received block. */
export function figuresOf(
  recording: Recording,
  report: TraceReport,
  names: readonly string[],
): Figure[] {
  const receives = receiveEvents(recording.events);
  const blocks = marksByMirror(recording, receives, names);
  return [
    arrivals(receives, blocks),
    invalid(receives, report),
    delays(blocks, report),
    delivered(receives, report),
  ];
}

interface Block {
  readonly block: number;
  readonly seconds: number;
  readonly delay: number;
  readonly label: string;
}

interface MirrorBlocks {
  readonly mirror: number;
  readonly blocks: readonly Block[];
}

function arrivals(receives: readonly ReceiveEvent[], mirrors: readonly MirrorBlocks[]): Figure {
  const end = receives.length;
  const seconds = receives.at(-1)!.atMs / 1000;
  return {
    name: "arrival",
    title: "Arrival time by block",
    caption:
      "When each block was complete, by the mirror that delivered it. On the dashed line, blocks " +
      "would arrive in order and evenly.",
    x: blockAxis(receives),
    y: secondsAxis("seconds since the start", [seconds]),
    lines: [{ kind: "ideal", positions: [[0, 0], [end, seconds]] }],
    series: seriesOf(mirrors, ({ block, seconds }) => [block, seconds]),
  };
}

function invalid(receives: readonly ReceiveEvent[], { invalidBlocks: of }: TraceReport): Figure {
  const points = thin(invalidBlocks(receives), MAX_MARKS_PER_MIRROR, ({ value }) => value);
  return {
    name: "invalid",
    title: "Invalid blocks over time",
    caption: "Received blocks that cannot be used yet because one before them is missing.",
    x: secondsAxis("seconds since the start", [points.at(-1)!.atMs / 1000]),
    y: {
      label: "invalid blocks",
      values: [1, of.maximum * 1.1],
      whole: true,
      format: plain,
    },
    lines: [
      { kind: "steps", positions: positionsOf([{ atMs: 0, value: 0 }, ...points]) },
      {
        kind: "level",
        positions: [[0, of.mean], [points.at(-1)!.atMs / 1000, of.mean]],
        label: `mean ${of.mean.toFixed(2)}`,
      },
    ],
    series: [],
  };
}

function delays(mirrors: readonly MirrorBlocks[], report: TraceReport): Figure {
  const blocks = mirrors.flatMap(({ blocks }) => blocks);
  const last = greatest(blocks.map(({ block }) => block));
  const most = report.initialBufferingMs / 1000;
  const least = -greatest(blocks.map(({ delay }) => -delay));
  const room = 0.05 * (most - Math.min(0, least));
  return {
    name: "delay",
    title: "Delay by block",
    caption:
      "How much later each block arrived than if all had arrived evenly. The largest delay is the " +
      "initial buffering time: the wait after which a player at the mean rate never stalls.",
    x: blockAxis(blocks),
    y: secondsAxis("seconds behind the ideal", [least - room, most + room]),
    lines: [
      { kind: "ideal", positions: [[0, 0], [last + 1, 0]] },
      {
        kind: "level",
        positions: [[0, most], [last + 1, most]],
        label: `initial buffering ${most.toFixed(2)} s`,
      },
    ],
    series: seriesOf(mirrors, ({ block, delay }) => [block, delay]),
  };
}

function delivered(receives: readonly ReceiveEvent[], report: TraceReport): Figure {
  const { start, receivedBytes } = report;
  const points = thin(frontBytes(receives, start), MAX_MARKS_PER_MIRROR, ({ value }) => value);
  const seconds = receives.at(-1)!.atMs / 1000;
  const end = start + receivedBytes;
  const unit = byteUnit(end);
  return {
    name: "delivered",
    title: "Delivered bytes over time",
    caption:
      "How much of the file was complete from its beginning. On the dashed line, it would grow " +
      "evenly.",
    x: secondsAxis("seconds since the start", [seconds]),
    y: {
      label: `${unit.name} delivered in order`,
      values: [end],
      least: start,
      format: (value) => plain(value / unit.bytes),
    },
    lines: [
      { kind: "ideal", positions: [[0, start], [seconds, end]] },
      { kind: "steps", positions: positionsOf([{ atMs: 0, value: start }, ...points]) },
    ],
    series: [],
  };
}

/** Returns the end of the bytes that are complete from the beginning, whenever it changes. */
export function frontBytes(receives: readonly ReceiveEvent[], start: number): Point[] {
  const bytesByBlock = new Map(receives.map(({ block, bytes }) => [block, bytes]));
  let front = 0;
  let value = start;
  return returnEvents(receives).map(({ atMs, value: blocks }) => {
    for (const behind = front + blocks; front < behind; front++) value += bytesByBlock.get(front)!;
    return { atMs, value };
  });
}

function marksByMirror(
  recording: Recording,
  receives: readonly ReceiveEvent[],
  names: readonly string[],
): MirrorBlocks[] {
  const delays = new Map(
    blockDelays(receives).map(({ block, delayMs }) => [block, delayMs / 1000]),
  );
  const byMirror = groupBy(receives, ({ mirror }) => mirror);
  const most = Math.min(
    MAX_MARKS_PER_MIRROR,
    Math.max(MIN_MARKS_PER_MIRROR, Math.floor(MAX_MARKS / byMirror.size)),
  );
  return mirrorsOf(recording).flatMap((url, mirror) => {
    const received = byMirror.get(url) ?? [];
    if (received.length === 0) return [];
    const kept = thin(received, most, ({ block }) => delays.get(block)!);
    const blocks = kept.map(({ block, atMs }) => ({
      block,
      seconds: atMs / 1000,
      delay: delays.get(block)!,
      label: `block ${block}, ${(atMs / 1000).toFixed(3)} s, ${names[mirror]}`,
    }));
    return [{ mirror, blocks }];
  });
}

/** Returns the series, the largest first, so that smaller ones are drawn on top. */
function seriesOf(
  mirrors: readonly MirrorBlocks[],
  position: (block: Block) => Position,
): Series[] {
  return mirrors
    .map(({ mirror, blocks }) => ({
      mirror,
      marks: blocks.map((block) => ({ position: position(block), label: block.label })),
    }))
    .sort((one, other) => other.marks.length - one.marks.length);
}

function positionsOf(points: readonly Point[]): Position[] {
  return points.map(({ atMs, value }) => [atMs / 1000, value]);
}

function blockAxis(blocks: readonly { readonly block: number }[]): FigureAxis {
  const last = greatest(blocks.map(({ block }) => block));
  return { label: "block", values: [last + 1], whole: true, format: plain };
}

function secondsAxis(label: string, values: readonly number[]): FigureAxis {
  return { label, values, format: plain };
}

function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

/**
 * Returns at most `most` of the items (but up to 4), in order: the first, the last, and of every
 * stretch those with the least and the greatest value, so that outliers stay.
 */
export function thin<Item>(
  items: readonly Item[],
  most: number,
  value: (item: Item) => number,
): readonly Item[] {
  if (items.length <= most) return items;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept = new Set([0, items.length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const begin = Math.floor(stretch * items.length / stretches);
    const end = Math.floor((stretch + 1) * items.length / stretches);
    let [least, greatest] = [begin, begin];
    for (let index = begin + 1; index < end; index++) {
      if (value(items[index]!) < value(items[least]!)) least = index;
      if (value(items[index]!) > value(items[greatest]!)) greatest = index;
    }
    kept.add(least).add(greatest);
  }
  return items.filter((_, index) => kept.has(index));
}
