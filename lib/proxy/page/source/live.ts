/**
 * The card of the live view: follows the server-sent events of `/live`, and shows the downloads of a
 * link as figures, table, map and chart.
 *
 * @module
 */

import type { LiveMessage, LiveMirror } from "../../observe/live_message.ts";
import { element, make } from "./dom.ts";
import {
  BAR,
  BOXES,
  drawChart,
  drawMap,
  paintPiece,
  palette,
  prepare,
  updatePalette,
} from "./drawing.ts";
import {
  formatBytes,
  formatDuration,
  formatRate,
  formatRoundBytes,
  formatShare,
} from "./formats.ts";
import { type Download, LiveState } from "./live_state.ts";

const card = element("live", HTMLElement);
const status = element("status", HTMLElement);
const picture = element("picture", HTMLElement);
const map = element("map", HTMLCanvasElement);
const mapNote = element("map-note", HTMLElement);
const others = element("others", HTMLElement);
const chart = element("chart", HTMLCanvasElement);
const legend = element("legend", HTMLTableSectionElement);

const OUTCOMES: Readonly<Record<Download["outcome"], string>> = {
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

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

let state = new LiveState();
let source: EventSource | undefined;
let retryTimer: number | undefined;
let retryMs = FIRST_RETRY_MS;
/** Whether the next message repeats everything, as after connecting. */
let isFresh = true;
let isDrawPending = false;

/** Sets up the card, which stays hidden until a link is watched. */
export function initLiveView(): void {
  updatePalette();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    updatePalette();
    draw();
  });
  new ResizeObserver(draw).observe(card);
}

/** Watches the downloads of a link, until another one is watched. */
export function watch(query: string): void {
  state = new LiveState();
  card.hidden = false;
  picture.hidden = true;
  showStatus("waiting", "Connecting…");
  retryMs = FIRST_RETRY_MS;
  connect(`/live?${query}`);
}

/** Stops watching, and hides the card. */
export function unwatch(): void {
  source?.close();
  source = undefined;
  clearTimeout(retryTimer);
  card.hidden = true;
}

/** Connects, and again with growing pauses whenever the connection is lost. */
function connect(url: string): void {
  source?.close();
  clearTimeout(retryTimer);
  const own = source = new EventSource(url);
  own.addEventListener("open", () => {
    retryMs = FIRST_RETRY_MS;
    isFresh = true;
    showStatus("waiting", "Waiting: open the link to see the download here.");
  });
  own.addEventListener("state", ({ data }) => receive(JSON.parse(data)));
  own.addEventListener("error", () => {
    const wasRefused = own.readyState === EventSource.CLOSED;
    own.close();
    showStatus("lost", "The proxy is gone. Reconnecting…");
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => connect(url), retryMs);
    retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
    if (wasRefused) showRefusal(url, own);
  });
}

/** Requests the reason, which an EventSource cannot read; stops if retrying cannot help. */
async function showRefusal(url: string, own: EventSource): Promise<void> {
  const controller = new AbortController();
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (response.ok || source !== own) return;
    const problem: { detail?: unknown } = (await response.json().catch(() => null)) ?? {};
    if (source !== own) return;
    if (response.status < 500 && response.status !== 429) clearTimeout(retryTimer);
    showStatus("lost", `Not available: ${problem.detail ?? `status ${response.status}`}`);
  } catch {
    // Unreachable, which the card shows already.
  } finally {
    controller.abort();
  }
}

function showStatus(kind: "waiting" | "live" | "done" | "lost", text: string): void {
  if (status.dataset.state === kind && status.textContent === text) return;
  status.dataset.state = kind;
  status.textContent = text;
}

function receive(message: LiveMessage): void {
  if (isFresh) state.restart();
  isFresh = false;
  if (state.merge(message, performance.now())) makeLegend();
  const [main] = state.downloads;
  if (main === undefined) return;
  const { outcome } = main;
  const kind = outcome === "running" ? "live" : outcome === "failed" ? "lost" : "done";
  showStatus(kind, OUTCOMES[outcome]);
  picture.hidden = false;
  showFigures(main);
  showLegend();
  showOthers();
  draw();
}

function showFigures({ elapsedMs, front, start, buffered, size }: Download): void {
  const { isRunning, latest } = state;
  element("rate-name", HTMLElement).textContent = isRunning ? "Rate" : "Average rate";
  const average = elapsedMs > 0 ? 1000 * (front - start) / elapsedMs : 0;
  showFigure("rate", formatRate(isRunning ? latest.total : average));
  showFigure("front", formatBytes(front), size ? `of ${formatBytes(size)}` : "");
  showFigure("buffered", formatBytes(buffered));
  showFigure("time", formatDuration(elapsedMs));
}

