/**
 * One download from the command's side: from the mirrors, past the comparison with a part file and the
 * checksums, to its place, while it is shown. Every error that a user can do something about leaves
 * here as a {@linkcode CommandError}.
 *
 * @module
 */

import {
  Downloader,
  type DownloaderOptions,
  RangeNotSatisfiableError,
  type TraceEvent,
  VERSION,
} from "../../mod.ts";
import { ChecksumVerifier } from "./checksum.ts";
import type { DownloadCommand } from "./command.ts";
import { Continuation, continuationStart } from "./continuation.ts";
import { eventText, isNotable } from "./event_text.ts";
import { CommandError, ExitCode, usageError } from "./exit_code.ts";
import { explain, invalidOption } from "./failure.ts";
import { formatBytes, formatDuration, formatRate } from "./format.ts";
import { Display, type DisplayOptions } from "./live_display.ts";
import { nameFromUrl, openOutput, type Output } from "./output.ts";
import { type ProgressState, totals } from "./progress_view.ts";
import { loadServerStats, saveServerStats } from "./server_stats.ts";
import { startLine, TraceFile } from "./trace_file.ts";
import type { Checksum } from "./values.ts";

/** What a transfer needs of its surroundings. */
export interface TransferContext {
  /** Ends the transfer when it aborts, with a {@linkcode CommandError} as the reason. */
  readonly signal: AbortSignal;
  /** How it is shown. */
  readonly display: DisplayOptions;
}

/** Does a download. Rejects with a {@linkcode CommandError} where it cannot be done. */
export async function transfer(command: DownloadCommand, context: TransferContext): Promise<void> {
  const options = await withCertificates(command);
  await validate(command.urls, options);
  const { output: given, urls, resume } = command;
  const name = () => nameFromUrl(urls[0]!);
  using trace = command.traceFile === undefined ? undefined : new TraceFile(command.traceFile);
  using display = new Display(context.display);
  using output = await cancellable(openOutput(given, name, resume), context.signal);
  if (output === undefined) {
    const path = given ?? name();
    await verifyExisting(path, command.checksums, context.signal);
    if (command.verbosity === "silent") return;
    const right = command.checksums.length > 0 ? ", and its checksum is right" : "";
    return display.print(`sphttp: ${path} exists already${right}; nothing to continue`);
  }
  const verifier = command.checksums.length > 0
    ? await ChecksumVerifier.of(command.checksums)
    : undefined;
  const warn = (text: string) => {
    if (command.verbosity !== "silent") display.print(`sphttp: ${text}`);
  };
  const book = await loadServerStats(command.serverStats, warn);
  const run = new Transfer({
    ...{ command, context, output, display, trace, verifier },
    options: book === undefined ? options : { ...options, book },
  });
  try {
    await run.run();
  } finally {
    await saveServerStats(command.serverStats, book, warn);
  }
  trace?.finish();
}

interface Parts {
  readonly command: DownloadCommand;
  readonly context: TransferContext;
  readonly options: DownloaderOptions;
  readonly output: Output;
  readonly display: Display;
  readonly trace: TraceFile | undefined;
  readonly verifier: ChecksumVerifier | undefined;
}

