/**
 * The samples that the first requests to the mirrors bring: they are compared, and that of one mirror
 * is used as the file's first bytes. Pure, but for the state that it changes: times are in milliseconds, and
 * passed in.
 *
 * @module
 */

import type { SchedulerEvent } from "../messages.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import type { FirstAnswer } from "./first_answer.ts";

/** Takes the first bytes of a mirror. The rest of the body waits for the mirrors to agree. */
export function takeSample(
  request: LiveRequest,
  { length, digest, page, hashes }: Extract<SchedulerEvent, { type: "sampled" }>,
  state: DownloadState,
  now: number,
): FirstAnswer {
  const { mirror } = request;
  const answer = request.answer!;
  request.advance(length);
  state.arrived(request, length, now);
  // Of the mirrors' first bytes, which are the same, those of one mirror will be used.
  mirror.waste(length);
  const goesOn = answer.type === "partial" && request.position < request.bodyEnd;
  if (goesOn || answer.type === "whole") {
    request.hold();
    mirror.paused(now);
  } else state.close(request, now);
  return { mirror, request, answer, size: answer.size, digest, page, hashes };
}

/** Uses a sample as the file's first bytes; returns its length. */
export function useSample(request: LiveRequest, state: DownloadState, now: number): number {
  state.commands.push({ type: "accept", request: request.id });
  if (request.held) {
    const { start, end } = request;
    request.release();
    if (request.kind === "whole") {
      state.ledger.take(start, end);
      request.mirror.resumed(now - request.activeAt, now);
    }
  }
  const length = request.position - request.start;
  request.rewind();
  request.mirror.waste(-length);
  state.receive(request, length, now);
  return length;
}

/** Lets responses that go on behind their samples be read on, once it is known that their mirrors have the file. */
export function goOn({ requests, commands }: DownloadState): void {
  for (const request of requests) {
    const { id, kind, held, mirror } = request;
    if (kind !== "probe" || !held || !mirror.servesRanges) continue;
    request.release();
    commands.push({ type: "resume", request: id });
  }
}
