/**
 * Shows a download on stderr: a live picture on a terminal, plain lines elsewhere. What the picture
 * looks like is decided in progress_view.ts; this file only knows cursors, timers, and when.
 *
 * @module
 */

import { progressLine, type ProgressState, renderProgress, stripColor } from "./progress_view.ts";
import { textWidth } from "./text_width.ts";

/** How a download is shown. */
export type DisplayMode =
  /** A picture that is drawn anew, on a terminal. */
  | "live"
  /** A line every few seconds. */
  | "plain"
  /** No progress. */
  | "none";

/** What a display is set up with. */
export interface DisplayOptions {
  /** How the download is shown. */
  readonly mode: DisplayMode;
  /** Puts text on stderr. */
  readonly write: (text: string) => void;
  /** Columns and rows of the terminal. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Whether colours are used. */
  readonly color: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
}

/** Milliseconds between two pictures. */
const LIVE_MS = 100;
/** Milliseconds between two plain lines. */
const PLAIN_MS = 3000;

/** Shows one download. */
export class Display implements Disposable {
  readonly #options: DisplayOptions;
  #state: (() => ProgressState) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Widths of the lines of the picture that stands on the terminal. */
  #drawn: readonly number[] = [];

  /** Shows nothing until {@linkcode Display.start}. */
  constructor(options: DisplayOptions) {
    this.#options = options;
  }

  /** Shows the progress from now on; `state` is asked whenever it is drawn. */
  start(state: () => ProgressState): void {
    const { mode } = this.#options;
    if (mode === "none") return;
    this.#state = state;
    this.#timer = setInterval(() => this.draw(), mode === "live" ? LIVE_MS : PLAIN_MS);
  }

  /** Draws the progress as it is now. */
  draw(): void {
    if (this.#state === undefined) return;
    const { mode, write, size, color, unicode } = this.#options;
    if (mode === "plain") return write(`${progressLine(this.#state())}\n`);
    const { columns, rows } = size();
    const lines = renderProgress(this.#state(), Math.min(200, columns - 1), {
      color,
      unicode,
      mirrorLines: Math.min(8, Math.max(0, rows - 2)),
    });
    const text = lines.map((line) => `${line}\x1b[K`).join("\n");
    write(`${this.#home()}${text}\x1b[J`);
    this.#drawn = lines.map((line) => textWidth(stripColor(line)));
  }

  /** Puts lines above the picture. */
  print(text: string): void {
    this.#options.write(`${this.#erase()}${text}\n`);
    if (this.#options.mode === "live") this.draw();
  }

  /** Stops, and takes the picture away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#state = undefined;
    const erase = this.#erase();
    if (erase !== "") this.#options.write(erase);
  }

  /** Stops. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** Moves to the beginning of the picture. */
  #home(): string {
    if (this.#drawn.length === 0) return "";
    // A terminal that was made narrower has wrapped what was drawn on it.
    const { columns } = this.#options.size();
    const rows = this.#drawn.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows > 1 ? `\r\x1b[${rows - 1}A` : "\r";
  }

  #erase(): string {
    const home = this.#home();
    this.#drawn = [];
    return home && `${home}\x1b[J`;
  }
}
