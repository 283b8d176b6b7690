/**
 * Downloads one file: from the mirrors, through the comparison with an existing part file and the
 * checksums, to its target, and reports on it. Errors that a user can act on become a
 * {@linkcode CommandError} here.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  type FileInfo,
  type TraceEvent,
  VERSION,
} from "../../../mod.ts";
import type { CommandError } from "../../command_line/command_error.ts";
import { parseHttpDateLeniently } from "../../http/http_date.ts";
import { redactUrl } from "../../http/address/redact.ts";
import { unlessAborted } from "../../unless_aborted.ts";
import { ChecksumVerifier } from "../checksum/checksum.ts";
import { ExitCode } from "../failure/exit_code.ts";
import { formatBytes } from "../report/text.ts";
import type { FileContext, FileTask } from "./file_tasks.ts";
import { openTarget, type Output } from "../output/output.ts";
import { Continuation, continuationStart } from "../part/continuation.ts";
import type { PartFile } from "../part/part_file.ts";
import type { Piece } from "../part/compared_pieces.ts";
import { recordedFile } from "../part/resume_record.ts";
import { resolveTarget, type Target } from "../output/target.ts";
import { explainDownload } from "./explain_download.ts";
import { Conditions, type UnmetCondition } from "./conditions.ts";
import { verifyPresent } from "./present_file.ts";
import { type ProgressState, totals } from "../report/progress_view.ts";
import { startLine, TraceFile } from "../output/trace_file.ts";
import type { LimitedDownload } from "./shared_rate.ts";
import { findRange, type FoundRange } from "./find_range.ts";
import type { DownloadFacts } from "../report/write_out.ts";

/** A download that is open. */
interface Begun {
  readonly range: FoundRange;
  readonly download: Downloader;
  readonly info: FileInfo;
}

export interface FileDownloadContext extends FileContext {
  /** Where events are written as lines of JSON. */
  readonly traceFile: string | undefined;
}

export class FileDownload implements LimitedDownload {
  readonly #task: FileTask;
  readonly #context: FileDownloadContext;
  /** Messages of failures that the user has seen. */
  readonly #shown = new Set<string>();
  #name = "";
  #output: Output | undefined;
  #download: Downloader | undefined;
  #info: FileInfo | undefined;
  #mode: "ranges" | "whole" | undefined;
  #retries = 0;
  /** Whether mirrors became ready that the record of the part file may lack. */
  #newMirrors = false;
  #conditions = Conditions.NONE;
  #maxRate: number | undefined;

  constructor(task: FileTask, context: FileDownloadContext) {
    this.#task = task;
    this.#context = context;
  }

