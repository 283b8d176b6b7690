/**
 * What a run tells, as lines of JSON on stderr (NDJSON) for programs. Every line has `v` (the
 * version of this format, 1), `type` and, where it is about a file, `file` (its number, from 0).
 * Within a version, fields and types may be added, and none changes its meaning. Sizes are in bytes,
 * rates in bytes per second, times in milliseconds since the start of the file's download.
 *
 * @module
 */

import { type TraceEvent, VERSION } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import { type ProgressState, totals } from "./progress_view.ts";
import type { FileReport, FileResult, Report, ReportedFile } from "./report.ts";

/** How often the progress is told, in milliseconds. */
const PERIOD_MS = 500;

/** How lines of JSON are told. */
export interface JsonReportOptions {
  /** Puts text on stderr. */
  readonly write: (text: string) => void;
  /** Whether single requests are told, too. */
  readonly verbose: boolean;
}

/** Tells a run in lines of JSON. */
export class JsonReport implements Report {
  readonly #options: JsonReportOptions;
  readonly #timers = new Set<ReturnType<typeof setInterval>>();

  /** Tells nothing yet. */
  constructor(options: JsonReportOptions) {
    this.#options = options;
  }

  /** @inheritdoc */
  file({ number, of, name, urls }: ReportedFile): FileReport {
    const tell = (type: string, facts: object) => this.#tell(type, { file: number, ...facts });
    let state: (() => ProgressState) | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    let reread = -1;
    const progress = () => state && tell("progress", progressOf(state()));
    const stop = () => {
      clearInterval(timer);
      if (timer !== undefined) this.#timers.delete(timer);
      progress();
      state = undefined;
    };
    tell("start", { sphttp: VERSION, of, name, urls });
    return {
      note: (message) => tell("note", { message }),
      rereading: (share) => {
        const percent = Math.floor(share * 100);
        if (percent === reread) return;
        reread = percent;
        tell("rereading", { share });
      },
      start: (ask) => {
        state = ask;
        timer = setInterval(progress, PERIOD_MS);
        this.#timers.add(timer);
      },
      event: (event) => {
        for (const [type, facts] of told(event, this.#options.verbose)) tell(type, facts);
        return false;
      },
      done: (result: FileResult) => {
        stop();
        tell("done", result);
      },
      present: (result, why) => {
        tell("note", { message: why });
        tell("done", result);
      },
      failed: ({ message, exitCode }: CommandError) => {
        stop();
        tell("error", { message, exitCode });
      },
    };
  }

  /** @inheritdoc */
  note(message: string): void {
    this.#tell("note", { message });
  }

  /** @inheritdoc */
  end(counts: { readonly files: number; readonly failed: number }): void {
    this.#tell("end", counts);
  }

  /** Tells no more. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }

  #tell(type: string, facts: object): void {
    this.#options.write(`${JSON.stringify({ v: 1, type, ...facts })}\n`);
  }
}

function progressOf(state: ProgressState): object {
  const { done, total, etaMs } = totals(state);
  const { elapsedMs, bytesPerSecond, bufferedBytes, mirrors } = state.stats;
  return {
    ...{ elapsedMs, bytes: done, size: total, bytesPerSecond, etaMs, bufferedBytes },
    mirrors: mirrors.map(({ url, state, bytesPerSecond, bytes }) => ({
      ...{ url, state, bytesPerSecond, bytes },
    })),
  };
}

/** The lines that an event becomes. */
function told(event: TraceEvent, verbose: boolean): [type: string, facts: object][] {
  const { type: _, ...facts } = event;
  switch (event.type) {
    case "open":
      return [["open", facts]];
    case "mirror":
      return [["mirror", facts]];
    case "failure":
      return [["failover", facts]];
    case "note":
      return [["note", facts]];
    case "send":
      return [
        ...event.duplicate ? [["duplicate", facts] as [string, object]] : [],
        ...verbose ? [["request", facts] as [string, object]] : [],
      ];
    // The end is told with what became of the file.
    case "end":
      return [];
    default:
      return verbose ? [[event.type, facts]] : [];
  }
}
