/**
 * The texts of the live view: figures, the table of mirrors, and the list of other downloads.
 *
 * @module
 */

import type { LiveMirror } from "../../../observe/live_message.ts";
import { element, make } from "../dom.ts";
import { formatBytes, formatDuration, formatRate, formatShare } from "../formats.ts";
import type { Download, LiveState } from "./state.ts";

/** What each outcome is called. */
export const OUTCOMES: Readonly<Record<Download["outcome"], string>> = {
  running: "Downloading",
  complete: "Complete",
  failed: "Failed",
  cancelled: "Stopped by the player",
  ended: "Ended",
};

const STATES: Readonly<Record<LiveMirror["state"], string>> = {
  probing: "connecting",
  idle: "idle",
  busy: "busy",
  waiting: "waiting to retry",
  spare: "spare",
  retired: "retired",
  closed: "closed",
  dropped: "dropped",
};

const legend = element("legend", HTMLTableSectionElement);
const others = element("others", HTMLElement);

/** Shows a number, with a note beside it. */
function showFigure(id: string, text: string, note = ""): void {
  const place = element(id, HTMLElement);
  place.replaceChildren(text);
  if (note !== "") place.append(" ", make("small", {}, note));
}

/** Shows the figures of the main download. */
export function showFigures(
  { seconds, front, start, buffered, size }: Download,
  { isRunning, latest }: LiveState,
): void {
  element("rate-name", HTMLElement).textContent = isRunning ? "Rate" : "Average rate";
  const average = seconds > 0 ? (front - start) / seconds : 0;
  showFigure("rate", formatRate(isRunning ? latest.total : average));
  showFigure("front", formatBytes(front), size ? `of ${formatBytes(size)}` : "");
  showFigure("buffered", formatBytes(buffered));
  showFigure("time", formatDuration(seconds));
}

/** Makes the rows of the table of mirrors. */
export function makeLegend({ mirrors, mirrorNames }: LiveState): void {
  legend.replaceChildren(...mirrors.map((origin, index) => {
    const swatch = make("canvas", { ariaHidden: "true" });
    const name = make("span", { title: origin }, mirrorNames[index]!);
    const state = make("span", { className: "state" });
    const mirror = make("div", { className: "mirror" }, swatch, name, state);
    return make("tr", {}, make("th", { scope: "row" }, mirror), make("td"), make("td"));
  }));
}

/** Shows the figures in the table of mirrors. */
export function showLegend(state: LiveState): void {
  const figures = state.mirrors.map((_, index) => state.mirrorFigures(index));
  const total = figures.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const [index, row] of [...legend.rows].entries()) {
    const { state, rate, failures, bytes } = figures[index]!;
    const [mirror, share, rateCell] = row.cells;
    const words = mirror!.querySelector<HTMLElement>(".state")!;
    const count = failures === 0 ? "" : `, ${failures} ${failures === 1 ? "failure" : "failures"}`;
    words.textContent = `${STATES[state]}${count}`;
    words.dataset.lost = String(state === "dropped" || state === "waiting");
    share!.textContent = total > 0 ? formatShare(bytes / total) : "–";
    rateCell!.textContent = rate > 0 ? formatRate(rate) : "–";
  }
  const rate = state.latest.total;
  element("total-rate", HTMLElement).textContent = rate > 0 ? formatRate(rate) : "–";
}

/** Shows the list of the other downloads, each with a canvas for its map. */
export function showOthers([, ...downloads]: readonly Download[]): void {
  while (others.children.length > downloads.length) others.lastElementChild!.remove();
  while (others.children.length < downloads.length) {
    const map = make("canvas", { role: "img", ariaLabel: "Map of another download" });
    others.append(make("li", {}, map, make("span")));
  }
  for (const [index, { start, end, outcome, seconds }] of downloads.entries()) {
    const range = `${formatBytes(start)} to ${end ? formatBytes(end) : "the end"}`;
    const state = outcome === "running" ? "running" : OUTCOMES[outcome].toLowerCase();
    const text = `${range}, ${state}, ${formatDuration(seconds)}`;
    others.children[index]!.lastElementChild!.textContent = text;
  }
  others.hidden = downloads.length === 0;
}
