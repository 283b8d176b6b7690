/**
 * Shows progress outside the text of a terminal: in the title of its window, and in its tab or the task
 * bar (ConEmu's sequence OSC 9;4, which most terminals understand and others ignore). Both are taken back
 * at the end.
 *
 * @module
 */

import { printable, truncate } from "../../command_line/terminal_text.ts";
import { type ProgressState, totals } from "./progress_state.ts";
import { formatPercent } from "./text.ts";

/** Columns of a name in a title. */
const NAME_COLUMNS = 40;

/** Pushes the title of the window on a stack of the terminal, and takes it from there (XTWINOPS). */
const SAVE_TITLE = "\x1b[22;0t";
const RESTORE_TITLE = "\x1b[23;0t";

/** What is shown now, for an exit that disposes nothing. */
let shown: TerminalProgress | undefined;

/** Takes back what is shown, before an exit at once. */
export function clearTerminalProgress(): void {
  shown?.clear();
}

export class TerminalProgress {
  readonly #write: (text: string) => void;
  #last: string | undefined;

  /** Prepares showing; writes nothing yet. `write` writes to the terminal. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Shows the progress of downloads together. Writes only what has changed, by a percent. */
  update(states: readonly ProgressState[]): void {
    if (states.length === 0) return this.clear();
    const text = titleOf(states) + barOf(shareOf(states));
    if (text === this.#last) return;
    this.#write((this.#last === undefined ? SAVE_TITLE : "") + text);
    this.#last = text;
    // A command has one display.
    shown = this;
  }

  /** Takes back what is shown. */
  clear(): void {
    if (this.#last === undefined) return;
    this.#last = undefined;
    shown = undefined;
    this.#write(`${osc("9;4;0;0")}${RESTORE_TITLE}`);
  }
}

/** Returns the share of all files together; `undefined` if the size of one is unknown. */
function shareOf(states: readonly ProgressState[]): number | undefined {
  let [sum, size] = [0, 0];
  for (const { done, total } of states.map(totals)) {
    if (total === undefined) return undefined;
    sum += done;
    size += total;
  }
  return size === 0 ? 1 : sum / size;
}

function titleOf(states: readonly ProgressState[]): string {
  const share = shareOf(states);
  const what = states.length === 1
    ? truncate(printable(states[0]!.name), NAME_COLUMNS)
    : `${states.length} files`;
  return osc(`0;${share === undefined ? "" : `${formatPercent(share)} `}${what}`);
}

/** Returns the sequence for a share, or for progress of which no share is known. */
function barOf(share: number | undefined): string {
  if (share === undefined) return osc("9;4;3;0");
  return osc(`9;4;1;${Math.floor(100 * Math.min(1, share))}`);
}

function osc(text: string): string {
  return `\x1b]${text}\x07`;
}
