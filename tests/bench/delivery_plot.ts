/**
 * Draws downloads of one file as SVG: bytes over time against the limit of the links, and below it
 * the seconds that each download is behind the limit, where curves that coincide above differ. Pure.
 * The colors can be told apart with color blindness (Okabe and Ito, 2008).
 *
 * @module
 */

import type { Point } from "./arrival_log.ts";
import { type Axis, axis, byteUnit, plain } from "../../lib/cli/plot/axis.ts";
import { COLORS, escape, path, type Pixel, round, text } from "../../lib/cli/plot/svg.ts";

/** One download. */
export interface DeliveryCurve {
  /** Its name in the legend. */
  name: string;
  /** Bytes delivered over time, both increasing. */
  points: readonly Point[];
}

/** Options of {@linkcode plotDelivery}. */
export interface DeliveryPlotOptions {
  /** The line above the picture. */
  title: string;
  /** A smaller line below the title. */
  subtitle?: string;
  /** Corners of the line of the links' limit, from 0 to the whole file. */
  limit: readonly Point[];
}

const WIDTH = 1000;
const HEIGHT = 724;
const LEFT = 60;
const RIGHT = 764;
const LEGEND = 786;
const UPPER = { top: 96, bottom: 336 } as const;
const LOWER = { top: 384, bottom: 668 } as const;
const LINE_HEIGHT = 20;

const INK = "#1f2328";
const FAINT = "#59636e";
const GRID = "#dfe3e8";
/** Later curves are dashed, so that one does not hide another. */
const DASHES = ["", "", "", "", "", "7 4", "2 3"];
const LIMIT_STROKE = `stroke="${INK}" stroke-dasharray="5 3"`;
/** Arrivals closer together than this are drawn as a flow. */
const FLOW_SECONDS = 0.01;

/** A curve and its style. */
interface Drawn extends DeliveryCurve {
  readonly stroke: string;
  readonly end: Point;
  /** Seconds behind the limit, over time. */
  readonly lag: readonly Point[];
  /** Seconds behind the limit at its end. */
  readonly behind: number;
}

/**
 * Draws downloads of one file; returns the text of an SVG file.
 *
 * @example
 * ```ts
 * import { plotDelivery } from "./delivery_plot.ts";
 *
 * const limit = [{ seconds: 0, value: 0 }, { seconds: 0.1, value: 0 }, { seconds: 2, value: 9e6 }];
 * const points = [{ seconds: 0.3, value: 1e6 }, { seconds: 2.4, value: 9e6 }];
 * const svg = plotDelivery([{ name: "diff", points }], { title: "9 MB, two mirrors", limit });
 * console.assert(svg.startsWith("<svg "));
 * ```
 */
export function plotDelivery(
  curves: readonly DeliveryCurve[],
  options: DeliveryPlotOptions,
): string {
  const { title, subtitle = "", limit } = options;
  const drawn = curves.filter(({ points }) => points.length > 0)
    .map((curve, index) => dress(curve, index, limit));
  const limitEnd = limit.at(-1) ?? { seconds: 0, value: 0 };
  const ends = [limitEnd, ...drawn.map(({ end }) => end)];
  const x = axis(LEFT, RIGHT, ends.map(({ seconds }) => seconds));
  const bytes = axis(UPPER.bottom, UPPER.top, ends.map(({ value }) => value));
  const behind = axis(
    LOWER.bottom,
    LOWER.top,
    drawn.flatMap(({ lag }) => lag.map(({ value }) => value)),
  );
  const unit = byteUnit(bytes.most);
  const line = (stroke: string, points: readonly Point[], y: Axis) => {
    const pixels = points.map(({ seconds, value }): Pixel => [x.at(seconds), y.at(value)]);
    return `<path ${stroke} d="${path(pixels)}"/>`;
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, ` +
    `sans-serif" font-size="13" fill="${INK}">`,
    `<title>${escape(`${title}: ${legendText(drawn, limitEnd)}`)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>`,
    text(LEFT, 34, title, 'font-size="17" font-weight="600"'),
    text(LEFT, 57, subtitle, `fill="${FAINT}"`),
    ...grid(x, bytes, UPPER, (value) => plain(value / unit.bytes)),
    ...grid(x, behind, LOWER, plain),
    ...x.ticks.map((tick) =>
      text(x.at(tick), LOWER.bottom + 18, plain(tick), `text-anchor="middle" fill="${FAINT}"`)
    ),
    text((LEFT + RIGHT) / 2, LOWER.bottom + 38, "seconds since the start", 'text-anchor="middle"'),
    text(LEFT, UPPER.top - 10, `${unit.name} delivered in order`, 'font-weight="600"'),
    text(LEFT, LOWER.top - 10, "seconds behind the links' limit", 'font-weight="600"'),
    `<g fill="none" stroke-linejoin="round" stroke-width="1.7">`,
    ...drawn.map(({ points, stroke }) => line(stroke, stairs(points), bytes)),
    line(LIMIT_STROKE, limit, bytes),
    ...drawn.map(({ lag, stroke }) => line(stroke, lag, behind)),
    `</g>`,
    ...drawn.flatMap((curve) => [
      dot(x.at(curve.end.seconds), bytes.at(curve.end.value), curve.stroke),
      dot(x.at(curve.end.seconds), behind.at(curve.behind), curve.stroke),
    ]),
    ...legend(drawn, limitEnd),
    ...lagLegend(drawn, behind),
    "</svg>\n",
  ].join("\n");
}