  /** Downloads the file. Rejects with a {@linkcode CommandError} if that fails. */
  async run(): Promise<void> {
    const { target: options, urls, conditions } = this.#task;
    const { signal, report } = this.#context;
    signal.throwIfAborted();
    this.#conditions = await Conditions.of(conditions, (text) => report.note(text));
    if (options.nameFromServer && options.output === undefined) return await this.#runUnnamed();
    const target = await resolveTarget(options, urls[0]!);
    this.#name = target.name;
    if (target.type === "present") {
      return await verifyPresent(target, this.#task, this.#context);
    }
    using trace = this.#openTrace();
    await this.#save(target, trace);
  }

  /**
   * Downloads a file whose name a mirror gives: the download begins before its target is known, so that
   * a link that works once is not spent on the name.
   */
  async #runUnnamed(): Promise<void> {
    const { target: options, urls } = this.#task;
    const { signal } = this.#context;
    using trace = this.#openTrace();
    let begun: Begun;
    try {
      const range = await findRange(this.#task, { ...this.#context.options, signal });
      begun = await this.#begin(range, trace);
    } catch (error) {
      const unmet = this.#conditions.unmetBy(error);
      if (unmet !== undefined) return this.#skip(unmet);
      throw await this.#explain(error, undefined);
    }
    await using download = begun.download;
    const target = await resolveTarget(options, urls[0]!, begun.info.fileName);
    this.#name = target.name;
    if (target.type === "present") {
      await download.cancel();
      return await verifyPresent(target, this.#task, this.#context);
    }
    await this.#save(target, trace, begun);
  }

  #openTrace(): TraceFile | undefined {
    const { traceFile } = this.#context;
    return traceFile === undefined ? undefined : new TraceFile(traceFile);
  }

  /** Downloads the file to its target; `begun` is its download, if it has begun. */
  async #save(
    target: Exclude<Target, { type: "present" }>,
    trace: TraceFile | undefined,
    begun?: Begun,
  ): Promise<void> {
    const { target: options } = this.#task;
    const { signal } = this.#context;
    // Opening a pipe waits for its reader.
    const opening = openTarget(target, options);
    using output = await unlessAborted(opening, signal, (output) => output[Symbol.dispose]());
    this.#output = output;
    this.#name = output.name;
    try {
      this.#announce(output);
      const work = this.#fetch(output, trace, begun);
      // Writing to a pipe may never end, so an abort does not wait for it.
      await (output.part === undefined ? unlessAborted(work, signal) : work);
      await output.part?.complete({ mtime: this.#mtime() });
      this.#name = output.name;
    } catch (error) {
      const unmet = this.#conditions.unmetBy(error);
      if (unmet !== undefined) return this.#skip(unmet);
      if (options.removeOnError) await output.part?.remove();
      else await output.part?.settle();
      throw await this.#explain(error, output.part);
    }
    trace?.finish();
    this.#done();
    await this.#conditions.save(this.#info!);
  }

  /** The limit of the download, in bytes per second; may change at any time. */
  get maxRate(): number | undefined {
    return this.#maxRate;
  }

  set maxRate(bytesPerSecond: number | undefined) {
    this.#maxRate = bytesPerSecond;
    if (this.#download !== undefined) this.#download.maxRate = bytesPerSecond;
  }

  /** Returns the number of bytes that have arrived. */
  arrived(): number {
    return this.#download?.stats().mirrors.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  }

  /** Returns the facts for `--write-out`. */
  facts(error?: CommandError): DownloadFacts {
    const { urls, number } = this.#task;
    const stats = this.#download?.stats();
    const mirrors = stats?.mirrors ?? [];
    const answered = { ranges: 206, whole: 200, none: 0 }[this.#mode ?? "none"];
    return {
      url: redactUrl(urls[0]!),
      mirrors: urls.length,
      mirrorsUsed: mirrors.filter(({ bytes, wastedBytes }) => bytes > wastedBytes).length,
      fileName: this.#name,
      status: this.#failedStatus ?? answered,
      contentType: this.#info?.contentType ?? "",
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

  #failedStatus: number | undefined;

  /** Existing bytes that are continued. */
  get #existing(): number {
    return this.#output?.part?.existing ?? 0;
  }

  async #fetch(output: Output, trace: TraceFile | undefined, begun?: Begun): Promise<void> {
    const { checksums } = this.#task;
    const { signal, report } = this.#context;
    const range = begun?.range ??
      await findRange(this.#task, { ...this.#context.options, signal });
    output.part?.expect(range);
    const { part } = output;
    const onProgress = (share: number) => {
      signal.throwIfAborted();
      report.rereading(share);
    };
    let compared: readonly Piece[] = [];
    if (part !== undefined && this.#existing > 0) {
      await part.verify(range, onProgress);
      // A checksum of the whole file proves more than pieces do.
      if (checksums.length === 0) compared = await part.digestsToCompare(range);
    }
    const verifier = checksums.length > 0 ? await ChecksumVerifier.of(checksums) : undefined;
    const continuation = await this.#reread(output, verifier);
    // What exists is not downloaded again: only now is it known how much of this file does.
    if (this.#existing > 0) await begun?.download.cancel();
    const { download: open, info } = begun !== undefined && this.#existing === 0
      ? begun
      : await this.#begin(range, trace, compared);
    await using download = open;
    output.part?.begin({ info, mirrors: download.knownFile?.mirrors, ...range });
    this.#announceContinuation(output);
    for await (const part of download) {
      if (this.#newMirrors) {
        this.#newMirrors = false;
        await output.part?.learn(download.knownFile?.mirrors ?? []);
      }
      const fresh = continuation === undefined ? part : continuation.take(part);
      if (fresh.byteLength === 0) continue;
      verifier?.update(fresh);
      await output.write(fresh);
      download.release(part);
    }
    continuation?.finish();
    const stays = output.part !== undefined && !this.#task.target.removeOnError;
    verifier?.verify(stays ? `; the bytes are kept in ${output.part?.partName}` : "");
  }

  /**
   * Opens the download of what does not exist yet, if the conditions are met. `knownPieces` are those of
   * the part file: mirrors that may have another file are compared with them.
   */
  async #begin(
    range: FoundRange,
    trace: TraceFile | undefined,
    knownPieces: readonly Piece[] = [],
  ): Promise<Begun> {
    const { urls } = this.#task;
    const { signal, report } = this.#context;
    const wanted = this.#options(range, knownPieces);
    trace?.write(startLine(VERSION, urls, wanted));
    const onEvent = (event: TraceEvent) => {
      trace?.write(event);
      this.#event(event);
    };
    const isFirst = this.#download === undefined;
    const download = this.#download = new Downloader(urls, { ...wanted, signal, onEvent });
    if (isFirst) report.start(() => this.#state());
    try {
      const info = this.#info = await download.open();
      this.#conditions.check(info);
      return { range, download, info };
    } catch (error) {
      await download.cancel();
      throw error;
    }
  }

  #options(
    { start, end, knownFile }: FoundRange,
    knownPieces: readonly Piece[],
  ): DownloaderOptions {
    const { options } = this.#context;
    const headers = new Headers(options.headers);
    for (const [name, value] of this.#conditions.headers) headers.set(name, value);
    const record = this.#output?.part?.before.record;
    return {
      ...options,
      maxRate: this.#maxRate ?? options.maxRate,
      headers,
      // What was learned of mirrors just now does not prove that the part file is of their file.
      knownFile: this.#existing > 0 ? record && recordedFile(record, this.#task.urls) : knownFile,
      knownPieces,
      expectedSize: record?.size,
      range: { start: start + continuationStart(this.#existing), end },
    };
  }

  /** Reads existing bytes: all of them for checksums, else only the end, for the comparison. */
  async #reread(
    { part }: Output,
    verifier: ChecksumVerifier | undefined,
  ): Promise<Continuation | undefined> {
    const { signal, report } = this.#context;
    const existing = this.#existing;
    if (part === undefined || existing === 0) return undefined;
    const start = continuationStart(existing);
    const tail = new Uint8Array(existing - start);
    let position = verifier === undefined ? start : 0;
    for await (const bytes of part.read(position)) {
      signal.throwIfAborted();
      verifier?.update(bytes);
      const from = Math.max(0, start - position);
      if (from < bytes.byteLength) tail.set(bytes.subarray(from), position + from - start);
      position += bytes.byteLength;
      if (verifier !== undefined) report.rereading(position / existing);
    }
    return new Continuation(tail, part.partName);
  }

  #announce({ part }: Output): void {
    const { report } = this.#context;
    if (part === undefined) return;
    if (part.startsOver) {
      report.note(
        `${part.partName} exists and will be overwritten; use -C - to continue it`,
      );
    }
  }

  /** Reports what is continued, once it is known that it may be. */
  #announceContinuation({ part }: Output): void {
    const { report } = this.#context;
    if (part === undefined || part.existing === 0) return;
    report.note(`resuming ${part.partName} at ${formatBytes(part.existing)}`);
    if (part.before.note !== undefined) report.note(part.before.note);
  }

  #event(event: TraceEvent): void {
    if (event.type === "mirror" && event.state === "ready") this.#newMirrors = true;
    if (event.type === "open") this.#mode = event.mode;
    if (event.type === "failure" && event.retryInMs !== undefined) this.#retries++;
    const shown = this.#context.report.event(event);
    if (shown && event.type === "mirror" && event.state === "dropped") {
      this.#shown.add(event.message);
    }
  }

  #state(): ProgressState {
    return {
      name: this.#name === "stdout" || this.#name === ""
        ? this.#task.name
        : this.#name.replace(/^.*[/\\]/, ""),
      offset: continuationStart(this.#existing),
      stats: this.#download!.stats(),
    };
  }

  #mtime(): Date | undefined {
    if (!this.#task.target.remoteTime) return undefined;
    const time = parseHttpDateLeniently(this.#info?.lastModified ?? "", Date.now());
    // No file is older than 1970.
    if (time !== undefined && time >= 0) return new Date(time);
    this.#context.report.note("no mirror sent Last-Modified; the file has the current time");
    return undefined;
  }

  /** Reports that the file was not to be downloaded. */
  #skip({ message }: UnmetCondition): void {
    this.#failedStatus = 304;
    const { name, urls } = this.#task;
    const shown = this.#name || name || redactUrl(urls[0]!);
    const nothing = { bytes: 0, existing: 0, elapsedMs: 0, bytesPerSecond: 0, sources: 0 };
    const result = { name: shown, ...nothing, mirrors: urls.length, checksums: [] };
    this.#context.report.present(result, `${shown}: ${message}; nothing was downloaded`);
  }

  #done(): void {
    const state = this.#state();
    const { elapsedMs, consumedBytes, mirrors } = state.stats;
    this.#context.report.done({
      name: this.#name,
      bytes: totals(state).done,
      existing: this.#existing,
      elapsedMs,
      bytesPerSecond: 1000 * consumedBytes / Math.max(elapsedMs, 1),
      sources: mirrors.filter(({ bytes, wastedBytes }) => bytes > wastedBytes).length,
      mirrors: mirrors.length,
      checksums: this.#task.checksums.map(({ name }) => name),
    });
  }

  #explain(error: unknown, part: PartFile | undefined): Promise<unknown> {
    this.#failedStatus = statusOf(error);
    return explainDownload(error, {
      part,
      target: this.#task.target,
      options: this.#context.options,
      shown: this.#shown,
      stopReason: this.#context.signal.reason,
      progress: this.#download && totals(this.#state()),
    });
  }
}

/** Returns the HTTP status of the first failure that has one. */
function statusOf(error: unknown): number | undefined {
  const causes = error instanceof Error && Array.isArray(error.cause) ? error.cause : [];
  return causes.map(({ status }) => status).find((status) => status !== undefined);
}
