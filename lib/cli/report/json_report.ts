/**
 * Reports a run to programs: lines of JSON (NDJSON) on stderr. Every line has `v` (the version of the
 * format, 1), `type` and, if it is about a file, `file` (its number, from 0). Within a version, fields
 * and types may be added, but none changes its meaning. Sizes are in bytes, rates in bytes per second,
 * times in milliseconds since the start of the file's download.
 *
 * @module
 */

import { type TraceEvent, VERSION } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import { type ProgressState, totals } from "./progress_state.ts";
import type { FileReport, FileResult, Report, ReportedFile } from "./report.ts";

/** Time between progress lines, in milliseconds. */
const PERIOD_MS = 500;

export interface JsonReportOptions {
  /** Writes text to stderr. */
  readonly write: (text: string) => void;
  /** Whether to report single requests, too. */
  readonly verbose: boolean;
}

export class JsonReport implements Report {
  readonly #options: JsonReportOptions;
  readonly #timers = new Set<ReturnType<typeof setInterval>>();

  constructor(options: JsonReportOptions) {
    this.#options = options;
  }

  file({ number, of, name, urls }: ReportedFile): FileReport {
    const write = (type: string, facts: object) => this.#write(type, { file: number, ...facts });
    let state: (() => ProgressState) | undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    const percents = new Map<string, number>();
    const writeShare = (type: string, share: number) => {
      const percent = Math.floor(share * 100);
      if (percent === percents.get(type)) return;
      percents.set(type, percent);
      write(type, { share });
    };
    const progress = () => state && write("progress", progressOf(state()));
    const stop = () => {
      clearInterval(timer);
      if (timer !== undefined) this.#timers.delete(timer);
      progress();
      state = undefined;
    };
    write("start", { sphttp: VERSION, of, name, urls });
    return {
      note: (message) => write("note", { message }),
      rereading: (share) => writeShare("rereading", share),
      comparing: (share) => writeShare("comparing", share),
      start: (getState) => {
        state = getState;
        timer = setInterval(progress, PERIOD_MS);
        this.#timers.add(timer);
      },
      event: (event) => {
        for (const [type, facts] of linesOf(event, this.#options.verbose)) write(type, facts);
        return false;
      },
      done: (result: FileResult) => {
        stop();
        write("done", result);
      },
      present: (result, why) => {
        stop();
        write("note", { message: why });
        write("done", result);
      },
      failed: ({ message, exitCode }: CommandError) => {
        stop();
        write("error", { message, exitCode });
      },
    };
  }

  note(message: string): void {
    this.#write("note", { message });
  }

  end(counts: { readonly files: number; readonly failed: number }): void {
    this.#write("end", counts);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }

  #write(type: string, facts: object): void {
    this.#options.write(`${JSON.stringify({ v: 1, type, ...facts }, rounded)}\n`);
  }
}

/** Rounds numbers to three decimals: measured times have many more, which mean nothing. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
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

function linesOf(event: TraceEvent, verbose: boolean): [type: string, facts: object][] {
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
    // The end is reported as "done" or "error".
    case "end":
      return [];
    default:
      return verbose ? [[event.type, facts]] : [];
  }
}