/** Returns how many seconds earlier the limit had delivered as much, before and after each arrival. */
function lagOf(points: readonly Point[], limit: readonly Point[]): Point[] {
  const begin = { seconds: timeOfNext(limit, 0), value: 0 };
  const lags = stairs(points).map(({ seconds, value }) => {
    return { seconds, value: Math.max(0, seconds - timeOfNext(limit, value)) };
  });
  return [begin, ...lags.filter(({ seconds }) => seconds > begin.seconds)];
}

/** Returns when the limit delivers the byte at this offset. */
function timeOfNext(limit: readonly Point[], offset: number): number {
  const index = limit.findIndex(({ value }) => value > offset);
  const after = limit[index];
  if (after === undefined) return limit.at(-1)?.seconds ?? 0;
  const before = limit[index - 1] ?? { seconds: 0, value: 0 };
  const part = (offset - before.value) / (after.value - before.value);
  return before.seconds + part * (after.seconds - before.seconds);
}

/** Draws a stall as a level line with a step, not as a slope. */
function stairs(points: readonly Point[]): Point[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1] ?? { seconds: 0, value: 0 };
    if (point.seconds - before.seconds < FLOW_SECONDS) return [point];
    return [{ seconds: point.seconds, value: before.value }, point];
  });
}

function dress(curve: DeliveryCurve, index: number, limit: readonly Point[]): Drawn {
  const dashes = DASHES[index % DASHES.length];
  const color = COLORS[index % COLORS.length];
  const stroke = `stroke="${color}"` + (dashes ? ` stroke-dasharray="${dashes}"` : "");
  const lag = lagOf(curve.points, limit);
  return { ...curve, stroke, end: curve.points.at(-1)!, lag, behind: lag.at(-1)!.value };
}

function grid(
  x: Axis,
  y: Axis,
  { top, bottom }: { readonly top: number; readonly bottom: number },
  format: (value: number) => string,
): string[] {
  const upright = x.ticks.map((tick) => `M${round(x.at(tick))} ${top}V${bottom}`);
  const level = y.ticks.map((tick) => `M${LEFT} ${round(y.at(tick))}H${RIGHT}`);
  return [
    `<path stroke="${GRID}" fill="none" d="${[...upright, ...level].join("")}"/>`,
    ...y.ticks.map((tick) =>
      text(LEFT - 8, y.at(tick) + 4.5, format(tick), `text-anchor="end" fill="${FAINT}"`)
    ),
  ];
}

/** The legend of the upper panel: the limit, then the curves in order of their ends. */
function legend(drawn: readonly Drawn[], limitEnd: Point): string[] {
  const limit = { name: "the links' limit", stroke: LIMIT_STROKE, end: limitEnd };
  return [limit, ...byEnd(drawn)].flatMap(({ name, stroke, end }, index) =>
    legendLine(UPPER.top + 6 + index * LINE_HEIGHT, { name, stroke, value: seconds(end) })
  );
}

/** The legend of the lower panel: each curve near its end, without overlap. */
function lagLegend(drawn: readonly Drawn[], axis: Axis): string[] {
  const lines = drawn.map(({ name, stroke, behind }) => {
    return { name, stroke, value: `+${behind.toFixed(2)} s`, y: axis.at(behind) };
  }).sort((one, other) => one.y - other.y);
  // Each line is pushed down by the one above it, then all are pushed up from the bottom.
  let free = -Infinity;
  for (const line of lines) free = LINE_HEIGHT + (line.y = Math.max(line.y, free));
  free = LOWER.bottom;
  for (const line of lines.toReversed()) free = (line.y = Math.min(line.y, free)) - LINE_HEIGHT;
  return lines.flatMap((line) => legendLine(line.y, line));
}

function legendLine(y: number, line: { name: string; stroke: string; value: string }): string[] {
  return [
    `<path stroke-width="2.5" ${line.stroke} d="M${LEGEND} ${round(y)}h22"/>`,
    text(LEGEND + 29, y + 4.5, line.name),
    text(WIDTH - 18, y + 4.5, line.value, `text-anchor="end" fill="${FAINT}"`),
  ];
}

function legendText(drawn: readonly Drawn[], limitEnd: Point): string {
  const ends = byEnd(drawn).map(({ name, end }) => `${name} ${seconds(end)}`);
  return [`links' limit ${seconds(limitEnd)}`, ...ends].join(", ");
}

function byEnd(drawn: readonly Drawn[]): Drawn[] {
  return [...drawn].sort((one, other) => one.end.seconds - other.end.seconds);
}

function seconds(point: Point): string {
  return `${point.seconds.toFixed(2)} s`;
}

function dot(x: number, y: number, stroke: string): string {
  const color = /"(#\w+)"/.exec(stroke)![1];
  return `<circle cx="${round(x)}" cy="${round(y)}" r="3.2" fill="${color}"/>`;
}
