/**
 * Writes the figures and tables of one download as an HTML page that needs no script, font or network.
 * It is legible in light and dark color schemes, and in narrow windows.
 *
 * @module
 */

import { type Box, drawFigure, markerAttributes, markerPath, type Paint } from "./drawing.ts";
import type { Figure } from "./figures.ts";
import type { PictureParts } from "./picture.ts";
import { escape } from "./svg.ts";

/** A table: the first row is its header, the first cell of each row its name. */
export type Table = readonly (readonly string[])[];

export interface PageParts extends PictureParts {
  /** Names and values. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Measures with a distribution. */
  readonly distributions: Table;
  /** The mirrors, in the order of the legend. */
  readonly mirrors: Table;
  readonly notes: readonly string[];
}

/**
 * Colors of the mirrors: those of Okabe and Ito, moved in lightness until their contrast with
 * the background is at least 3:1.
 */
const LIGHT = ["#0072b2", "#d55e00", "#00875f", "#b8578f", "#a87400", "#2b8cc4", "#767676"];
const DARK = ["#4aa8e0", "#f58442", "#2bc48d", "#e39ac6", "#e8b02e", "#9ad4fb", "#a3a3a3"];

/** Colors of the figures: variables of the style sheet, which has values for light and dark. */
const PAINT: Paint = {
  ink: "var(--ink)",
  faint: "var(--faint)",
  grid: "var(--grid)",
  colors: LIGHT.map((_, index) => `var(--mirror-${index})`),
};

const MIRRORS_CAPTION = "Mirrors: a block counts for the one that delivered its last byte; " +
  "mean, median, sd: time between the blocks of a mirror, in seconds";

const WIDTH = 480;
const HEIGHT = 296;
const BOX: Box = { left: 56, right: 466, top: 28, bottom: 246 };

/** Returns the page as the text of an HTML file. */
export function writePage(parts: PageParts): string {
  const { title, subtitle, figures, facts, distributions, mirrors, notes } = parts;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sphttp analyze">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>
${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p class="faint">${escape(subtitle)}</p>
${notes.map((note) => `<p class="note" role="note">${escape(note)}</p>\n`).join("")}</header>
<main>
<section aria-label="Figures">
${legend(parts)}
<div class="figures">
${figures.map(figureElement).join("\n")}
</div>
</section>
<section class="tables" aria-label="Tables">
<div class="scroll">
<table>
<caption>The whole download</caption>
<tbody>
${facts.map(([name, value]) => row([name, value])).join("\n")}
</tbody>
</table>
</div>
<div class="stack">
${table("Distributions", distributions)}
${table(MIRRORS_CAPTION, mirrors, marker)}
</div>
</section>
</main>
</body>
</html>
`;
}

function legend({ legend }: PictureParts): string {
  const entries = legend.map(({ name, value }, mirror) =>
    `<li>${marker(mirror)}<span>${escape(name)}</span> ` +
    `<span class="faint">${escape(value)}</span></li>`
  );
  const line = `<svg class="marker" viewBox="0 0 22 12" aria-hidden="true">` +
    `<path stroke="var(--ink)" stroke-width="1.3" stroke-dasharray="5 4" d="M0 6h22"/></svg>`;
  return `<ul class="legend" aria-label="Legend">
<li>${line}<span>ideal: in order and evenly</span></li>
${entries.join("\n")}
</ul>`;
}

function figureElement(figure: Figure): string {
  const { name, title, caption } = figure;
  return `<figure>
<figcaption id="${name}-caption"><strong>${escape(title)}.</strong> ${escape(caption)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${name}-title" \
aria-describedby="${name}-desc">
<title id="${name}-title">${escape(title)}</title>
<desc id="${name}-desc">${escape(caption)}</desc>
${drawFigure(figure, BOX, PAINT)}
</svg>
</figure>`;
}

function table(caption: string, rows: Table, begin: (row: number) => string = () => ""): string {
  const [head = [], ...body] = rows;
  const names = head.map((cell) => `<th scope="col">${escape(cell)}</th>`).join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escape(caption)}">
<table class="figured">
<caption>${escape(caption)}</caption>
<thead>
<tr>${names}</tr>
</thead>
<tbody>
${body.map((cells, index) => row(cells, begin(index))).join("\n")}
</tbody>
</table>
</div>`;
}

function row([name = "", ...values]: readonly string[], begin = ""): string {
  const cells = values.map((value) => `<td>${escape(value)}</td>`).join("");
  return `<tr><th scope="row">${begin}${escape(name)}</th>${cells}</tr>`;
}

function marker(mirror: number): string {
  return `<svg class="marker" viewBox="0 0 12 12" aria-hidden="true">` +
    `<path ${markerAttributes(mirror, 4, PAINT)} d="${markerPath(mirror, 4, [[6, 6]])}"/></svg>`;
}

const variables = (colors: readonly string[]) =>
  colors.map((color, index) => `--mirror-${index}: ${color};`).join(" ");

export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  --page: #f6f8fa; --panel: #ffffff; --ink: #1f2328; --faint: #59636e; --grid: #dfe3e8;
  --edge: #d1d9e0; --note: #fff3d1;
  ${variables(LIGHT)}
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --panel: #151b23; --ink: #e6edf3; --faint: #9da7b3; --grid: #2c343e;
    --edge: #3d444d; --note: #3a2d08;
    ${variables(DARK)}
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem; max-width: 80rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif;
}
h1 { margin: 0; font-size: 1.35rem; line-height: 1.25; overflow-wrap: anywhere; }
header p { margin: 0.25rem 0 0; overflow-wrap: anywhere; }
.faint { color: var(--faint); }
header .note { margin-top: 0.75rem; padding: 0.5rem 0.75rem; border-radius: 6px; background: var(--note); }
.legend {
  display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem;
  margin: 1rem 0; padding: 0; list-style: none; font-size: 0.9rem;
}
.legend li { min-width: 0; overflow-wrap: anywhere; }
.marker { height: 0.8rem; margin-right: 0.4rem; vertical-align: -0.08rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
figure, .scroll {
  margin: 0; padding: 0.75rem; min-width: 0;
  border: 1px solid var(--edge); border-radius: 8px; background: var(--panel);
}
figcaption { min-height: 3.9em; font-size: 0.9rem; color: var(--faint); }
figcaption strong { color: var(--ink); }
figure > svg { display: block; width: 100%; max-width: 42rem; height: auto; margin: 0 auto; fill: var(--ink); font-size: 12px; }
.tables { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1rem; align-items: flex-start; }
.stack { display: grid; gap: 1rem; min-width: 0; max-width: 100%; justify-items: start; }
.scroll { max-width: 100%; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption {
  position: sticky; left: 0; max-width: min(40rem, 100vw - 3.5rem);
  padding-bottom: 0.35rem; text-align: left; font-weight: 600; text-wrap: pretty;
}
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: left; font-weight: 400; white-space: nowrap; }
thead th { color: var(--faint); vertical-align: bottom; }
.figured td, .figured thead th:not(:first-child) { padding-right: 0; padding-left: 0.75rem; text-align: right; }
tbody tr { border-top: 1px solid var(--grid); }
@media (max-width: 34rem) {
  body { padding: 0.75rem; }
  figure, .scroll { padding: 0.5rem; }
  figcaption { min-height: 0; }
  table { font-size: 0.75rem; }
  .figured th, .figured td { padding-right: 0; }
  .figured td, .figured thead th:not(:first-child) { padding-left: 0.4rem; }
  figure svg { font-size: 15px; }
}
@media print { body { max-width: none; } figure, .scroll { break-inside: avoid; } }
`;
