/**
 * The interface through which a run reports on its files. text_report.ts implements it for people,
 * json_report.ts for programs.
 *
 * @module
 */

import type { TraceEvent } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import type { ProgressState } from "./progress_state.ts";
import type { Units } from "./text.ts";
import type { WriteOut } from "./write_out.ts";

/** What to report, and how. */
export interface ReportOptions {
  readonly verbosity: "silent" | "errors" | "normal" | "verbose";
  /** Whether to write events as lines of JSON instead of messages. */
  readonly json: boolean;
  readonly progress: boolean;
  /** Whether progress is one line, without the mirrors. */
  readonly simple: boolean;
  /** Units of sizes in what people read. */
  readonly units: Units;
  /** Format of the text that is written to stdout after each file. */
  readonly writeOut: WriteOut | undefined;
}

/** Receives the events of a run. */
export interface Report extends Disposable {
  /** Reports that a file is begun; returns what its events are reported to. */
  file(file: ReportedFile): FileReport;
  /** Shows a message that is not about a single file. */
  note(text: string): void;
  /** Reports that all files have ended; `failed` of them are not complete. */
  end(counts: { readonly files: number; readonly failed: number }): void;
}

export interface ReportedFile {
  /** Its number, from 0. */
  readonly number: number;
  /** How many files there are. */
  readonly of: number;
  /** Its name in messages. */
  readonly name: string;
  /** URLs of its mirrors, without credentials. */
  readonly urls: readonly string[];
}

/** Receives the events of one file. */
export interface FileReport {
  /** Shows a message. */
  note(text: string): void;
  /** Reports that existing bytes are being read; `share` of them have been, from 0 to 1. */
  rereading(share: number): void;
  /**
   * Reports that all bytes have arrived, but are not the right ones, and are being compared with those of other
   * mirrors; `share` of that is done, from 0 to 1.
   */
  comparing(share: number): void;
  /** Reports that the download begins; `state` may be called until it ends. */
  start(state: () => ProgressState): void;
  /** Takes a trace event. Returns whether it was shown to the user. */
  event(event: TraceEvent): boolean;
  /** Reports that the file is complete. */
  done(result: FileResult): void;
  /** Reports that the file was complete before; `why` says how that is known. */
  present(result: FileResult, why: string): void;
  /** Reports that the file is not complete. */
  failed(error: CommandError): void;
}

export interface FileResult {
  readonly name: string;
  /** Its size in bytes. */
  readonly bytes: number;
  /** How many of them existed before. */
  readonly existing: number;
  /** Duration of the download in milliseconds. */
  readonly elapsedMs: number;
  /** Mean rate of the download. */
  readonly bytesPerSecond: number;
  /** Number of mirrors that delivered bytes of the file. */
  readonly sources: number;
  readonly mirrors: number;
  /** Algorithms of the checksums that match. */
  readonly checksums: readonly string[];
}
