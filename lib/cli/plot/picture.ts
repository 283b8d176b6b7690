/**
 * Draws the figures of one download as one SVG picture: four panels with a legend below them.
 *
 * @module
 */

import { type Box, drawFigure, markerAttributes, markerPath, type Paint } from "./drawing.ts";
import type { Figure } from "./figures.ts";
import { COLORS, escape, text } from "./svg.ts";

export interface LegendEntry {
  /** Name of the mirror. */
  readonly name: string;
  /** Text after the name, such as its share. */
  readonly value: string;
}

export interface PictureParts {
  readonly title: string;
  /** Line below the title. */
  readonly subtitle: string;
  readonly figures: readonly Figure[];
  /** The mirrors, in the order in which figures number them. */
  readonly legend: readonly LegendEntry[];
}

export const LIGHT: Paint = {
  ink: "#1f2328",
  faint: "#59636e",
  grid: "#dfe3e8",
  colors: COLORS,
};

const BACKGROUND = "#ffffff";
const WIDTH = 1000;
const MARGIN = 24;
const HEAD = 76;
const CELL = { width: 490, height: 306 } as const;
const COLUMNS = 3;
const LINE_HEIGHT = 22;
/** Maximum number of characters of a name in the legend. */
const NAME_LENGTH = 27;
const TITLE_LENGTH = 90;
const SUBTITLE_LENGTH = 130;

/** Returns the picture as the text of an SVG file. */
export function drawPicture({ title, subtitle, figures, legend }: PictureParts): string {
  const legendTop = HEAD + Math.ceil(figures.length / 2) * CELL.height + 8;
  const height = legendTop + Math.ceil((legend.length + 1) / COLUMNS) * LINE_HEIGHT + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" role="img" aria-labelledby="title description" ` +
    `font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13" ` +
    `fill="${LIGHT.ink}">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description({ title, subtitle, figures, legend }))}</desc>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    text(MARGIN, 34, shorten(title, TITLE_LENGTH), 'font-size="17" font-weight="600"'),
    text(MARGIN, 56, shorten(subtitle, SUBTITLE_LENGTH), `fill="${LIGHT.faint}"`),
    ...figures.flatMap((figure, index) => {
      const left = index % 2 * CELL.width + 8;
      const top = HEAD + Math.floor(index / 2) * CELL.height;
      const box: Box = { left: left + 58, right: left + 470, top: top + 50, bottom: top + 252 };
      return [
        `<g>`,
        text(box.left, top + 22, figure.title, 'font-size="14" font-weight="600"'),
        drawFigure(figure, box, LIGHT),
        `</g>`,
      ];
    }),
    ...drawLegend(legend, legendTop),
    "</svg>\n",
  ].join("\n");
}

function drawLegend(legend: readonly LegendEntry[], top: number): string[] {
  const place = (index: number) => ({
    left: MARGIN + 8 + index % COLUMNS * (WIDTH - 2 * MARGIN) / COLUMNS,
    y: top + Math.floor(index / COLUMNS) * LINE_HEIGHT + 10,
  });
  const ideal = place(0);
  return [
    `<path stroke="${LIGHT.ink}" stroke-width="1.3" stroke-dasharray="5 4" ` +
    `d="M${ideal.left - 8} ${ideal.y}h22"/>`,
    text(ideal.left + 22, ideal.y + 4.5, "ideal: in order and evenly"),
    ...legend.flatMap(({ name, value }, mirror) => {
      const { left, y } = place(mirror + 1);
      return [
        `<path ${markerAttributes(mirror, 4, LIGHT)} d="${markerPath(mirror, 4, [[left, y]])}"/>`,
        `<text x="${left + 12}" y="${y + 4.5}">${escape(shorten(name, NAME_LENGTH))} ` +
        `<tspan fill="${LIGHT.faint}">${escape(value)}</tspan></text>`,
      ];
    }),
  ];
}

function description({ subtitle, figures, legend }: PictureParts): string {
  const panels = figures.map(({ title, caption }) => `${title}: ${caption}`);
  const mirrors = legend.map(({ name, value }) => `${name} ${value}`).join("; ");
  return [subtitle, ...panels, `Mirrors: ${mirrors}`].join("\n");
}

/** Returns at most `most` characters of a text, cut with an ellipsis if it is longer. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}
