/**
 * Draws what a terminal showed over time as one SVG that repeats. Pure.
 *
 * @module
 */

import { escape, round } from "../../lib/cli/plot/svg.ts";

/** Adjacent cells that look alike. */
export interface Run {
  /** The first cell, from 0. */
  readonly column: number;
  readonly text: string;
  /** One of the terminal's colors, 0 to 15; `undefined` is the default. */
  readonly color?: number | undefined;
  readonly bold?: boolean | undefined;
  readonly dim?: boolean | undefined;
}

/** What the terminal shows from some time on. */
export interface Frame {
  readonly seconds: number;
  /** Runs of each row, the top one first. */
  readonly rows: readonly (readonly Run[])[];
}

/** Options of {@linkcode drawTerminal}. */
export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** Describes the picture for those who do not see it. */
  readonly title: string;
  /** Seconds that the last frame is shown. */
  readonly holdSeconds: number;
}

const CELL = { width: 8.4, height: 19 } as const;
const MARGIN = 16;
/** Height of the bar above the text. */
const BAR = 26;
const BACKGROUND = "#16181d";
const INK = "#e6e6e6";
/** The terminal's colors: black, red, green, yellow, blue, magenta, cyan, white, then the bright ones. */
const PALETTE = [
  ...["#3b4048", "#f07178", "#8fd460", "#ffcb6b", "#6cb6ff", "#c792ea", "#5fd7d7", "#d0d0d0"],
  ...["#7d8590", "#ff8b92", "#b5f08a", "#ffe08a", "#9ccbff", "#e0b3ff", "#94f2f2", "#ffffff"],
];

/**
 * Draws frames, in the order of their times, the first at 0. Where motion is to be reduced, the last one stands still.
 */
export function drawTerminal(frames: readonly Frame[], options: TerminalOptions): string {
  const width = 2 * MARGIN + options.columns * CELL.width;
  const height = BAR + 2 * MARGIN + options.rows * CELL.height;
  const length = frames.at(-1)!.seconds + options.holdSeconds;
  const percent = (seconds: number) => `${+(100 * seconds / length).toFixed(2)}%`;
  const styles: string[] = [];
  const groups = frames.map(({ seconds, rows }, index) => {
    const next = frames[index + 1]?.seconds;
    const shown = [`${percent(seconds)}{visibility:visible}`];
    if (index > 0) shown.unshift("0%{visibility:hidden}");
    if (next !== undefined) shown.push(`${percent(next)}{visibility:hidden}`);
    styles.push(`@keyframes f${index}{${shown.join("")}}#f${index}{animation-name:f${index}}`);
    return `<g id="f${index}">${rows.map(drawRow).join("")}</g>`;
  });
  const last = `#f${frames.length - 1}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" ` +
    `width="${round(width)}" height="${round(height)}" fill="${INK}" role="img" aria-label="${
      escape(options.title)
    }">`,
    `<title>${escape(options.title)}</title>`,
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}`,
    `g{visibility:hidden;animation:${round(length)}s step-end infinite}`,
    ...styles,
    `@media(prefers-reduced-motion:reduce){g{animation:none}${last}{visibility:visible}}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map((fill, index) =>
      `<circle cx="${20 + 18 * index}" cy="18" r="5.5" fill="${fill}"/>`
    ),
    ...groups,
    "</svg>\n",
  ].join("\n");
}

function drawRow(runs: readonly Run[], row: number): string {
  const top = BAR + MARGIN + row * CELL.height;
  return runs.flatMap((run) => {
    const style = [
      run.color === undefined ? "" : ` fill="${PALETTE[run.color]}"`,
      run.bold ? ` font-weight="700"` : "",
      run.dim ? ` opacity=".65"` : "",
    ].join("");
    // Blocks are drawn as shapes, as fonts leave gaps between them; words separately, as spaces need no element.
    return [...run.text.matchAll(/[█▏▎▍▌▋▊▉]+|░+|[^█▏▎▍▌▋▊▉░ ]+(?: [^█▏▎▍▌▋▊▉░ ]+)*/g)].map(
      (match) => {
        const x = MARGIN + (run.column + match.index) * CELL.width;
        return drawPiece(match[0], x, top, style);
      },
    );
  }).join("");
}

/** The eighths of a cell that these characters fill, from the left, by the order of their code points. */
const FIRST_BLOCK = "█".codePointAt(0)!;

function drawPiece(content: string, x: number, top: number, style: string): string {
  if (/[█-▏░]/.test(content)) {
    const cells = [...content].map((block) =>
      block === "░" ? 1 : (8 - (block.codePointAt(0)! - FIRST_BLOCK)) / 8
    );
    const width = CELL.width * cells.reduce((sum, cell) => sum + cell, 0);
    const faint = content.startsWith("░") ? ` fill-opacity=".25"` : "";
    return `<rect x="${round(x)}" y="${top + 2}" width="${
      round(width)
    }" height="14"${style}${faint}/>`;
  }
  // The width is stated, as a reader's font may have another one than the cells.
  const width = [...content].length * CELL.width;
  return `<text x="${round(x)}" y="${top + 14}" textLength="${round(width)}"${style}>${
    escape(content)
  }</text>`;
}
