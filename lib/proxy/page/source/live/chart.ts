/**
 * Draws the rate of each mirror over the last minute.
 *
 * @module
 */

import { formatRoundBytes, roundUp } from "../formats.ts";
import { colorOf, palette, patternOf, prepare } from "./canvas.ts";
import { CHART_MS, type LiveState, LONGEST_GAP_MS, type RateSample } from "./state.ts";

const HEIGHT = 190;
const SHORTEST_SPAN_MS = 15_000;
const LEAST_TOP_RATE = 100_000;
/** Dashes of the lines, by the mirror's pattern. */
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

/** Draws the chart. */
export function drawChart(
  canvas: HTMLCanvasElement,
  { history, latest, mirrors }: LiveState,
): void {
  const { context, snap, width, height } = prepare(canvas, HEIGHT);
  const now = latest.at;
  const top = roundUp(Math.max(LEAST_TOP_RATE, ...history.map(({ total }) => total)));
  const [ceiling, floor] = [18, height - 20];
  const first = history[0]?.at ?? now;
  const span = Math.min(CHART_MS, Math.max(SHORTEST_SPAN_MS, now - first));
  const x = (at: number) => width * (1 - (now - at) / span);
  const y = (rate: number) => floor - (floor - ceiling) * Math.min(rate, 1.05 * top) / top;

  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = palette.soft;
  for (const rate of [0, top / 2, top]) {
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, snap(y(rate)) + 0.5);
    context.lineTo(width, snap(y(rate)) + 0.5);
    context.stroke();
  }
  context.textAlign = "left";
  context.fillText(`${Math.round(span / 1000)} s ago`, 0, height - 4);
  context.textAlign = "right";
  context.fillText("now", width, height - 4);

  const curve = (
    color: string,
    dash: readonly number[],
    rateOf: (sample: RateSample) => number,
  ) => {
    context.strokeStyle = color;
    context.setLineDash(dash);
    context.beginPath();
    let before = -Infinity;
    for (const sample of history) {
      const point = [x(sample.at), y(rateOf(sample))] as const;
      if (sample.at - before > LONGEST_GAP_MS) context.moveTo(...point);
      else context.lineTo(...point);
      before = sample.at;
    }
    context.stroke();
  };
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  context.lineJoin = "round";
  context.lineWidth = 2;
  for (const index of mirrors.keys()) {
    curve(colorOf(index), DASHES[patternOf(index)]!, ({ rates }) => rates[index] ?? 0);
  }
  curve(palette.text, [], ({ total }) => total);
  context.restore();
  context.textAlign = "left";
  for (const rate of [top / 2, top]) {
    // Outlined, to be readable where a curve passes.
    context.strokeStyle = palette.card;
    context.lineWidth = 4;
    context.strokeText(`${formatRoundBytes(rate)}/s`, 0, y(rate) - 4);
    context.fillText(`${formatRoundBytes(rate)}/s`, 0, y(rate) - 4);
  }
}
