/**
 * What a run tells people, on stderr: a live picture or plain lines, notes, and at the end of each
 * file a summary.
 *
 * @module
 */

import type { TraceEvent } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import { formatBytes, formatDuration, formatPercent, formatRate } from "./format.ts";
import { eventText, isNotable } from "./event_text.ts";
import { Display, type DisplayOptions } from "./live_display.ts";
import type { FileReport, FileResult, Report, ReportedFile, ReportOptions } from "./report.ts";

/** How people are told. */
export interface TextReportOptions {
  readonly verbosity: ReportOptions["verbosity"];
  /** How the progress is shown. */
  readonly display: DisplayOptions;
}

/** Tells a run in words. */
export class TextReport implements Report {
  readonly #verbosity: ReportOptions["verbosity"];
  readonly #display: Display;

  /** Tells nothing yet. */
  constructor({ verbosity, display }: TextReportOptions) {
    this.#verbosity = verbosity;
    this.#display = new Display(display);
  }

  /** @inheritdoc */
  file({ number, of, name }: ReportedFile): FileReport {
    // Of several files, each line says which one it is about.
    const about = of > 1 ? `${name}: ` : "";
    const say = (text: string) => this.note(about + text);
    let reread = -1;
    let end: (() => void) | undefined;
    return {
      note: say,
      rereading: (share) => {
        const tenth = Math.floor(share * 10);
        if (tenth === reread || this.#verbosity !== "normal") return;
        reread = tenth;
        this.#display.status(
          share < 1 ? `${about}reading what is there already: ${formatPercent(share)}` : "",
        );
      },
      start: (state) => end = this.#display.show(number, state),
      event: (event) => this.#tell(event, about),
      done: (result) => {
        end?.();
        say(summary(result));
      },
      present: (_, why) => say(why),
      failed: (error: CommandError) => {
        end?.();
        if (this.#verbosity === "silent" || error.message === "") return;
        this.#display.print(`sphttp: ${about}${error.message}`);
      },
    };
  }

  /** @inheritdoc */
  note(text: string): void {
    if (this.#quiet) return;
    this.#display.print(`sphttp: ${text}`);
  }

  /** @inheritdoc */
  end({ files, failed }: { readonly files: number; readonly failed: number }): void {
    if (files < 2) return;
    this.note(
      failed === 0
        ? `all ${files} files are complete`
        : failed === files
        ? `all ${files} files failed`
        : `${failed} of ${files} files failed; the others are complete`,
    );
  }

  /** Tells no more. */
  [Symbol.dispose](): void {
    this.#display[Symbol.dispose]();
  }

  get #quiet(): boolean {
    return this.#verbosity === "silent" || this.#verbosity === "errors";
  }

  #tell(event: TraceEvent, about: string): boolean {
    const verbose = this.#verbosity === "verbose";
    if (this.#quiet || !(verbose || isNotable(event))) return false;
    const before = verbose ? `[${(event.atMs / 1000).toFixed(3).padStart(8)}]` : "sphttp:";
    this.#display.print(`${before} ${about}${eventText(event)}`);
    return true;
  }
}

function summary(result: FileResult): string {
  const { bytes, existing, elapsedMs, bytesPerSecond, sources, mirrors, checksums, name } = result;
  const before = existing > 0 ? ` (${formatBytes(existing)} of it from before)` : "";
  const of = sources < mirrors ? ` of ${mirrors}` : "";
  const right = checksums.length === 0 ? "" : `; ${checksums.join(", ")} ok`;
  return `${formatBytes(bytes)}${before} in ${formatDuration(elapsedMs / 1000)}, ${
    formatRate(bytesPerSecond)
  }, ` +
    `from ${sources}${of} mirror${mirrors === 1 ? "" : "s"}${right} -> ${name}`;
}
