/**
 * The thesis's figures of one download as data: when each block arrived, how many waited, how late each
 * was, and the delivered bytes, each against the ideal of blocks that come evenly. How they are drawn
 * is not known here (see drawing.ts).
 *
 * @module
 */

import { blockDelays, invalidBlocks, type Point, returnEvents } from "../../trace/analysis.ts";
import { type AxisOptions, byteUnit, plain } from "./axis.ts";
import type { ReceiveEvent } from "../../trace/events.ts";
import { mirrorsOf, receivesOf, type Recording, type TraceReport } from "./trace_report.ts";

/** A point of a figure, in the units of its axes. */
export type Position = readonly [x: number, y: number];

/** Where one block lies. */
export interface Mark {
  readonly position: Position;
  /** Says what it is. */
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
  /** `ideal` and `level` are there to be compared with; `steps` is what happened. */
  readonly kind: "ideal" | "level" | "steps";
  readonly positions: readonly Position[];
  /** What a level stands for. */
  readonly label?: string | undefined;
}

/** One axis of a figure. */
export interface FigureAxis extends AxisOptions {
  readonly label: string;
  /** What it has to reach. */
  readonly values: readonly number[];
  /** What stands beside a value. */
  format(value: number): string;
}

/** One figure. */
export interface Figure {
  /** Fit to be part of an id. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two on how to read it. */
  readonly caption: string;
  readonly x: FigureAxis;
  readonly y: FigureAxis;
  readonly lines: readonly Line[];
  readonly series: readonly Series[];
}

/** Marks of one mirror in a figure, and of all of them; what stands out is kept. */
const MOST_OF_ONE = 2000;
const MOST_OF_ALL = 6000;
const LEAST_OF_ONE = 150;

/** The four figures of a recording in which a block was received. */
export function figuresOf(
  recording: Recording,
  report: TraceReport,
  names: readonly string[],
): Figure[] {
  const receives = receivesOf(recording.events);
  const blocks = marksByMirror(recording, receives, names);
  return [
    arrivals(receives, blocks),
    invalid(receives, report),
    delays(blocks, report),
    delivered(receives, report),
  ];
}

/** A received block with what the figures need of it. */
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
      "When each block was complete, by the mirror that brought it. On the dashed line they " +
      "would have come in order and evenly.",
    x: blockAxis(receives),
    y: secondsAxis("seconds since the start", [seconds]),
    lines: [{ kind: "ideal", positions: [[0, 0], [end, seconds]] }],
    series: seriesOf(mirrors, ({ block, seconds }) => [block, seconds]),
  };
}

function invalid(receives: readonly ReceiveEvent[], { invalidBlocks: of }: TraceReport): Figure {
  const points = thin(invalidBlocks(receives), MOST_OF_ONE, ({ value }) => value);
  return {
    name: "invalid",
    title: "Invalid blocks over time",
    caption: "Received blocks that cannot be used yet, because one before them is missing.",
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
      "How much later than evenly each block came. The largest delay is the wait with which a " +
      "player at the mean rate never stalls: the initial buffering time.",
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
  const points = thin(frontBytes(receives, start), MOST_OF_ONE, ({ value }) => value);
  const seconds = receives.at(-1)!.atMs / 1000;
  const end = start + receivedBytes;
  const unit = byteUnit(end);
  return {
    name: "delivered",
    title: "Delivered bytes over time",
    caption:
      "How far the file was complete from its beginning on. On the dashed line it would have " +
      "grown evenly.",
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

/** How far the file is complete from its beginning on, whenever that changes. */
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
  const byMirror = Map.groupBy(receives, ({ mirror }) => mirror);
  const most = Math.min(
    MOST_OF_ONE,
    Math.max(LEAST_OF_ONE, Math.floor(MOST_OF_ALL / byMirror.size)),
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

/** The mirrors with many blocks come first, so that the others are drawn on top of them. */
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
 * At most `most` of the items (or 4), in their order. The first and the last one are kept, and of every
 * stretch the one with the least and the one with the greatest value: whatever stands out stays. What
 * is short enough is returned whole.
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
