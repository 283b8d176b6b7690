/**
 * The markers by which mirrors are told apart: every one of 42 has another pair of a colour and a shape,
 * so that neither has to be seen well.
 *
 * @module
 */

import { type Pixel, round } from "./svg.ts";

/** The colours of a picture, as values of SVG attributes. */
export interface Paint {
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  /** For mirrors, repeated where there are more of them. */
  readonly colours: readonly string[];
}

/** How a marker is drawn at the current point of a path, and whether it is filled. */
interface Shape {
  readonly filled: boolean;
  at(radius: number): string;
}

const SHAPES: readonly Shape[] = [
  // A line of no length with round ends is a disc, and the shortest one to write.
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

/** The attributes of a path that consists of markers of one mirror. */
export function markerAttributes(mirror: number, radius: number, { colours }: Paint): string {
  const colour = colours[mirror % colours.length]!;
  return shapeOf(mirror).filled
    ? `fill="${colour}"`
    : `fill="none" stroke="${colour}" stroke-width="${round(2 * radius)}" stroke-linecap="round"`;
}

/** The data of a path that draws the marker of a mirror at these places. */
export function markerPath(mirror: number, radius: number, pixels: readonly Pixel[]): string {
  const marker = shapeOf(mirror).at(radius);
  return pixels.map(([x, y]) => `M${round(x)} ${round(y)}${marker}`).join("");
}

function shapeOf(mirror: number): Shape {
  return SHAPES[mirror % SHAPES.length]!;
}

/** A closed way around the current point through corners in units of the radius. */
function polygon(corners: readonly Pixel[], radius: number): string {
  const steps = corners.map(([x, y], index) => {
    const [beforeX, beforeY] = corners[index - 1] ?? [0, 0];
    return `${round((x - beforeX) * radius)} ${round((y - beforeY) * radius)}`;
  });
  return `m${steps[0]}l${steps.slice(1).join(" ")}z`;
}
