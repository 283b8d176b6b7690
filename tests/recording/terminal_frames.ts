/**
 * Turns what a program wrote to its terminal, with times, into what the terminal showed.
 *
 * @module
 */

import xterm from "@xterm/headless";
import type { Frame, Run } from "./terminal_svg.ts";

/** What a program wrote at some time. */
export interface Output {
  readonly seconds: number;
  readonly text: string;
}

/** Size of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Returns what a terminal of this size showed, whenever it had changed; at most one frame per `interval` seconds. */
export async function terminalFrames(
  outputs: readonly Output[],
  { columns, rows }: TerminalSize,
  interval: number,
): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  let before = "";
  for (const [index, { seconds, text }] of outputs.entries()) {
    await new Promise<void>((done) => terminal.write(text, done));
    const due = Math.floor(seconds / interval);
    const next = outputs[index + 1];
    if (next !== undefined && Math.floor(next.seconds / interval) === due) continue;
    const shown = Array.from({ length: rows }, (_, row) => runsOf(terminal, row, columns));
    const now = JSON.stringify(shown);
    if (now !== before) frames.push({ seconds: frames.length === 0 ? 0 : seconds, rows: shown });
    before = now;
  }
  terminal.dispose();
  return frames;
}

function runsOf(terminal: xterm.Terminal, row: number, columns: number): Run[] {
  const buffer = terminal.buffer.active;
  const line = buffer.getLine(buffer.baseY + row)!;
  const runs: (Run & { text: string })[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column)!;
    const look = {
      color: cell.isFgPalette() ? cell.getFgColor() : undefined,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
    const last = runs.at(-1);
    const text = cell.getChars() || " ";
    const isSame = last?.color === look.color && last?.bold === look.bold && last?.dim === look.dim;
    if (last !== undefined && isSame) last.text += text;
    else runs.push({ column, text, ...look });
  }
  return runs;
}
