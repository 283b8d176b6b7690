/**
 * Renders the progress of a download as lines of text: one for the whole, one for each mirror. The
 * lines depend on the state and the width alone, and none is wider than that.
 *
 * @module
 */

import { fit, printable, textWidth, truncate } from "../../command_line/terminal_text.ts";
import type { MirrorStats } from "../../../mod.ts";
import { type ProgressState, totals } from "./progress_state.ts";
import {
  formatBytes,
  formatFraction,
  formatPercent,
  formatRate,
  formatTime,
  rateWidth,
} from "./text.ts";

export interface ProgressStyle {
  readonly color: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
  /** Maximum number of lines for mirrors; those that delivered least share the last one. */
  readonly mirrorLines: number;
}

/** Renders one download in lines of at most `width` columns. */
export function renderProgress(
  state: ProgressState,
  width: number,
  { color = false, unicode = true, mirrorLines = 8 }: Partial<ProgressStyle> = {},
): string[] {
  const style = { color, unicode, mirrorLines };
  const lines = [wholeLine(state, width, style), ...mirrorTable(state.stats.mirrors, width, style)];
  return unicode ? lines : lines.map((line) => line.replaceAll("…", "~"));
}

/** Renders several downloads, one line each while there is room. */
export function renderFiles(
  states: readonly ProgressState[],
  width: number,
  { color = false, unicode = true, lines = 8 }: Partial<ProgressStyle> & { lines?: number } = {},
): string[] {
  const style = { color, unicode, mirrorLines: 0 };
  const names = states.map(({ name }) => textWidth(printable(name)));
  // Names have the same width, so that the bars are aligned.
  const nameWidth = Math.min(Math.max(...names), Math.floor(width / 4));
  const shown = states.length <= lines ? states : states.slice(0, lines - 1);
  const drawn = shown.map((state) => {
    const name = fit(printable(state.name), nameWidth);
    const rest = wholeLine({ ...state, name: "" }, width - nameWidth - 2, style);
    return `${name}  ${rest}`;
  });
  const hidden = states.length - shown.length;
  const all = hidden > 0 ? [...drawn, truncate(`and ${hidden} more`, width)] : drawn;
  return unicode ? all : all.map((line) => line.replaceAll("…", "~"));
}

/** Renders one download as a line for a log: `12.3 MB of 64.0 MB (19 %), 24.0 MB/s, ETA 2 s`. */
export function progressLine(state: ProgressState): string {
  const { done, total, share, etaMs } = totals(state);
  const rate = formatRate(state.stats.bytesPerSecond);
  if (total === undefined || share === undefined) {
    const { receivedBytes, mirrors } = state.stats;
    if (receivedBytes > 0) return `${formatBytes(done)}, ${rate}`;
    return `no answer yet from ${
      mirrors.length === 1 ? "the mirror" : `${mirrors.length} mirrors`
    }`;
  }
  const eta = etaMs === undefined ? "" : `, ETA ${formatTime(etaMs / 1000)}`;
  return `${formatBytes(done)} of ${formatBytes(total)} (${formatPercent(share)}), ${rate}${eta}`;
}

/** Minimum width at which the line for the whole has these parts. */
const ROOM_FOR = { name: 72, sizes: 48, eta: 32 };

function wholeLine(state: ProgressState, width: number, style: ProgressStyle): string {
  const { done, total, share, etaMs } = totals(state);
  const { stats } = state;
  const name = width < ROOM_FOR.name || state.name === ""
    ? ""
    : `${truncate(printable(state.name), Math.floor(width / 4))}  `;
  const rate = formatRate(stats.bytesPerSecond).padStart(rateWidth());
  if (total === undefined || share === undefined) {
    return truncate(
      `${name}${formatBytes(done).padStart(9)}  ${rate}  ${formatTime(stats.elapsedMs / 1000)}`,
      width,
    );
  }
  const eta = etaMs === undefined ? "–".padStart(4) : formatTime(etaMs / 1000).padStart(4);
  const figures = [
    formatPercent(share).padStart(5),
    ...width < ROOM_FOR.sizes ? [] : [formatFraction(done, total)],
    rate,
    ...width < ROOM_FOR.eta ? [] : [`ETA ${style.unicode ? eta : eta.replace("–", "-")}`],
  ].join("  ");
  const room = width - textWidth(name) - textWidth(figures) - 1;
  if (room < 3) return truncate(figures.trimStart(), width);
  const ahead = total === 0 ? 0 : stats.bufferedBytes / total;
  return `${paint("bold", name, style)}${bar(share, ahead, room, style)} ${figures}`;
}