/** Shows a number, with a note beside it. */
function showFigure(id: string, text: string, note = ""): void {
  const place = element(id, HTMLElement);
  place.replaceChildren(text);
  if (note !== "") place.append(" ", make("small", {}, note));
}

/** Makes the rows of the table of mirrors. */
function makeLegend(): void {
  const { mirrors, mirrorNames } = state;
  legend.replaceChildren(...mirrors.map((origin, index) => {
    const swatch = make("canvas", { ariaHidden: "true" });
    const name = make("span", { title: origin }, mirrorNames[index]!);
    const state = make("span", { className: "state" });
    const mirror = make("div", { className: "mirror" }, swatch, name, state);
    return make("tr", {}, make("th", { scope: "row" }, mirror), make("td"), make("td"));
  }));
}

/** Shows the figures in the table of mirrors. */
function showLegend(): void {
  const figures = state.mirrors.map((_, index) => state.mirrorFigures(index));
  const total = figures.reduce((sum, { bytes }) => sum + bytes, 0);
  const rateText = (rate: number) => rate > 0 ? formatRate(rate) : "–";
  for (const [index, row] of [...legend.rows].entries()) {
    const { state, bytesPerSecond, failures, bytes } = figures[index]!;
    const [mirror, share, rate] = row.cells;
    const words = mirror!.querySelector<HTMLElement>(".state")!;
    const count = failures === 0 ? "" : `, ${failures} ${failures === 1 ? "failure" : "failures"}`;
    words.textContent = `${STATES[state]}${count}`;
    words.dataset.lost = String(state === "dropped" || state === "waiting");
    share!.textContent = total > 0 ? formatShare(bytes / total) : "–";
    rate!.textContent = rateText(bytesPerSecond);
  }
  element("total-rate", HTMLElement).textContent = rateText(state.latest.total);
}

/** Shows the list of the other downloads, each with a canvas for its map. */
function showOthers(): void {
  const [, ...downloads] = state.downloads;
  while (others.children.length > downloads.length) others.lastElementChild!.remove();
  while (others.children.length < downloads.length) {
    const map = make("canvas", { role: "img", ariaLabel: "Map of another download" });
    others.append(make("li", {}, map, make("span")));
  }
  for (const [index, { start, end, outcome, elapsedMs }] of downloads.entries()) {
    const range = `${formatBytes(start)} to ${end ? formatBytes(end) : "the end"}`;
    const state = outcome === "running" ? "running" : OUTCOMES[outcome].toLowerCase();
    const text = `${range}, ${state}, ${formatDuration(elapsedMs)}`;
    others.children[index]!.lastElementChild!.textContent = text;
  }
  others.hidden = downloads.length === 0;
}

/** Draws once before the next frame, however often it is called. */
function draw(): void {
  if (isDrawPending) return;
  isDrawPending = true;
  requestAnimationFrame(() => {
    isDrawPending = false;
    const [main, ...downloads] = state.downloads;
    if (picture.hidden || main === undefined) return;
    drawMainMap(main);
    for (const [index, bar] of others.querySelectorAll("canvas").entries()) {
      drawMap(bar, state, downloads[index]!, BAR);
    }
    drawSwatches();
    drawChart(chart, state);
    const rates = state.mirrorNames.map((name, index) =>
      `${name} ${formatRate(state.latest.rates[index] ?? 0)}`
    );
    chart.ariaLabel = `Rate of each mirror: ${rates.join(", ")}.`;
  });
}

function drawMainMap(main: Download): void {
  const { bytes } = drawMap(map, state, main, BOXES);
  const [delivered, buffered] = [formatBytes(main.front), formatBytes(main.buffered)];
  map.ariaLabel = `Map of the file: ${delivered} are delivered, ${buffered} are buffered.`;
  const note = `Each box is ${formatRoundBytes(bytes)}, in the color of a mirror that delivered ` +
    "it or part of it; the colors follow the mirrors' shares. Boxes before the mark are " +
    "delivered; pale boxes are buffered.";
  if (mapNote.textContent !== note) mapNote.textContent = note;
}

function drawSwatches(): void {
  for (const [index, swatch] of legend.querySelectorAll("canvas").entries()) {
    const { context, width, height } = prepare(swatch);
    paintPiece(context, index, { x: 0, y: 0, width, height, radius: 3 });
  }
  const { context, width, height } = prepare(element("total-swatch", HTMLCanvasElement));
  context.fillStyle = palette.text;
  context.fillRect(0, height / 2 - 1, width, 2);
}
