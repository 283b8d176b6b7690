/**
 * Draws the results of the lab as SVG: for each case, the share of the links' limit that each command
 * reached, as a dot for the median and a line from the slowest to the fastest run. Pure. The colors can
 * be told apart with color blindness (Okabe and Ito, 2008).
 *
 * @module
 */

import { axis, plain } from "../../../lib/cli/plot/axis.ts";
import { COLORS, escape, round, text } from "../../../lib/cli/plot/svg.ts";
import { median } from "../../bench/usage.ts";
import { caseName, chosenRuns, type NetResult } from "./net_report.ts";

const WIDTH = 1000;
const LEFT = 190;
const RIGHT = 800;
const LEGEND = 826;
const TOP = 84;
const LINE_HEIGHT = 11;
const GAP = 14;
const LEGEND_HEIGHT = 20;

const INK = "#1f2328";
const FAINT = "#59636e";
const GRID = "#dfe3e8";

/** Returns the text of an SVG file. */
export function netFigure(results: readonly NetResult[]): string {
  const names = new Map(
    results.flatMap(({ entries }) => entries).map(({ name, title }) => [name, title]),
  );
  const colors = new Map([...names.keys()].map((name, index) => [
    name,
    name.startsWith("sphttp") ? INK : COLORS[index % COLORS.length]!,
  ]));
  const rows = results.map((result) => ({ name: caseName(result), marks: marksOf(result) }));
  let y = TOP;
  const placed = rows.map((row) => {
    const top = y;
    y += row.marks.length * LINE_HEIGHT + GAP;
    return { ...row, top };
  });
  const bottom = y;
  const x = axis(LEFT, RIGHT, [1, ...rows.flatMap(({ marks }) => marks.map(({ most }) => most))]);
  const height = Math.max(bottom + 50, TOP + names.size * LEGEND_HEIGHT + 20);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, ` +
    `sans-serif" font-size="13" fill="${INK}">`,
    `<title>${escape(titleText(rows))}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(LEFT, 34, "Share of the links' limit", 'font-size="17" font-weight="600"'),
    text(
      LEFT,
      57,
      "Whole commands side by side, over the kernel's TCP; medians, slowest and fastest runs",
      `fill="${FAINT}"`,
    ),
    ...x.ticks.flatMap((tick) => [
      `<path stroke="${GRID}" d="M${round(x.at(tick))} ${TOP - 8}V${bottom}"/>`,
      text(x.at(tick), bottom + 18, plain(tick), `text-anchor="middle" fill="${FAINT}"`),
    ]),
    ...placed.flatMap(({ name, marks, top }) => [
      text(
        LEFT - 12,
        top + marks.length * LINE_HEIGHT / 2 + 1,
        name,
        'text-anchor="end" font-weight="600"',
      ),
      ...marks.flatMap(({ command, least, middle, most }, index) => {
        const at = top + index * LINE_HEIGHT;
        const color = colors.get(command)!;
        const span = `M${round(x.at(least))} ${round(at)}H${round(x.at(most))}`;
        return [
          `<path stroke="${color}" stroke-width="1.6" d="${span}"/>`,
          `<circle cx="${round(x.at(middle))}" cy="${round(at)}" r="3.6" fill="${color}"/>`,
        ];
      }),
    ]),
    ...[...names].flatMap(([name, title], index) => [
      `<circle cx="${LEGEND}" cy="${TOP + index * LEGEND_HEIGHT}" r="3.6" fill="${
        colors.get(name)
      }"/>`,
      text(LEGEND + 12, TOP + index * LEGEND_HEIGHT + 4.5, legendTitle(name, title)),
    ]),
    "</svg>\n",
  ].join("\n");
}

interface Mark {
  readonly command: string;
  readonly least: number;
  readonly middle: number;
  readonly most: number;
}

function marksOf({ limit, entries }: NetResult): Mark[] {
  const limitSeconds = limit.at(-1)!.seconds;
  return entries.flatMap(({ name, runs }) => {
    const shares = chosenRuns(runs).map(({ seconds }) => limitSeconds / seconds);
    if (shares.length === 0) return [];
    const [least, most] = [Math.min(...shares), Math.max(...shares)];
    return [{ command: name, least, middle: median(shares), most }];
  });
}

/** The number of connections in a title depends on the case. */
function legendTitle(name: string, title: string): string {
  return name.startsWith("sphttp") || name === "against" || name === "curl" ? title : name;
}

function titleText(rows: readonly { name: string; marks: readonly Mark[] }[]): string {
  const lines = rows.map(({ name, marks }) =>
    `${name}: ${marks.map(({ command, middle }) => `${command} ${middle.toFixed(2)}`).join(", ")}`
  );
  return `Share of the links' limit; ${lines.join("; ")}`;
}
