/**
 * Shows downloads on stderr: a live picture on a terminal, plain lines elsewhere. What the picture
 * looks like is decided in progress_view.ts; this file only knows cursors, timers, and when.
 *
 * @module
 */

import { printable, printableLines, textWidth, truncate } from "./text_width.ts";
import {
  progressLine,
  type ProgressState,
  renderFiles,
  renderProgress,
  stripColor,
} from "./progress_view.ts";

/** How downloads are shown. */
export type DisplayMode =
  /** A picture that is drawn anew, on a terminal. */
  | "live"
  /** A line every few seconds. */
  | "plain"
  /** No progress. */
  | "none";

/** What a display is set up with. */
export interface DisplayOptions {
  /** How downloads are shown. */
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
/** A wider picture is no better to read. */
const MOST_COLUMNS = 120;

/** Shows one download, or several. */
export class Display implements Disposable {
  readonly #options: DisplayOptions;
  /** What is shown, by number. */
  readonly #states = new Map<number, () => ProgressState>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Widths of the lines of the picture that stands on the terminal. */
  #drawn: readonly number[] = [];
  /** A line in the place of the picture. */
  #status = "";

  /** Shows nothing until {@linkcode Display.show}. */
  constructor(options: DisplayOptions) {
    this.#options = options;
  }

  /** Shows a download from now on; `state` is asked whenever it is drawn. Returns what ends that. */
  show(number: number, state: () => ProgressState): () => void {
    const { mode } = this.#options;
    if (mode === "none") return () => {};
    this.#status = "";
    this.#states.set(number, state);
    this.#timer ??= setInterval(() => this.draw(), mode === "live" ? LIVE_MS : PLAIN_MS);
    return () => {
      this.#states.delete(number);
      if (this.#states.size === 0) this.stop();
    };
  }

  /** Shows a line while there is no download to be shown; "" takes it away. */
  status(text: string): void {
    if (this.#options.mode !== "live" || this.#states.size > 0) return;
    this.#status = text;
    this.draw();
  }

  /** Draws the progress as it is now. */
  draw(): void {
    const { mode, write } = this.#options;
    const states = [...this.#states.values()].map((state) => state());
    if (mode === "plain") {
      return states.forEach((state) =>
        write(`${states.length > 1 ? `${state.name}: ` : ""}${progressLine(state)}\n`)
      );
    }
    if (mode === "none" || (states.length === 0 && this.#status === "" && !this.#drawn.length)) {
      return;
    }
    const lines = this.#lines(states);
    const text = lines.map((line) => `${line}\x1b[K`).join("\n");
    // Left at the end of a line, the cursor would be pushed to the next one by the ^C of a Ctrl-C.
    write(`${this.#home()}${text}\x1b[J\r`);
    this.#drawn = lines.map((line) => textWidth(stripColor(line)));
  }

  /** Puts lines above the picture. */
  print(text: string): void {
    this.#options.write(`${this.#erase()}${printableLines(text)}\n`);
    if (this.#options.mode === "live") this.draw();
  }

  /** Stops, and takes the picture away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#states.clear();
    this.#status = "";
    const erase = this.#erase();
    if (erase !== "") this.#options.write(erase);
  }

  /** Stops. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #lines(states: readonly ProgressState[]): string[] {
    const { size, color, unicode } = this.#options;
    const { columns, rows } = size();
    const width = Math.min(MOST_COLUMNS, columns - 1);
    const room = Math.max(0, rows - 2);
    const [state] = states;
    if (state === undefined) return [truncate(printable(this.#status), width)];
    return states.length === 1
      ? renderProgress(state, width, { color, unicode, mirrorLines: Math.min(8, room) })
      : renderFiles(states, width, { color, unicode, lines: Math.max(1, room) });
  }

  /** Moves to the beginning of the picture. */
  #home(): string {
    if (this.#drawn.length === 0) return "";
    // A terminal that was made narrower has wrapped what was drawn on it.
    const { columns } = this.#options.size();
    // The cursor stands where the last line begins.
    const rows = this.#drawn.slice(0, -1).reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows > 0 ? `\r\x1b[${rows}A` : "\r";
  }

  #erase(): string {
    const home = this.#home();
    this.#drawn = [];
    return home && `${home}\x1b[J`;
  }
}
