/**
 * Reports a run to people, on stderr: progress, messages, and a summary at the end of each file.
 *
 * @module
 */

import type { TraceEvent } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import { formatBytes, formatDuration, formatPercent, formatRate } from "./text.ts";
import { eventText, isNotable } from "./event_text.ts";
import type { Display } from "./display.ts";
import type { FileReport, FileResult, Report, ReportedFile, ReportOptions } from "./report.ts";

export class TextReport implements Report {
  readonly #verbosity: ReportOptions["verbosity"];
  readonly #display: Display;

  /** Creates a report, which disposes the display with itself. */
  constructor(verbosity: ReportOptions["verbosity"], display: Display) {
    this.#verbosity = verbosity;
    this.#display = display;
  }

  file({ number, of, name, urls }: ReportedFile): FileReport {
    // With several files, each line begins with the name of its file.
    const prefix = of > 1 ? `${name}: ` : "";
    const note = (text: string) => this.note(prefix + text);
    let shown = "";
    const status = (what: string, share: number) => {
      const text = share < 1
        ? `${prefix}${what}: ${formatPercent(Math.floor(share * 10) / 10)}`
        : "";
      if (text === shown || this.#verbosity !== "normal") return;
      shown = text;
      this.#display.status(text);
    };
    // A request for several blocks has an event for each.
    let request: number | undefined;
    let end: (() => void) | undefined;
    return {
      note,
      rereading: (share) => status("reading existing bytes", share),
      comparing: (share) => {
        end?.();
        status("comparing with other mirrors", share);
      },
      start: (state) => end = this.#display.show(number, state),
      event: (event) => {
        if (event.type === "send") {
          if (event.request === request) return false;
          request = event.request;
        }
        // The error of the file says why the only mirror was dropped.
        const last = event.type === "mirror" && event.state === "dropped" && urls.length === 1;
        if (last && this.#verbosity === "normal") return false;
        return this.#event(event, prefix);
      },
      done: (result) => {
        end?.();
        note(summary(result));
      },
      present: (_, why) => {
        end?.();
        note(why);
      },
      failed: (error: CommandError) => {
        end?.();
        if (this.#verbosity === "silent" || error.message === "") return;
        this.#display.print(`sphttp: ${prefix}${error.message}`);
      },
    };
  }

  note(text: string): void {
    if (this.#quiet) return;
    this.#display.print(`sphttp: ${text}`);
  }

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

  [Symbol.dispose](): void {
    this.#display[Symbol.dispose]();
  }

  get #quiet(): boolean {
    return this.#verbosity === "silent" || this.#verbosity === "errors";
  }

  #event(event: TraceEvent, prefix: string): boolean {
    const verbose = this.#verbosity === "verbose";
    if (this.#quiet || !(verbose || isNotable(event))) return false;
    const start = verbose ? `[${(event.atMs / 1000).toFixed(3).padStart(8)}]` : "sphttp:";
    this.#display.print(`${start} ${prefix}${eventText(event)}`);
    return true;
  }
}

function summary(result: FileResult): string {
  const { bytes, existing, elapsedMs, bytesPerSecond, sources, mirrors, checksums, name } = result;
  const resumed = existing > 0 ? ` (${formatBytes(existing)} resumed)` : "";
  const time = formatDuration(elapsedMs / 1000);
  const of = sources < mirrors ? ` of ${mirrors}` : "";
  const verified = checksums.length === 0 ? "" : `; ${checksums.join(", ")} ok`;
  return `${formatBytes(bytes)}${resumed} in ${time}, ${formatRate(bytesPerSecond)}, ` +
    `from ${sources}${of} mirror${mirrors === 1 ? "" : "s"}${verified} -> ${name}`;
}
