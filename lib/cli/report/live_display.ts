/**
 * Shows downloads on stderr: a live display on a terminal, plain lines elsewhere. progress_view.ts
 * renders the lines; this module moves the cursor and decides when to draw.
 *
 * @module
 */

import { TerminalProgress } from "./terminal_progress.ts";
import {
  fitMessage,
  printable,
  printableLines,
  textWidth,
  truncate,
} from "../../command_line/terminal_text.ts";
import type { Display, DisplayMode, DisplayOptions } from "./display.ts";
import type { ProgressState } from "./progress_state.ts";
import { progressLine, renderFiles, renderProgress, withoutColors } from "./progress_view.ts";

/** Options of a display that shows progress. */
export interface LiveDisplayOptions extends DisplayOptions {
  readonly mode: Exclude<DisplayMode, "none">;
}

/** Milliseconds between two live drawings. */
const LIVE_MS = 100;
/** Milliseconds between two plain lines. */
const PLAIN_MS = 3000;
/** A wider display is no easier to read. */
const MAX_COLUMNS = 120;

/** Shows one or several downloads. */
export class LiveDisplay implements Display {
  readonly #options: LiveDisplayOptions;
  /** Downloads that are shown, by number. */
  readonly #states = new Map<number, () => ProgressState>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Widths of the lines that are on the terminal. */
  #drawn: readonly number[] = [];
  /** Line that is shown while there is no download. */
  #status = "";
  readonly #title: TerminalProgress | undefined;

  /** Creates a display; writes nothing until it is used. */
  constructor(options: LiveDisplayOptions) {
    this.#options = options;
    this.#title = options.title ? new TerminalProgress(options.write) : undefined;
  }

  show(number: number, state: () => ProgressState): () => void {
    const { mode } = this.#options;
    this.#status = "";
    this.#states.set(number, state);
    // Deno loads its timers at their first use: not before the first requests are sent.
    queueMicrotask(() => {
      if (this.#states.size === 0) return;
      this.#timer ??= setInterval(() => this.draw(), mode === "live" ? LIVE_MS : PLAIN_MS);
    });
    return () => {
      this.#states.delete(number);
      if (this.#states.size === 0) this.stop();
    };
  }

  status(text: string): void {
    if (this.#options.mode !== "live" || this.#states.size > 0) return;
    this.#status = text;
    this.draw();
  }

  draw(): void {
    const { mode, write } = this.#options;
    const states = [...this.#states.values()].map((state) => state());
    if (mode === "plain") {
      return states.forEach((state) =>
        write(`${states.length > 1 ? `${state.name}: ` : ""}${progressLine(state)}\n`)
      );
    }
    this.#title?.update(states);
    if (states.length === 0 && this.#status === "" && this.#drawn.length === 0) return;
    const lines = this.#lines(states);
    const text = lines.map((line) => `${line}\x1b[K`).join("\n");
    // At the end of a full line, the echoed ^C of a Ctrl-C would move the cursor to the next one.
    write(`${this.#home()}${text}\x1b[J\r`);
    this.#drawn = lines.map((line) => textWidth(withoutColors(line)));
  }

  print(text: string): void {
    const { size, wraps, write } = this.#options;
    const lines = printableLines(text);
    write(`${this.#erase()}${wraps ? fitMessage(lines, size().columns) : lines}\n`);
    if (this.#options.mode === "live") this.draw();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#states.clear();
    this.#status = "";
    this.#title?.clear();
    const erase = this.#erase();
    if (erase !== "") this.#options.write(erase);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #lines(states: readonly ProgressState[]): string[] {
    const { size, color, unicode, simple } = this.#options;
    const { columns, rows } = size();
    const width = Math.min(MAX_COLUMNS, columns - 1);
    const room = Math.max(0, rows - 2);
    const [state] = states;
    if (state === undefined) return [truncate(printable(this.#status), width)];
    const mirrorLines = simple ? 0 : Math.min(8, room);
    return states.length === 1
      ? renderProgress(state, width, { color, unicode, mirrorLines })
      : renderFiles(states, width, { color, unicode, lines: Math.max(1, room) });
  }

  /** Returns the sequence that moves the cursor to the first line of the display. */
  #home(): string {
    if (this.#drawn.length === 0) return "";
    // A terminal that became narrower has wrapped the lines.
    const { columns } = this.#options.size();
    // The cursor is at the beginning of the last line.
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
