/**
 * Carries out single requests: sends them, reads their bodies into the reorder buffer, and tells
 * the scheduler what came. It decides nothing itself.
 *
 * @module
 */

import { MirrorError } from "../errors.ts";
import type { BodyReader } from "../transport/body.ts";
import type { Reply, Transport } from "../transport/transport.ts";
import type { FileInfo } from "./known_file.ts";
import type { AnswerDetails, SchedulerCommand, SchedulerEvent } from "../scheduler/messages.ts";

/** What a runner works with. */
export interface RunnerOptions {
  readonly transport: Transport;
  /** Keeps bytes that came. */
  readonly write: (offset: number, chunk: Uint8Array<ArrayBuffer>) => void;
  /** Bytes that may still be kept; waits until there are any, or `signal` aborts. */
  readonly room: (signal: AbortSignal) => number | Promise<number>;
  /** Bytes of a whole file that may be read now; waits until there are any, or `signal` aborts. */
  readonly pace: (signal: AbortSignal) => number | Promise<number>;
  /** The most bytes to read at once. */
  readonly chunkSize: () => number;
  /** Takes what happened. */
  readonly dispatch: (event: SchedulerEvent) => void;
  /** Takes an error that is no mirror's fault. */
  readonly fail: (error: unknown) => void;
}

/** What a probe brought. */
export interface Sample {
  /** Where its bytes belong. */
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly reply: Reply;
}

type StartCommand = Extract<SchedulerCommand, { type: "start" }>;

/** A request that is under way. */
interface Activity {
  readonly controller: AbortController;
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /**
   * Is cancelled besides the controller: once the answer is there, Deno 2.9 holds the signal's tie
   * to the body weakly, and a garbage collection may break it.
   */
  body: BodyReader | undefined;
  /** Settles whether a body that is held back is to be read on. */
  readonly accepted: PromiseWithResolvers<boolean>;
}

