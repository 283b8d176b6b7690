/**
 * What is known about the download of a file while it goes on, and what is reported of it: notes, its
 * progress, its result, and the facts for `--write-out`.
 *
 * @module
 */

import type { Downloader, FileInfo, TraceEvent } from "../../../../mod.ts";
import type { CommandError } from "../../../command_line/command_error.ts";
import { parseHttpDateLeniently } from "../../../http/http_date.ts";
import { redactUrl } from "../../../http/address/redact.ts";
import { ExitCode } from "../../failure/exit_code.ts";
import type { PartFile } from "../../part/part_file.ts";
import { type ProgressState, totals } from "../../report/progress_state.ts";
import type { FileReport } from "../../report/report.ts";
import { formatBytes } from "../../report/text.ts";
import type { DownloadFacts } from "../../report/write_out.ts";
import type { UnmetCondition } from "./conditions.ts";
import type { Checks } from "../checks/checks.ts";
import type { FileTask } from "../tasks/file_task.ts";

export class DownloadState {
  /** Name of the output in messages; "" until it is known. */
  name = "";
  /** The part file, once it is open; outputs without one have `undefined`. */
  part: PartFile | undefined;
  /** The number of existing bytes that are not downloaded again for a comparison. */
  continuesAt = 0;
  /** What the mirrors agree on, once they have. */
  info: FileInfo | undefined;
  /** Messages of failures that the user has seen. */
  readonly shown: Set<string> = new Set();
  /** Whether mirrors became ready that the record of the part file may lack. */
  newMirrors = false;
  /** The path of the file once it is complete. */
  completed: string | undefined;
  readonly #task: FileTask;
  readonly #report: FileReport;
  #download: Downloader | undefined;
  #maxRate: number | undefined;
  #mode: "ranges" | "whole" | undefined;
  #retries = 0;
  #failedStatus: number | undefined;

  constructor(task: FileTask, report: FileReport) {
    this.#task = task;
    this.#report = report;
  }

  /** Existing bytes that are continued. */
  get existing(): number {
    return this.part?.existing.length ?? 0;
  }

  /** The download, once it has begun. */
  get download(): Downloader | undefined {
    return this.#download;
  }

  /** The limit of the download, in bytes per second; may change at any time. */
  get maxRate(): number | undefined {
    return this.#maxRate;
  }

  set maxRate(bytesPerSecond: number | undefined) {
    this.#maxRate = bytesPerSecond;
    if (this.#download !== undefined) this.#download.maxRate = bytesPerSecond;
  }

  /** Takes a download that begins; a second one replaces the first. */
  begin(download: Downloader): void {
    const isFirst = this.#download === undefined;
    this.#download = download;
    if (isFirst) this.#report.start(() => this.#progress(this.#download!));
  }

  /** Notes that existing bytes will be replaced, if so. */
  noteOverwriting(): void {
    if (!this.part?.startsOver) return;
    this.#report.note(
      `${this.part.partName} exists and will be overwritten; use -C - to continue it`,
    );
  }

