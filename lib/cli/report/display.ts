/**
 * The interface of a display: messages for people, beside the progress of downloads or without it. terminal.ts
 * opens one.
 *
 * @module
 */

import type { ProgressState } from "./progress_state.ts";

/** How downloads are shown. */
export type DisplayMode =
  /** Redrawn in place, on a terminal. */
  | "live"
  /** A line every few seconds. */
  | "plain"
  /** No progress. */
  | "none";

export interface DisplayOptions {
  /** How downloads are shown. */
  readonly mode: DisplayMode;
  /** Writes text to stderr. */
  readonly write: (text: string) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly color: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
  /** Whether lines that are too wide for the terminal are broken between words. */
  readonly wraps?: boolean | undefined;
  /** Whether progress is shown in the title of the terminal, too. */
  readonly title?: boolean | undefined;
  /** Whether one line is shown for all mirrors together. */
  readonly simple?: boolean | undefined;
}

/** Shows one or several downloads, and messages. Writes nothing before it is used. */
export interface Display extends Disposable {
  /** Shows a download, calling `state` for each drawing. Returns a function that ends this. */
  show(number: number, state: () => ProgressState): () => void;
  /** Shows a line while there is no download to show; "" removes it. */
  status(text: string): void;
  /** Prints lines, above the downloads. */
  print(text: string): void;
}