/** Runs the requests of one download. */
export class RequestRunner {
  readonly #options: RunnerOptions;
  readonly #activities = new Map<number, Activity>();
  readonly #tasks = new Set<Promise<void>>();
  /** By request. */
  readonly #samples = new Map<number, Sample>();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Starts a request. */
  start(command: StartCommand): void {
    const activity: Activity = {
      controller: new AbortController(),
      startedAt: performance.now(),
      body: undefined,
      accepted: Promise.withResolvers(),
    };
    this.#activities.set(command.request, activity);
    const task = this.#run(command, activity).finally(() => {
      this.#tasks.delete(task);
      this.#activities.delete(command.request);
    });
    this.#tasks.add(task);
  }

  /** Gives a request up. */
  cancel(request: number): void {
    const activity = this.#activities.get(request);
    if (activity === undefined) return;
    activity.controller.abort();
    activity.accepted.resolve(false);
    void activity.body?.cancel();
  }

  /** Gives every request up. */
  cancelAll(): void {
    for (const request of this.#activities.keys()) this.cancel(request);
    this.#samples.clear();
  }

  /** Keeps a probe's first bytes, and lets its body be read on if there is more of it. */
  accept(request: number): void {
    const { offset, bytes } = this.#samples.get(request)!;
    this.#options.write(offset, bytes);
    this.#activities.get(request)?.accepted.resolve(true);
  }

  /** What a mirror's answer to its probe says of the file. */
  aboutOf(mirror: string): Pick<FileInfo, "contentType" | "etag" | "lastModified"> {
    const samples = [...this.#samples.values()];
    const { contentType, validators } = samples.find(({ reply }) => reply.mirror === mirror)!.reply;
    return { contentType, etag: validators.etag, lastModified: validators.lastModified };
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }

  async #run(command: StartCommand, activity: Activity): Promise<void> {
    const { dispatch, transport } = this.#options;
    const { request, mirror, kind, start, end, size } = command;
    const { signal } = activity.controller;
    try {
      const reply = await transport.request(mirror, { start, end, size }, signal);
      activity.body = reply.body;
      const { answer } = reply;
      if (!signal.aborted) {
        dispatch({ type: "response", request, answer, details: detailsOf(reply) });
      }
      const whole = answer.type === "whole";
      let offset = whole ? 0 : start;
      if (kind === "probe") {
        offset += await this.#sample(command, offset, reply, signal);
        if (!whole) return;
        await activity.accepted.promise;
      }
      await this.#read(request, offset, reply, activity);
      if (!signal.aborted) dispatch({ type: "ended", request });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof MirrorError) dispatch({ type: "failed", request, failure: error });
      else this.#options.fail(error);
    }
  }

  async #read(request: number, offset: number, reply: Reply, activity: Activity): Promise<void> {
    const { room, pace, chunkSize, write, dispatch } = this.#options;
    const { startedAt, controller: { signal } } = activity;
    // The body of a whole file lasts: its rate may become anything.
    const whole = reply.answer.type === "whole";
    let bytes = 0;
    let latest = 0;
    while (!signal.aborted) {
      let most = room(signal);
      if (typeof most !== "number") most = await most;
      // A range comes as fast as it can: no more of it than may come has been asked for.
      if (whole) most = Math.min(most, await pace(signal));
      if (signal.aborted) break;
      const before = performance.now();
      const mean = bytes / (before - startedAt);
      const least = whole ? 1 : worthWaitingFor(Math.min(mean, latest));
      const chunk = await reply.body.read(Math.min(chunkSize(), most), least);
      if (signal.aborted) break;
      if (chunk === undefined) return;
      write(offset, chunk);
      bytes += chunk.byteLength;
      latest = chunk.byteLength / (performance.now() - before);
      offset += chunk.byteLength;
      dispatch({ type: "bytes", request, length: chunk.byteLength });
    }
    await reply.body.cancel();
  }

  /** Reads a probe's first bytes, which count once the mirrors have agreed; returns how many. */
  async #sample(
    { request, start, end = start }: StartCommand,
    offset: number,
    reply: Reply,
    signal: AbortSignal,
  ): Promise<number> {
    const { answer } = reply;
    const buffer = new Uint8Array((answer.type === "partial" ? answer.end : end) - start);
    let length = 0;
    while (length < buffer.byteLength) {
      const chunk = await reply.body.read(buffer.byteLength - length);
      if (chunk === undefined) break;
      buffer.set(chunk, length);
      length += chunk.byteLength;
      this.#options.dispatch({ type: "progress", request });
    }
    // Its connection can serve the next request only when the end of the body has been seen.
    if (answer.type !== "whole" && length === buffer.byteLength) await reply.body.read();
    const bytes = buffer.subarray(0, length);
    // Only the same bytes can be compared: as many as asked for, or all that there are.
    const { size = Infinity } = answer;
    const comparable = offset === start && length === Math.min(end, size) - start;
    const digest = comparable ? await digestOf(bytes) : undefined;
    if (signal.aborted) return length;
    this.#samples.set(request, { offset, bytes, reply });
    this.#options.dispatch({ type: "sampled", request, length, digest });
    return length;
  }
}

/** What is told of an answer. */
function detailsOf({ location, validators: { etag, lastModified } }: Reply): AnswerDetails {
  return { location: location && `${location.origin}${location.pathname}`, etag, lastModified };
}

/** How long bytes may be gathered before they are taken, in milliseconds. */
const GATHERING_MS = 2;

/** Gathering fewer bytes than this is not worth it. */
const SMALL_CHUNK = 128 * 1024;

/**
 * How many bytes to wait for at a rate in bytes per millisecond: on a very fast link as many as come
 * in a moment, since the processor's work is for chunks more than for bytes; on others, any.
 */
function worthWaitingFor(rate: number): number {
  const soon = Math.floor(rate * GATHERING_MS);
  return soon < SMALL_CHUNK ? 1 : soon;
}

/** Tells different first bytes apart, and is short enough to be shown. */
async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest, 0, 8).toHex();
}