  /** Notes what is continued, once it is known that it may be. */
  noteContinuation(): void {
    if (this.part === undefined) return;
    const { partName, existing: { lost, unproved, before } } = this.part;
    if (unproved > 0) {
      this.#report.note(
        `the last ${
          formatBytes(unproved)
        } of ${partName} are not proved by the digests of the pieces, ` +
          "and are downloaded again",
      );
    }
    // A few zeros may be what was received.
    if (lost >= 1024) {
      this.#report.note(
        `the last ${
          formatBytes(lost)
        } of ${partName} did not reach the disk before a crash of the ` +
          "system, and are downloaded again",
      );
    }
    if (this.existing === 0) return;
    this.#report.note(`resuming ${partName} at ${formatBytes(this.existing)}`);
    if (before.note !== undefined) this.#report.note(before.note);
  }

  /** Takes an event of the download. */
  event(event: TraceEvent): void {
    if (event.type === "open") this.#mode = event.mode;
    if (event.type === "failure" && event.retryInMs !== undefined) this.#retries++;
    if (event.type === "mirror" && event.state === "ready") this.newMirrors = true;
    const shown = this.#report.event(event);
    if (shown && event.type === "mirror" && event.state === "dropped") {
      this.shown.add(event.message);
    }
  }

  /** Bytes that are there, and the size of the file; `undefined` before the download began. */
  get totals(): { readonly done: number; readonly total: number | undefined } | undefined {
    return this.#download && totals(this.#progress(this.#download));
  }

  /** Returns the modification time that the file is to have; `undefined` for the current time. */
  mtime(): Date | undefined {
    if (!this.#task.target.remoteTime) return undefined;
    const time = parseHttpDateLeniently(this.info?.lastModified ?? "", Date.now());
    // No file is older than 1970.
    if (time !== undefined && time >= 0) return new Date(time);
    this.#report.note("no mirror sent Last-Modified; the file has the current time");
    return undefined;
  }

  /** Reports that the file is complete, and that these checks have passed. */
  done({ checksums, signature }: Checks): void {
    this.completed = this.name;
    if (signature !== undefined) this.#report.note(`the file is signed by ${signature.signer}`);
    const progress = this.#progress(this.#download!);
    const { elapsedMs, consumedBytes, mirrors } = progress.stats;
    this.#report.done({
      name: this.name,
      bytes: totals(progress).done,
      existing: this.existing,
      elapsedMs,
      bytesPerSecond: 1000 * consumedBytes / Math.max(elapsedMs, 1),
      sources: mirrors.filter(({ bytes, wastedBytes }) => bytes > wastedBytes).length,
      mirrors: mirrors.length,
      checksums: checksums.map(({ name }) => name),
    });
  }

  /** Reports that the file was not to be downloaded. */
  skip({ message }: UnmetCondition): void {
    this.#failedStatus = 304;
    const { name, urls } = this.#task;
    const shown = this.name || name || redactUrl(urls[0]!);
    const nothing = { bytes: 0, existing: 0, elapsedMs: 0, bytesPerSecond: 0, sources: 0 };
    const result = { name: shown, ...nothing, mirrors: urls.length, checksums: [] };
    this.#report.present(result, `${shown}: ${message}; nothing was downloaded`);
  }

  /** Reports that the file lists others, which are downloaded instead. */
  follow(): void {
    const { name, urls: { length } } = this.#task;
    const nothing = { bytes: 0, existing: 0, elapsedMs: 0, bytesPerSecond: 0, sources: 0 };
    const result = { name, ...nothing, mirrors: length, checksums: [] };
    this.#report.present(result, `${name} is a Metalink; the files that it lists are downloaded`);
  }

  /** Remembers the HTTP status of the first failure that has one. */
  fail(error: unknown): void {
    const causes = error instanceof Error && Array.isArray(error.cause) ? error.cause : [];
    const statuses: (number | undefined)[] = causes.map(({ status }) => status);
    this.#failedStatus = statuses.find((status) => status !== undefined);
  }

  /** Returns the facts for `--write-out`. */
  facts(error?: CommandError): DownloadFacts {
    const { urls, number } = this.#task;
    const stats = this.#download?.stats();
    const mirrors = stats?.mirrors ?? [];
    const answered = { ranges: 206, whole: 200, none: 0 }[this.#mode ?? "none"];
    return {
      url: redactUrl(urls[0]!),
      mirrors: Math.max(urls.length, mirrors.length),
      mirrorsUsed: mirrors.filter(({ bytes, wastedBytes }) => bytes > wastedBytes).length,
      fileName: this.name,
      status: this.#failedStatus ?? answered,
      contentType: this.info?.contentType ?? "",
      bytes: stats?.consumedBytes ?? 0,
      wastedBytes: stats?.wastedBytes ?? 0,
      retries: this.#retries,
      firstByteMs: stats?.firstByteMs ?? 0,
      elapsedMs: stats?.elapsedMs ?? 0,
      exitCode: error?.exitCode ?? ExitCode.OK,
      error: error?.message ?? "",
      number,
    };
  }

  #progress(download: Downloader): ProgressState {
    const isNamed = this.name !== "stdout" && this.name !== "";
    return {
      name: isNamed ? this.name.replace(/^.*[/\\]/, "") : this.#task.name,
      offset: this.continuesAt,
      stats: download.stats(),
    };
  }
}
