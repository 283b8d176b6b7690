/**
 * Downloads one file: from the mirrors, through the comparison with an existing part file and the
 * checksums, to its target, and reports on it. Errors that a user can act on become a
 * {@linkcode CommandError} here.
 *
 * @module
 */

import { type Downloader, type FileInfo, MirrorMismatchError } from "../../../../mod.ts";
import type { CommandError } from "../../../command_line/command_error.ts";
import { unlessAborted } from "../../../unless_aborted.ts";
import type { ConditionOptions } from "../../arguments/conditions.ts";
import type { ChecksumVerifier } from "../../checksum/checksum.ts";
import { type Checks, isVerifiable } from "../checks/checks.ts";
import type { FileContext, FileTask } from "../tasks/file_task.ts";
import type { FileVerifier } from "../checks/file_verifier.ts";
import { openTarget, type Output } from "../../output/output.ts";
import { Continuation, continuationStart, loneOverlap } from "../../part/continuation.ts";
import type { PartFile } from "../../part/part_file.ts";
import type { Piece } from "../../part/pieces/compared_pieces.ts";
import { recordedFile } from "../../part/resume_record.ts";
import { resolveTarget, type Target } from "../../output/target.ts";
import type { Conditions } from "./conditions.ts";
import { DownloadState } from "./download_state.ts";
import type { TraceFile } from "../../output/trace_file.ts";
import { beginDownload, type Beginning, type Begun, MetalinkFound } from "./begin_download.ts";
import { findRange, type FoundRange } from "./find_range.ts";
import type { DownloadFacts } from "../../report/write_out.ts";

export interface FileDownloadContext extends FileContext {
  /** Where events are written as lines of JSON. */
  readonly traceFile: string | undefined;
}

export class FileDownload {
  #task: FileTask;
  readonly #context: FileDownloadContext;
  readonly #state: DownloadState;
  /** Number of the first byte to download. */
  #start = 0;
  #conditions: Conditions | undefined;
  /** Whether it has turned out to be a Metalink, of which nothing was written. */
  isMetalink = false;
  #checks: Checks = { checksums: [], signature: undefined };

  constructor(task: FileTask, context: FileDownloadContext) {
    this.#task = task;
    this.#context = context;
    this.#state = new DownloadState(task, context.report);
  }

