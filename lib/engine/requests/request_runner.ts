/**
 * Runs single requests: sends them, reads their bodies into the delivery window as far as there is
 * room, and reports to the scheduler what came. It decides nothing itself.
 *
 * @module
 */

import { MirrorError } from "../../errors.ts";
import type { GivenPieces } from "../memory/known_pieces.ts";
import type { Comparer, Difference, FileLandmarks } from "../memory/landmarks.ts";
import type { AnswerDetails, SchedulerCommand, SchedulerEvent } from "../../scheduler/messages.ts";
import type { BodyReader } from "../../transport/responses/body.ts";
import type { Reply } from "../../transport/exchange.ts";
import type { Transport } from "../../transport/transport.ts";
import type { DeliveryWindow } from "../delivery/delivery_window.ts";
import { SMALL } from "../delivery/reorder_buffer.ts";
import type { FileInfo } from "../memory/known_file.ts";
import type { Pace } from "../timing/pace.ts";
import { fill, Samples, type SamplesOptions } from "./samples.ts";
import { type Deferred, deferred } from "../../stand_ins.ts";

export interface RunnerOptions extends SamplesOptions {
  readonly transport: Transport;
  readonly window: DeliveryWindow;
  readonly landmarks: FileLandmarks;
  /** Returns where the wanted range ends: the body of a whole file may go on behind it. */
  readonly end: () => number;
  readonly pace: Pace;
  /** Returns why a mirror whose first response has this ETag may not join; `undefined` if it may. */
  readonly refuse: (etag: string | undefined) => string | undefined;
  readonly dispatch: (event: SchedulerEvent) => void;
  /** Takes an error that is not the fault of a mirror. */
  readonly fail: (error: unknown) => void;
}

type StartCommand = Extract<SchedulerCommand, { type: "start" }>;

interface Activity {
  readonly controller: AbortController;
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /**
   * Cancelled in addition to the controller: once the response is there, Deno 2.9 references the
   * signal's link to the body weakly, and a garbage collection may break it.
   */
  body: BodyReader | undefined;
  /** Resolves when a body that is held back may be read further, or is cancelled. */
  readonly accepted: Deferred<void>;
  /** Compares the bytes of a check with those that are known. */
  readonly compare: Comparer | undefined;
  /** The byte up to which the body may be read so far. */
  readTo: number;
  /** Resolves when `readTo` has changed, or the request is cancelled. */
  moved: Deferred<void>;
}

