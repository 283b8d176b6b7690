/**
 * What a run of the command tells of its files. Two ways of telling are text_report.ts, for people,
 * and json_report.ts, for programs.
 *
 * @module
 */

import type { TraceEvent } from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import type { ProgressState } from "./progress_view.ts";
import type { WriteOut } from "./write_out.ts";

/** What is told, and how. */
export interface ReportOptions {
  readonly verbosity: "silent" | "errors" | "normal" | "verbose";
  /** Whether events are told as lines of JSON, instead of everything else. */
  readonly json: boolean;
  /** Whether the progress is shown. */
  readonly progress: boolean;
  /** What is written to stdout after each file. */
  readonly writeOut: WriteOut | undefined;
}

/** Takes what happens in a run. */
export interface Report extends Disposable {
  /** A file's turn has come. */
  file(file: ReportedFile): FileReport;
  /** Something that concerns no single file. */
  note(text: string): void;
  /** All files have ended; `failed` of them were not complete. */
  end(counts: { readonly files: number; readonly failed: number }): void;
}

/** A file, before anything is known of it. */
export interface ReportedFile {
  /** Its number, from 0. */
  readonly number: number;
  /** How many files there are. */
  readonly of: number;
  /** What it will be called. */
  readonly name: string;
  /** URLs of its mirrors, without credentials. */
  readonly urls: readonly string[];
}

/** Takes what happens to one file. */
export interface FileReport {
  /** Something worth a line. */
  note(text: string): void;
  /** Bytes from before are read; `share` of them have been, from 0 to 1. */
  rereading(share: number): void;
  /** The download begins; `state` may be asked at any time until it ends. */
  start(state: () => ProgressState): void;
  /** Something happened in the download; returns whether a person has been told of it. */
  event(event: TraceEvent): boolean;
  /** The file is complete. */
  done(result: FileResult): void;
  /** It was so before; `why` tells how that is known. */
  present(result: FileResult, why: string): void;
  /** It is not. */
  failed(error: CommandError): void;
}

/** How a complete file came to be. */
export interface FileResult {
  /** Where it is. */
  readonly name: string;
  /** Its size in bytes. */
  readonly bytes: number;
  /** How many of them were there before. */
  readonly existing: number;
  /** How long the download took, in milliseconds. */
  readonly elapsedMs: number;
  /** Bytes per second that came. */
  readonly bytesPerSecond: number;
  /** Mirrors that brought something of use, and all. */
  readonly sources: number;
  readonly mirrors: number;
  /** Names of the checksums that are right. */
  readonly checksums: readonly string[];
}
