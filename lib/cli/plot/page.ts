/**
 * The figures of one download and its tables as one page of HTML that asks for nothing else: no script,
 * no font, no network. It is legible in light and dark, and in a narrow window. A pure function to text.
 *
 * @module
 */

import { type Box, drawFigure } from "./drawing.ts";
import type { Figure } from "./figures.ts";
import { markerAttributes, markerPath, type Paint } from "./markers.ts";
import { PAGE_COLOURS, PAGE_STYLE } from "./page_style.ts";
import type { PictureParts } from "./picture.ts";
import { escape } from "./svg.ts";

/** A table of words: the first row is its head, the first cell of each row names it. */
export type Table = readonly (readonly string[])[];

/** What a page is made of. */
export interface PageParts extends PictureParts {
  /** Names and values. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The measures that have a distribution. */
  readonly distributions: Table;
  /** The mirrors, in the order by which the figures count them. */
  readonly mirrors: Table;
  /** What the reader should know before anything else; usually nothing. */
  readonly notes: readonly string[];
}

/** What is drawn takes its colours from the page's style, which knows light and dark. */
const PAINT: Paint = {
  ink: "var(--ink)",
  faint: "var(--faint)",
  grid: "var(--grid)",
  colours: PAGE_COLOURS,
};

const MIRRORS_CAPTION = "Mirrors: a block counts for the one that brought its last byte; mean, " +
  "median and sd are of the seconds between those blocks";

const WIDTH = 480;
const HEIGHT = 296;
const BOX: Box = { left: 56, right: 466, top: 28, bottom: 246 };

/** The page as the text of an HTML file. */
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
