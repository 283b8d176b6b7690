/**
 * The card of the live view: shows the downloads of a link as the server reports them.
 *
 * @module
 */

import type { LiveMessage } from "../../../observe/live_message.ts";
import { element } from "../dom.ts";
import { formatBytes, formatRate, formatRoundBytes } from "../formats.ts";
import { paintPiece, palette, prepare, updatePalette } from "./canvas.ts";
import { drawChart } from "./chart.ts";
import { LiveEvents } from "./events.ts";
import { makeLegend, OUTCOMES, showFigures, showLegend, showOthers } from "./figures.ts";
import { BAR, BOXES, drawMap } from "./map.ts";
import { LiveState } from "./state.ts";

const card = element("live", HTMLElement);
const status = element("status", HTMLElement);
const picture = element("picture", HTMLElement);
const map = element("map", HTMLCanvasElement);
const mapNote = element("map-note", HTMLElement);
const chart = element("chart", HTMLCanvasElement);

let state = new LiveState();
/** Whether the next message starts from nothing, as after connecting. */
let isFresh = true;
let isDrawPending = false;

const events = new LiveEvents({
  opened: () => {
    isFresh = true;
    showStatus("waiting", "Waiting: open the link to see the download here.");
  },
  received: receive,
  lost: (reason) =>
    showStatus("lost", reason ? `Not available: ${reason}` : "The proxy is gone. Reconnecting…"),
});

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
  events.follow(query);
}

function showStatus(kind: "waiting" | "live" | "done" | "lost", text: string): void {
  if (status.dataset.state === kind && status.textContent === text) return;
  status.dataset.state = kind;
  status.textContent = text;
}

function receive(message: LiveMessage): void {
  if (isFresh) state.restart();
  isFresh = false;
  if (state.merge(message, performance.now())) makeLegend(state);
  const [main] = state.downloads;
  if (main === undefined) return;
  const { outcome } = main;
  const kind = outcome === "running" ? "live" : outcome === "failed" ? "lost" : "done";
  showStatus(kind, OUTCOMES[outcome]);
  picture.hidden = false;
  showFigures(main, state);
  showLegend(state);
  showOthers(state.downloads);
  draw();
}

/** Draws once before the next frame, however often it is called. */
function draw(): void {
  if (isDrawPending) return;
  isDrawPending = true;
  requestAnimationFrame(() => {
    isDrawPending = false;
    if (picture.hidden || state.downloads.length === 0) return;
    drawMaps();
    drawSwatches();
    drawChart(chart, state);
    const rates = state.mirrorNames.map((name, index) =>
      `${name} ${formatRate(state.latest.rates[index] ?? 0)}`
    );
    chart.ariaLabel = `Rate of each mirror: ${rates.join(", ")}.`;
  });
}

function drawMaps(): void {
  const [main, ...others] = state.downloads;
  if (main === undefined) return;
  const { bytes } = drawMap(map, state, main, BOXES);
  map.ariaLabel = `Map of the file: ${formatBytes(main.front)} are delivered, ${
    formatBytes(main.buffered)
  } are buffered.`;
  const note = `Each box is ${formatRoundBytes(bytes)} in its mirror's color. Boxes before the ` +
    "mark are delivered; pale boxes are buffered.";
  if (mapNote.textContent !== note) mapNote.textContent = note;
  const bars = element("others", HTMLElement).querySelectorAll("canvas");
  for (const [index, bar] of bars.entries()) drawMap(bar, state, others[index]!, BAR);
}

function drawSwatches(): void {
  const swatches = element("legend", HTMLElement).querySelectorAll("canvas");
  for (const [index, swatch] of swatches.entries()) {
    const { context, width, height } = prepare(swatch);
    paintPiece(context, index, { x: 0, y: 0, width, height, radius: 3 });
  }
  const { context, width, height } = prepare(element("total-swatch", HTMLCanvasElement));
  context.fillStyle = palette.text;
  context.fillRect(0, height / 2 - 1, width, 2);
}