  /** Downloads the file. Rejects with a {@linkcode CommandError} if that fails. */
  async run(): Promise<void> {
    const { target: options, urls, conditions, checksums, findChecks } = this.#task;
    const { signal, report } = this.#context;
    signal.throwIfAborted();
    const note = (text: string) => report.note(text);
    this.#conditions = await resolveConditions(conditions, note);
    const found = await findChecks?.(note);
    this.#checks = {
      checksums: [...checksums, ...found?.checksums ?? []],
      signature: found?.signature,
    };
    if (options.nameFromServer && options.output === undefined) return await this.#runUnnamed();
    const target = await resolveTarget(options, urls[0]!);
    this.#state.name = target.name;
    if (target.type === "present") return await this.#verifyPresent(target);
    using trace = await this.#openTrace();
    await this.#save(target, trace);
  }

  /**
   * Downloads a file whose name a mirror gives: the download begins before its target is known, so that
   * a link that works once is not spent on the name.
   */
  async #runUnnamed(): Promise<void> {
    const { target: options, urls } = this.#task;
    const { signal } = this.#context;
    using trace = await this.#openTrace();
    let begun: Begun;
    try {
      const range = await findRange(this.#task, { ...this.#context.options, signal });
      begun = await beginDownload(range, this.#beginning(trace));
    } catch (error) {
      const unmet = this.#conditions?.unmetBy(error);
      if (unmet !== undefined) return this.#state.skip(unmet);
      throw await this.#explain(error);
    }
    await using download = begun.download;
    const target = await resolveTarget(options, urls[0]!, begun.info.fileName);
    this.#state.name = target.name;
    if (target.type === "present") {
      await download.cancel();
      return await this.#verifyPresent(target);
    }
    await this.#save(target, trace, begun);
  }

  async #verifyPresent(target: Extract<Target, { type: "present" }>): Promise<void> {
    const { verifyPresent } = await import("./present_file.ts");
    await verifyPresent(target, this.#task, this.#checks, this.#context);
  }

  #beginning(trace: TraceFile | undefined): Beginning {
    const [task, state] = [this.#task, this.#state];
    return {
      ...this.#context,
      task,
      state,
      checks: this.#checks,
      conditions: this.#conditions,
      trace,
    };
  }

  async #openTrace(): Promise<TraceFile | undefined> {
    const { traceFile } = this.#context;
    if (traceFile === undefined) return undefined;
    const { TraceFile } = await import("../../output/trace_file.ts");
    return new TraceFile(traceFile);
  }

  /** Downloads the file to its target; `begun` is its download, if it has begun. */
  async #save(
    target: Exclude<Target, { type: "present" }>,
    trace: TraceFile | undefined,
    begun?: Begun,
  ): Promise<void> {
    let outcome = await this.#trySave(target, trace, begun);
    while (outcome === "again") outcome = await this.#trySave(target, trace);
    if (outcome === "skipped") return;
    trace?.finish();
    this.#state.done(this.#checks);
    await this.#conditions?.save(this.#state.info!);
  }

  /**
   * Tries once to download the file to its target. Returns `again` where that is to go on without mirrors that
   * have another file.
   */
  async #trySave(
    target: Exclude<Target, { type: "present" }>,
    trace: TraceFile | undefined,
    begun?: Begun,
  ): Promise<"saved" | "skipped" | "again"> {
    const { target: options } = this.#task;
    const { signal } = this.#context;
    // Opening a pipe waits for its reader.
    const opening = openTarget(target, options);
    using output = await unlessAborted(opening, signal, (output) => output[Symbol.dispose]());
    this.#state.name = output.name;
    this.#state.part = output.part;
    try {
      this.#state.noteOverwriting();
      const work = this.#fetch(output, trace, begun);
      // Writing to a pipe may never end, so an abort does not wait for it.
      await (output.part === undefined ? unlessAborted(work, signal) : work);
      await output.part?.complete({ mtime: this.#state.mtime() });
      this.#state.name = output.name;
    } catch (error) {
      if (error instanceof MetalinkFound) {
        this.isMetalink = true;
        await output.part?.settle();
        this.#state.follow();
        return "skipped";
      }
      const unmet = this.#conditions?.unmetBy(error);
      if (unmet !== undefined) {
        this.#state.skip(unmet);
        return "skipped";
      }
      if (error instanceof MirrorMismatchError && await this.#outvote(error)) return "again";
      if (options.removeOnError) await output.part?.remove();
      else await output.part?.settle();
      throw await this.#explain(error);
    }
    return "saved";
  }

  /** Leaves out the mirrors that most others contradict; reports whether it can go on then. */
  async #outvote(error: MirrorMismatchError): Promise<boolean> {
    const { part, download } = this.#state;
    const { withoutOutvoted } = await import("./majority.ts");
    const failed = { ...this.#context, task: this.#task, part, start: this.#start };
    const task = await withoutOutvoted(error, { ...failed, origins: download?.origins() });
    if (task !== undefined) this.#task = task;
    return task !== undefined;
  }

  /** The path of the file once it is complete; `undefined` if it was so before. */
  get completed(): string | undefined {
    return this.#state.completed;
  }

  /** The limit of the download, in bytes per second; may change at any time. */
  get maxRate(): number | undefined {
    return this.#state.maxRate;
  }

  set maxRate(bytesPerSecond: number | undefined) {
    this.#state.maxRate = bytesPerSecond;
  }

  /** Returns the number of bytes that have arrived. */
  arrived(): number {
    return this.#state.download?.stats().mirrors.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  }

  /** Returns the facts for `--write-out`. */
  facts(error?: CommandError): DownloadFacts {
    return this.#state.facts(error);
  }

  async #fetch(output: Output, trace: TraceFile | undefined, begun?: Begun): Promise<void> {
    const range = begun?.range ??
      await findRange(this.#task, { ...this.#context.options, signal: this.#context.signal });
    const { part } = output;
    this.#start = range.start;
    part?.expect(range);
    const compared = await this.#keep(part, range);
    const { existing } = this.#state;
    const isVerified = isVerifiable(this.#checks);
    const begin = async (size: number | undefined) =>
      isVerified ? await verifierOf(this.#checks, size) : undefined;
    await using early = existing > 0 ? await begin(existing) : undefined;
    const continuation = await this.#reread(early);
    // What exists is not downloaded again: only now is it known how much of this file does.
    if (existing > 0) await begun?.download.cancel();
    const { download: open, parts, info } = begun !== undefined && existing === 0
      ? begun
      : await beginDownload(range, this.#beginning(trace), compared);
    await using download = open;
    await using late = early === undefined ? await begin(info.size) : undefined;
    const verifier = early ?? late;
    await using served = await this.#servedVerifier(info);
    part?.begin({ info, mirrors: download.knownFile?.mirrors, ...range });
    this.#state.noteContinuation();
    for await (const bytes of parts) {
      if (this.#state.newMirrors) {
        this.#state.newMirrors = false;
        await part?.learn(download.knownFile?.mirrors ?? []);
      }
      const fresh = continuation === undefined ? bytes : continuation.take(bytes);
      if (fresh.byteLength === 0) continue;
      await verifier?.update(fresh);
      await served?.update(fresh);
      await output.write(fresh);
      download.release(bytes);
    }
    continuation?.finish();
    await this.#verify([verifier, served], range, download);
  }

  /**
   * Keeps what the part file has of this file, and determines where to continue it. Returns the pieces of it
   * that mirrors are compared by.
   */
  async #keep(part: PartFile | undefined, range: FoundRange): Promise<readonly Piece[]> {
    const { signal, report, options: { expectedPieces: pieces } } = this.#context;
    let compared: readonly Piece[] = [];
    let overlap: number | undefined;
    if (part !== undefined && part.existing.length > 0) {
      const onProgress = (share: number) => {
        signal.throwIfAborted();
        report.rereading(share);
      };
      if (pieces !== undefined) await part.existing.keepProved(range, pieces, onProgress);
      else {
        await part.existing.verify(range, onProgress);
        // A checksum of the whole file proves more than pieces do.
        if (!isVerifiable(this.#checks)) {
          overlap = this.#loneOverlap(part);
          if (overlap === undefined) compared = await part.existing.digestsToCompare(range);
        }
      }
    }
    this.#state.continuesAt = continuationStart(this.#state.existing, pieces, overlap);
    return compared;
  }

  /** Verifies the bytes, which have all come; where they are wrong, finds out who has sent them. */
  async #verify(
    verifiers: readonly (FileVerifier | ChecksumVerifier | undefined)[],
    { start }: FoundRange,
    download: Downloader,
  ): Promise<void> {
    const { part } = this.#state;
    const stays = part !== undefined && !this.#task.target.removeOnError;
    const kept = stays ? `; the bytes are kept in ${part.partName}` : "";
    try {
      for (const verifier of verifiers) await verifier?.verify(kept);
    } catch (error) {
      const { findLiar } = await import("../checks/find_liar.ts");
      const { urls } = this.#task;
      const { options, signal, report } = this.#context;
      const wrong = { part, start, download, urls, options, checks: this.#checks };
      await findLiar(error, { ...wrong, signal, report });
    }
  }

  /** Returns how much of a part file a single mirror, which may have another file, is to send again. */
  #loneOverlap({ existing: { length, before: { record } } }: PartFile): number | undefined {
    const { urls } = this.#task;
    const isProved = record !== undefined && recordedFile(record, urls) !== undefined;
    return urls.length === 1 && !isProved ? loneOverlap(urls[0]!, length) : undefined;
  }

  /** Returns what verifies the checksum that the servers give, with the existing bytes. */
  async #servedVerifier({ hashes = {}, size }: FileInfo): Promise<ChecksumVerifier | undefined> {
    const { ignoreDigests } = this.#context.options;
    if (this.#task.range !== undefined || ignoreDigests) return undefined;
    if (Object.keys(hashes).length === 0) return undefined;
    const { ChecksumVerifier, servedChecksums } = await import("../../checksum/checksum.ts");
    const served = servedChecksums(hashes, this.#checks.checksums);
    if (served.length === 0) return undefined;
    this.#checks = { ...this.#checks, checksums: [...this.#checks.checksums, ...served] };
    const verifier = await ChecksumVerifier.of(served, size);
    const { existing, part } = this.#state;
    if (part === undefined || existing === 0) return verifier;
    for await (const bytes of part.existing.read(0)) {
      this.#context.signal.throwIfAborted();
      await verifier.update(bytes);
    }
    return verifier;
  }

  /** Reads existing bytes: all of them for checksums, else only the end, for the comparison. */
  async #reread(
    verifier: FileVerifier | undefined,
  ): Promise<Continuation | undefined> {
    const { signal, report } = this.#context;
    const { existing, part } = this.#state;
    if (part === undefined || existing === 0) return undefined;
    const start = this.#state.continuesAt;
    const tail = new Uint8Array(existing - start);
    let position = verifier === undefined ? start : 0;
    for await (const bytes of part.existing.read(position)) {
      signal.throwIfAborted();
      await verifier?.update(bytes);
      const from = Math.max(0, start - position);
      if (from < bytes.byteLength) tail.set(bytes.subarray(from), position + from - start);
      position += bytes.byteLength;
      if (verifier !== undefined) report.rereading(position / existing);
    }
    return new Continuation(tail, part.partName, start);
  }

  async #explain(error: unknown): Promise<unknown> {
    this.#state.fail(error);
    const { part, shown, totals } = this.#state;
    const { explainDownload } = await import("./explain_download.ts");
    return await explainDownload(error, {
      ...{ part, shown, progress: totals },
      target: this.#task.target,
      options: this.#context.options,
      stopReason: this.#context.signal.reason,
    });
  }
}

/** Returns the conditions of a command, if it has any. */
async function resolveConditions(
  options: ConditionOptions,
  note: (text: string) => void,
): Promise<Conditions | undefined> {
  if (Object.values(options).every((value) => value === undefined)) return undefined;
  const { Conditions } = await import("./conditions.ts");
  return await Conditions.of(options, note);
}

async function verifierOf(checks: Checks, size: number | undefined): Promise<FileVerifier> {
  const { FileVerifier } = await import("../checks/file_verifier.ts");
  return await FileVerifier.of(checks, size);
}