/** Runs the requests of one download. */
export class RequestRunner {
  readonly #options: RunnerOptions;
  readonly #activities = new Map<number, Activity>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #samples: Samples;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#samples = new Samples(options);
  }

  start(command: StartCommand): void {
    const { kind, mirror } = command;
    const activity: Activity = {
      controller: new AbortController(),
      startedAt: performance.now(),
      body: undefined,
      accepted: deferred(),
      compare: kind === "check" ? this.#comparer(command, mirror) : undefined,
      readTo: command.readTo,
      moved: deferred(),
    };
    this.#activities.set(command.request, activity);
    const task = this.#run(command, activity).finally(() => {
      this.#tasks.delete(task);
      this.#activities.delete(command.request);
    });
    this.#tasks.add(task);
  }

  #comparer({ start, end = start }: StartCommand, mirror: number): Comparer | undefined {
    const { landmarks } = this.#options;
    landmarks.keep({ start, end });
    return landmarks.comparer({ start, end }, mirror);
  }

  /** Cancels a request; does nothing if it is over. */
  cancel(request: number): void {
    const activity = this.#activities.get(request);
    if (activity === undefined) return;
    activity.controller.abort();
    activity.accepted.resolve();
    activity.moved.resolve();
    void activity.body?.cancel();
  }

  /** Reads the body of a request further, up to the byte `to`. */
  read(request: number, to: number): void {
    const activity = this.#activities.get(request);
    if (activity === undefined) return;
    activity.readTo = to;
    activity.moved.resolve();
    activity.moved = deferred();
  }

  cancelAll(): void {
    for (const request of this.#activities.keys()) this.cancel(request);
    this.#samples.clear();
  }

  /** Keeps the first bytes of a probe, and reads its body further if there is more of it. */
  accept(request: number): void {
    const { mirror, offset, bytes } = this.#samples.get(request)!;
    const { window, landmarks, end } = this.#options;
    if (window.proofs === undefined) landmarks.learn(offset, bytes, end(), mirror);
    window.write(offset, bytes, end(), mirror);
    this.#activities.get(request)?.accepted.resolve();
  }

  /** Reads on a body that was held back. */
  resume(request: number): void {
    this.#activities.get(request)?.accepted.resolve();
  }

  /** Returns what a mirror's response to its probe says about the file. */
  aboutOf(mirror: number): Omit<FileInfo, "size" | "mirrors"> {
    return this.#samples.aboutOf(mirror);
  }

  /** Resolves when no request is running. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }

  async #run(command: StartCommand, activity: Activity): Promise<void> {
    const { dispatch, transport } = this.#options;
    const { request, mirror, kind, start, end, size, form, measures } = command;
    const { signal } = activity.controller;
    try {
      const wanted = { start, end, size, form, measures, purpose: PURPOSES[kind] };
      const reply = await transport.request(mirror, wanted, signal);
      activity.body = reply.body;
      const { answer } = reply;
      const { proof, doubt } = this.#options.arePiecesExpected ? PROVED_BY_PIECES : reply;
      if (!signal.aborted) {
        const details = detailsOf(reply);
        dispatch({ type: "response", request, answer, details, proof, doubt });
      }
      // A body whose request was cancelled before it came may never end.
      if (signal.aborted) return await reply.body.cancel();
      const whole = answer.type === "whole";
      let offset = whole ? 0 : start;
      if (kind === "repair") return await this.#repair(command, reply, activity);
      if (kind === "check") return await this.#compare(command, reply, activity);
      if (kind === "probe") {
        const problem = this.#options.refuse(reply.validators.etag);
        if (problem !== undefined) throw this.#error(mirror, "mismatch", problem);
        const wanted = { request, mirror, start, end: command.readTo };
        const onProgress = () => dispatch({ type: "progress", request });
        const sample = await this.#samples.read(wanted, { offset, reply }, { signal, onProgress });
        if (!signal.aborted) dispatch({ type: "sampled", request, ...sample });
        offset += sample.length;
        const goesOn = whole || (answer.type === "partial" && offset < answer.end);
        if (!goesOn) return;
        await activity.accepted.promise;
      }
      if (kind === "range" && doubt !== undefined) await activity.accepted.promise;
      await this.#read(command, offset, reply, activity);
      if (!signal.aborted) dispatch({ type: "ended", request });
    } catch (error) {
      const closed = activity.body?.cancel();
      if (!signal.aborted) {
        if (error instanceof MirrorError) dispatch({ type: "failed", request, failure: error });
        else this.#options.fail(error);
      }
      await closed;
    }
  }

  async #read(
    { request, mirror }: StartCommand,
    offset: number,
    reply: Reply,
    activity: Activity,
  ): Promise<void> {
    const { window, landmarks, end, pace, dispatch } = this.#options;
    const { startedAt, controller: { signal } } = activity;
    // The body of a whole file is long: its rate may change a lot.
    const { answer } = reply;
    const whole = answer.type === "whole";
    const bodyEnd = answer.type === "partial" ? answer.end : Infinity;
    const given = whole && landmarks.given.length > 0 ? landmarks.follow() : undefined;
    await this.#follow(given, this.#samples.get(request)?.bytes, mirror);
    let bytes = 0;
    let latest = 0;
    while (!signal.aborted) {
      // A range is read only as far as there was room when that was granted, and as the limit allowed.
      const most = whole
        ? Math.min(await window.room(signal), await pace.allowance(signal))
        : offset < bodyEnd
        ? activity.readTo - offset
        : Infinity;
      if (most <= 0) await activity.moved.promise;
      if (signal.aborted) break;
      if (most <= 0) continue;
      const before = performance.now();
      const mean = bytes / (before - startedAt);
      const least = whole ? 1 : worthWaitingFor(Math.min(mean, latest));
      const chunk = await reply.body.borrow(Math.min(window.chunkSize, most), least);
      if (signal.aborted) break;
      if (chunk === undefined) return;
      if (given !== undefined) await this.#follow(given, chunk, mirror);
      if (signal.aborted) break;
      const difference = window.proofs === undefined
        ? landmarks.learn(offset, chunk, end(), mirror)
        : undefined;
      if (difference !== undefined) {
        return await this.#contradict(request, mirror, difference, reply);
      }
      window.write(
        offset,
        chunk.byteLength < SMALL ? chunk : reply.body.keep(chunk),
        end(),
        mirror,
      );
      bytes += chunk.byteLength;
      latest = chunk.byteLength / (performance.now() - before);
      offset += chunk.byteLength;
      dispatch({ type: "bytes", request, length: chunk.byteLength });
    }
    await reply.body.cancel();
  }

  /** Reads a piece that had arrived with other bytes than expected. */
  async #repair(
    { request, mirror, start, end = start }: StartCommand,
    { body }: Reply,
    { controller: { signal } }: Activity,
  ): Promise<void> {
    const { window, dispatch } = this.#options;
    const bytes = new Uint8Array(end - start);
    const length = await fill(bytes, body, (length) => {
      if (!signal.aborted) dispatch({ type: "bytes", request, length });
    });
    if (length === bytes.byteLength) await body.read();
    if (signal.aborted) return;
    if (length < bytes.byteLength) {
      throw this.#error(
        mirror,
        "truncated",
        `sent ${length} of ${bytes.byteLength} bytes of a piece`,
      );
    }
    dispatch({ type: "ended", request });
    await window.proofs?.repaired(start, bytes, mirror);
  }

  /** Compares the next bytes of a whole file with pieces that are known. */
  async #follow(
    given: GivenPieces | undefined,
    bytes: Uint8Array | undefined,
    mirror: number,
  ): Promise<void> {
    if (given === undefined || bytes === undefined) return;
    const at = await given.take(bytes);
    if (at === undefined) return;
    const message = `has another file: its bytes differ from those that are known at byte ${at}`;
    throw this.#error(mirror, "mismatch", message);
  }

  /** Reports that the bytes of a mirror differ from those that have arrived before. */
  async #contradict(
    request: number,
    mirror: number,
    { at, other }: Difference,
    reply: Reply,
  ): Promise<void> {
    const said = reply.doubt ?? this.#options.transport.said(mirror, reply);
    const before = said === "" ? "" : `${said}, and `;
    const message = `the file changed: ${before}its bytes differ at byte ${at} from those before`;
    const failure = this.#error(mirror, "changed", message);
    this.#options.dispatch({ type: "differs", request, failure, at, other });
    await reply.body.cancel();
  }

  #error(
    mirror: number,
    reason: "changed" | "mismatch" | "truncated",
    message: string,
  ): MirrorError {
    const retryable = reason === "truncated";
    const facts = {
      mirror: this.#options.urls[mirror]!,
      phase: "body",
      reason,
      retryable,
    } as const;
    return new MirrorError(message, facts);
  }

  /** Reads the bytes of a check, and reports whether they are the same as those that are known. */
  async #compare(
    { request, mirror, start, end = start }: StartCommand,
    reply: Reply,
    { compare, controller: { signal } }: Activity,
  ): Promise<void> {
    const { body, answer: { size = Infinity } } = reply;
    const bytes = new Uint8Array(end - start);
    const length = await fill(
      bytes,
      body,
      () => this.#options.dispatch({ type: "progress", request }),
    );
    if (length === bytes.byteLength) await body.read();
    if (signal.aborted) return;
    if (size < end) {
      // Its file ends before bytes that are known.
      const differsAt = Math.max(start, size);
      return this.#options.dispatch({ type: "compared", request, length, differsAt, fresh: false });
    }
    const comparison = await compare?.(bytes.subarray(0, length));
    if (comparison === undefined) {
      const message = `sent ${length} of ${bytes.byteLength} bytes that were to be compared`;
      throw this.#error(mirror, "truncated", message);
    }
    const { differsAt, isPending } = comparison;
    if (signal.aborted) return;
    // Its validators are those of the file only if the bytes that came with them are.
    const isSame = differsAt === undefined && !isPending;
    const fresh = isSame && this.#options.transport.accept(mirror, reply);
    this.#options.dispatch({
      type: "compared",
      request,
      length,
      differsAt,
      fresh,
    });
  }
}

/** To what end the transport sends a request of each kind. */
const PURPOSES = {
  probe: "first",
  range: "part",
  whole: "part",
  check: "check",
  repair: "part",
} as const;

/** What is known of every response where the file's pieces are compared with expected digests. */
const PROVED_BY_PIECES = { proof: "validators", doubt: undefined } as const;

function detailsOf(
  { location, validators: { etag, lastModified }, encoding, digests }: Reply,
): AnswerDetails {
  const { hashes, problem: hashProblem } = digests;
  const place = location && `${location.origin}${location.pathname}`;
  return { location: place, etag, lastModified, encoding, hashes, hashProblem };
}

/** How long bytes may be gathered before they are read, in milliseconds. */
const GATHERING_MS = 2;

/** Minimum number of bytes worth gathering. */
const SMALL_CHUNK = 128 * 1024;

/**
 * Returns how many bytes to wait for at a rate in bytes per millisecond: on a very fast link as many as
 * arrive in a moment, as a chunk costs more processor time than its bytes; on others, any.
 */
function worthWaitingFor(rate: number): number {
  const soon = Math.floor(rate * GATHERING_MS);
  return soon < SMALL_CHUNK ? 1 : soon;
}
