/**
 * Draws a figure as the contents of an SVG element: grid, axes, lines, and markers that tell mirrors
 * apart. 42 mirrors have different pairs of color and shape, so that neither has to be seen well.
 *
 * @module
 */

import { type Axis, axis } from "./axis.ts";
import type { Figure, FigureAxis, Line, Position, Series } from "./figures.ts";
import { escape, path, type Pixel, round, text } from "./svg.ts";

/** Colors of a figure, as values of SVG attributes. */
export interface Paint {
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  /** Colors of the mirrors, repeated if there are more mirrors. */
  readonly colors: readonly string[];
}

/** A rectangle in pixels. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Maximum number of markers with a tooltip each. */
const MAX_TOOLTIPS = 400;

/** Draws a figure with its plane in a box, and numbers and labels around it. */
export function drawFigure(figure: Figure, box: Box, paint: Paint): string {
  const x = axisOf(figure.x, box.left, box.right);
  const y = axisOf(figure.y, box.bottom, box.top);
  const pixel = ([across, up]: Position): Pixel => [x.at(across), y.at(up)];
  const below = figure.lines.filter(({ kind }) => kind !== "level");
  const above = figure.lines.filter(({ kind }) => kind === "level");
  return [
    ...scales(figure, x, y, box, paint),
    ...below.map((line) => drawLine(line, pixel, paint)),
    ...drawSeries(figure.series, pixel, paint),
    ...above.map((line) => drawLine(line, pixel, paint)),
    ...above.flatMap(({ label }) => label === undefined ? [] : levelLabel(label, box, paint)),
  ].join("\n");
}

function axisOf({ values, ...options }: FigureAxis, from: number, to: number): Axis {
  return axis(from, to, values, options);
}

function scales(figure: Figure, x: Axis, y: Axis, box: Box, paint: Paint): string[] {
  const { left, right, top, bottom } = box;
  const upright = x.ticks.map((tick) => `M${round(x.at(tick))} ${top}V${bottom}`);
  const level = y.ticks.map((tick) => `M${left} ${round(y.at(tick))}H${right}`);
  const faint = `fill="${paint.faint}"`;
  return [
    `<path stroke="${paint.grid}" fill="none" d="${[...upright, ...level].join("")}"/>`,
    ...x.ticks.map((tick) =>
      text(x.at(tick), bottom + 18, figure.x.format(tick), `text-anchor="middle" ${faint}`)
    ),
    ...y.ticks.map((tick) =>
      text(left - 8, y.at(tick) + 4.5, figure.y.format(tick), `text-anchor="end" ${faint}`)
    ),
    text((left + right) / 2, bottom + 37, figure.x.label, 'text-anchor="middle"'),
    text(left, top - 9, figure.y.label),
  ];
}

/** Draws the label of a level above the plane, with a sample of the line. */
function levelLabel(label: string, { right, top }: Box, paint: Paint): string[] {
  return [
    `<text x="${right}" y="${top - 9}" text-anchor="end">` +
    `<tspan fill="${paint.faint}" aria-hidden="true">···· </tspan>${escape(label)}</text>`,
  ];
}

function drawLine(line: Line, pixel: (position: Position) => Pixel, paint: Paint): string {
  const { kind, positions } = line;
  const pixels = (kind === "steps" ? stairs(positions) : positions).map(pixel);
  const stroke = {
    ideal: `stroke="${paint.ink}" stroke-width="1.3" stroke-dasharray="5 4"`,
    level: `stroke="${paint.ink}" stroke-width="1.3" stroke-dasharray="1.5 3"`,
    steps: `stroke="${paint.colors[0]}" stroke-width="1.7" stroke-linejoin="round"`,
  }[kind];
  return `<path fill="none" ${stroke} d="${path(pixels)}"/>`;
}

function drawSeries(
  series: readonly Series[],
  pixel: (position: Position) => Pixel,
  paint: Paint,
): string[] {
  const count = series.reduce((sum, { marks }) => sum + marks.length, 0);
  const radius = count <= 100 ? 3.4 : count <= 800 ? 2.4 : 1.7;
  return series.map(({ mirror, marks }) => {
    const attributes = markerAttributes(mirror, radius, paint);
    if (count > MAX_TOOLTIPS) {
      const pixels = marks.map(({ position }) => pixel(position));
      return `<path ${attributes} d="${markerPath(mirror, radius, pixels)}"/>`;
    }
    const drawn = marks.map(({ position, label }) => {
      const data = markerPath(mirror, radius, [pixel(position)]);
      return `<path d="${data}"><title>${escape(label)}</title></path>`;
    });
    return `<g ${attributes}>${drawn.join("\n")}</g>`;
  });
}

/** Adds the corners of steps: a value holds until the next one. */
function stairs(positions: readonly Position[]): Position[] {
  return positions.flatMap((position, index) => {
    const before = positions[index - 1];
    return before === undefined ? [position] : [[position[0], before[1]] as const, position];
  });
}

/** A kind of marker. */
interface Shape {
  readonly filled: boolean;
  /** Returns path data that draws it at the current point. */
  at(radius: number): string;
}

const SHAPES: readonly Shape[] = [
  // A line of length 0 with round ends is the shortest way to write a disc.
  { filled: false, at: () => "h0" },
  { filled: true, at: (r) => polygon([[0, -1.2], [1.2, 0.95], [-1.2, 0.95]], r) },
  { filled: true, at: (r) => polygon([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], r) },
  { filled: true, at: (r) => polygon([[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]], r) },
  { filled: true, at: (r) => polygon([[0, 1.2], [1.2, -0.95], [-1.2, -0.95]], r) },
  {
    filled: true,
    at: (r) =>
      polygon([
        ...[[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4]] as const,
        ...[[0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]] as const,
      ], r),
  },
];

export function markerAttributes(mirror: number, radius: number, { colors }: Paint): string {
  const color = colors[mirror % colors.length]!;
  return shapeOf(mirror).filled
    ? `fill="${color}"`
    : `fill="none" stroke="${color}" stroke-width="${round(2 * radius)}" stroke-linecap="round"`;
}

export function markerPath(mirror: number, radius: number, pixels: readonly Pixel[]): string {
  const marker = shapeOf(mirror).at(radius);
  return pixels.map(([x, y]) => `M${round(x)} ${round(y)}${marker}`).join("");
}

function shapeOf(mirror: number): Shape {
  return SHAPES[mirror % SHAPES.length]!;
}

/** Returns path data of a polygon around the current point; corners are in units of the radius. */
function polygon(corners: readonly Pixel[], radius: number): string {
  const steps = corners.map(([x, y], index) => {
    const [beforeX, beforeY] = corners[index - 1] ?? [0, 0];
    return `${round((x - beforeX) * radius)} ${round((y - beforeY) * radius)}`;
  });
  return `m${steps[0]}l${steps.slice(1).join(" ")}z`;
}