class Transfer {
  readonly #parts: Parts;
  /** Failures that the user has been told of. */
  readonly #shown = new Set<string>();
  readonly #verifier: ChecksumVerifier | undefined;
  readonly #existing: number;
  #download: Downloader | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#verifier = parts.verifier;
    this.#existing = parts.output.part?.existing ?? 0;
  }

  async run(): Promise<void> {
    const { display, output, context: { signal } } = this.#parts;
    try {
      this.#announce();
      const work = this.#fetch();
      // A write to a pipe that nobody reads may never end; one to a file does, and is waited for.
      await (output.part === undefined ? cancellable(work, signal) : work);
      await output.complete();
    } catch (error) {
      display.stop();
      throw await this.#explain(error);
    }
    display.stop();
    this.#say(this.#summary());
  }

  /** Gets the file to its place and verifies it. */
  async #fetch(): Promise<void> {
    const { command, context, options, output, display, trace } = this.#parts;
    const start = continuationStart(this.#existing);
    const continuation = await this.#reread(start);
    const wanted: DownloaderOptions = {
      ...options,
      ...(start > 0 && { range: { start } }),
      signal: context.signal,
      onEvent: (event) => this.#tell(event),
    };
    trace?.write(startLine(VERSION, command.urls, wanted));
    await using download = new Downloader(command.urls, wanted);
    this.#download = download;
    display.start(() => this.#state());
    const { size } = await download.open();
    if (size !== undefined && size < this.#existing) throw continuation?.tooLong();
    for await (const part of download) {
      const fresh = continuation === undefined ? part : continuation.take(part);
      if (fresh.byteLength === 0) continue;
      this.#verifier?.update(fresh);
      await output.write(fresh);
    }
    continuation?.finish();
    this.#verifier?.verify(output.part && `; the bytes stay in ${output.part.partName}`);
  }

  /** Reads what is there from before: for the checksums all of it, for the comparison its end. */
  async #reread(start: number): Promise<Continuation | undefined> {
    const { context: { signal }, output: { part } } = this.#parts;
    if (part === undefined || this.#existing === 0) return undefined;
    const tail = new Uint8Array(this.#existing - start);
    let position = this.#verifier === undefined ? start : 0;
    for await (const bytes of part.read(position)) {
      signal.throwIfAborted();
      this.#verifier?.update(bytes);
      const from = Math.max(0, start - position);
      if (from < bytes.byteLength) tail.set(bytes.subarray(from), position + from - start);
      position += bytes.byteLength;
    }
    return new Continuation(tail, part.partName);
  }

  #announce(): void {
    const { part } = this.#parts.output;
    if (part?.startsOver) {
      this.#say(`${part.partName} from before is started over; -C - would go on with it`);
    } else if (this.#existing > 0) {
      this.#say(`going on with ${part?.partName} at ${formatBytes(this.#existing)}`);
    }
  }

  #tell(event: TraceEvent): void {
    const { command: { verbosity }, display, trace } = this.#parts;
    trace?.write(event);
    if (verbosity === "silent") return;
    if (event.type === "mirror" && event.state === "dropped") this.#shown.add(event.message);
    if (verbosity === "verbose") {
      display.print(`[${event.seconds.toFixed(3).padStart(8)}] ${eventText(event)}`);
    } else if (isNotable(event)) {
      display.print(`sphttp: ${eventText(event)}`);
    }
  }

  #say(text: string): void {
    const { command, display } = this.#parts;
    if (command.verbosity !== "silent") display.print(`sphttp: ${text}`);
  }

  #state(): ProgressState {
    const { output, command } = this.#parts;
    const { name } = output;
    const offset = continuationStart(this.#existing);
    return {
      name: name === "stdout" ? fileName(command.urls[0]!) : name.replace(/^.*[/\\]/, ""),
      offset,
      stats: this.#download!.stats(),
    };
  }

  #summary(): string {
    const { command: { checksums }, output } = this.#parts;
    const state = this.#state();
    const { seconds, consumedBytes, mirrors } = state.stats;
    const of = this.#existing > 0 ? ` (${formatBytes(this.#existing)} of it from before)` : "";
    const sources = mirrors.filter(({ bytes, wastedBytes }) => bytes > wastedBytes).length;
    const idle = mirrors.length - sources;
    const from = `from ${sources}${idle > 0 ? ` of ${mirrors.length}` : ""} mirror${
      mirrors.length === 1 ? "" : "s"
    }`;
    const verified = checksums.length === 0
      ? ""
      : `; ${checksums.map(({ name }) => name).join(", ")} ok`;
    return `${formatBytes(totals(state).done)}${of} in ${formatDuration(seconds)}, ` +
      `${formatRate(consumedBytes / Math.max(seconds, 0.001))}, ` +
      `${from}${verified} -> ${output.name}`;
  }

  /** The error with its exit code, and with what becomes of the part file. */
  async #explain(error: unknown): Promise<unknown> {
    const { command, context: { signal }, options, output: { part } } = this.#parts;
    if (error instanceof RangeNotSatisfiableError && part !== undefined) {
      return new Continuation(new Uint8Array(), part.partName).tooLong();
    }
    const { caCerts } = options;
    const explained = await explain(error, { caCerts, shown: this.#shown });
    if (!(explained instanceof CommandError)) return explained;
    const { exitCode, message } = explained;
    const interrupted = error === signal.reason;
    const kept = part === undefined || !part.kept || NOT_TO_BE_CONTINUED.has(exitCode)
      ? ""
      : `${part.partName} is kept: run the same command ${
        command.resume ? "again" : "with -C -"
      } to go on`;
    if (interrupted) return new CommandError(exitCode, this.#interrupted(message, kept));
    return new CommandError(exitCode, kept && message ? `${message}\n${kept}` : message);
  }

  #interrupted(message: string, kept: string): string {
    if (this.#download === undefined) return message;
    const { done, total } = totals(this.#state());
    const of = total === undefined ? "" : ` of ${formatBytes(total)}`;
    return `${message} at ${formatBytes(Math.max(done, this.#existing))}${of}${
      kept && `; ${kept}`
    }`;
  }
}

/** What was found to be wrong with the bytes themselves does not get better by more of them. */
const NOT_TO_BE_CONTINUED = new Set<ExitCode>([ExitCode.CHECKSUM, ExitCode.RESUME]);

/** Holds a file that is there already against its checksums. */
async function verifyExisting(
  path: string,
  checksums: readonly Checksum[],
  signal: AbortSignal,
): Promise<void> {
  if (checksums.length === 0) return;
  const verifier = await ChecksumVerifier.of(checksums);
  const file = await Deno.open(path);
  for await (const bytes of file.readable) {
    signal.throwIfAborted();
    verifier.update(bytes);
  }
  verifier.verify(`; ${path} is left as it is`);
}

/** Finds what is wrong with URLs and options before any file is touched. */
async function validate(urls: readonly string[], options: DownloaderOptions): Promise<void> {
  try {
    await new Downloader(urls, options).cancel();
  } catch (error) {
    throw invalidOption(error);
  }
}

async function withCertificates(
  { caCertFile, options }: DownloadCommand,
): Promise<DownloaderOptions> {
  if (caCertFile === undefined) return options;
  let pem;
  try {
    pem = await Deno.readTextFile(caCertFile);
  } catch (error) {
    throw usageError(`--cacert: ${error instanceof Error ? error.message : error}`);
  }
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw usageError(
      `--cacert is "${caCertFile}", but must be a file of certificates in PEM format`,
    );
  }
  return { ...options, caCerts: [pem] };
}

function fileName(url: string): string {
  try {
    return nameFromUrl(url);
  } catch {
    return "";
  }
}

/** The promise's value, or the reason of the signal if it aborts before. */
async function cancellable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