/** Renders what is done, what waits in the reorder buffer, and the rest. */
function bar(share: number, ahead: number, width: number, style: ProgressStyle): string {
  const done = filled(share, width, style);
  const rest = width - textWidth(done);
  const buffered = Math.min(rest, Math.round(ahead * width));
  const [waiting, empty] = style.unicode ? ["▒", "░"] : ["=", "-"];
  return paint("green", done, style) + paint("green", waiting.repeat(buffered), style) +
    paint("dim", empty.repeat(rest - buffered), style);
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Renders a share of the width, to an eighth of a column. */
function filled(share: number, width: number, { unicode }: ProgressStyle): string {
  const columns = Math.min(1, Math.max(0, share)) * width;
  if (!unicode) return "#".repeat(Math.floor(columns));
  const whole = Math.floor(columns);
  return "█".repeat(whole) + EIGHTHS[Math.floor((columns - whole) * 8)]!;
}

/** One line of the table of mirrors. */
interface Row {
  readonly label: string;
  readonly state: string;
  readonly color: Color;
  readonly share: number;
  /** Bytes per second; 0 if it is not serving. */
  readonly rate: number;
}

/** Narrower bars are left out in favor of the name. */
const MIN_BAR = 6;

function mirrorTable(
  mirrors: readonly MirrorStats[],
  width: number,
  style: ProgressStyle,
): string[] {
  const rows = foldedRows(mirrors, style.mirrorLines);
  if (rows.length === 0 || width < 8) return [];
  const stateWidth = Math.max(...rows.map(({ state }) => state.length));
  const longest = Math.max(...rows.map(({ label }) => textWidth(label)));
  // An indent of 2, gaps of 2, and 5 columns for the share.
  const room = width - 2 - stateWidth - 2 - 5 - 2 - rateWidth() - 2;
  const proposed = Math.min(longest, Math.max(6, Math.floor(room * 0.65)));
  const barWidth = room - proposed - 2;
  const labelWidth = barWidth < MIN_BAR ? Math.min(longest, Math.max(6, room)) : proposed;
  return rows.map(({ label, state, color, share, rate }) => {
    const named = [`  ${fit(label, labelWidth)}`, paint(color, state.padEnd(stateWidth), style)];
    // The share of a single mirror is 100 %, which would look like its progress.
    const cells = mirrors.length === 1 ? named : [
      ...named,
      ...barWidth < MIN_BAR ? [] : [fit(filled(share, barWidth, style), barWidth)],
      formatPercent(share).padStart(5),
      (rate > 0 ? formatRate(rate) : "").padStart(rateWidth()),
    ];
    const line = cells.join("  ");
    return style.color && room >= 8 ? line : truncate(withoutColors(line), width);
  });
}

/** Returns a row for each mirror; if there are too many, those that delivered least share one. */
function foldedRows(mirrors: readonly MirrorStats[], limit: number): Row[] {
  const labels = mirrorLabels(mirrors);
  const rows = mirrors.map((mirror, index): Row => ({
    label: labels[index]!,
    state: mirror.state,
    color: STATE_COLORS[mirror.state],
    share: mirror.share,
    rate: mirror.bytesPerSecond,
  }));
  if (rows.length <= limit) return rows;
  if (limit < 1) return [];
  const ranking = [...rows].sort((one, other) => other.share - one.share);
  const folded = new Set(ranking.slice(limit - 1));
  const sum = (value: (row: Row) => number) =>
    [...folded].reduce((total, row) => total + value(row), 0);
  return [...rows.filter((row) => !folded.has(row)), {
    label: `${folded.size} others`,
    state: "",
    color: "dim",
    share: sum(({ share }) => share),
    rate: sum(({ rate }) => rate),
  }];
}

/**
 * Returns the mirrors' hosts, with the path if several have the same host, and the address if that is one
 * of several.
 */
export function mirrorLabels(mirrors: readonly { readonly url: string }[]): string[] {
  const urls = mirrors.map(({ url }) => new URL(url));
  return urls.map(({ host, pathname, hash }) => {
    const same = urls.filter((other) => other.host === host);
    const isOnePath = same.every((other) => other.pathname === pathname);
    if (isOnePath && (same.length === 1 || hash !== "")) return printable(host + hash);
    return printable(host + pathname + hash);
  });
}

/**
 * Parameters of SGR (ECMA-48): to begin, and to end. Own code because `@std/fmt/colors`, for 256 colors and
 * more, takes longer to load than everything else that shows progress.
 */
const COLORS = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

type Color = keyof typeof COLORS;

const STATE_COLORS: Readonly<Record<MirrorStats["state"], Color>> = {
  probing: "dim",
  spare: "dim",
  idle: "dim",
  busy: "green",
  waiting: "yellow",
  retired: "dim",
  closed: "red",
  dropped: "red",
};

function paint(color: Color, text: string, style: ProgressStyle): string {
  if (!style.color || text === "") return text;
  const [begin, end] = COLORS[color];
  return `\x1b[${begin}m${text}\x1b[${end}m`;
}

/** Returns a rendered line without its colors. */
export function withoutColors(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replaceAll(/\x1b\[\d+m/g, "");
}
