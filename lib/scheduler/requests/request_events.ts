/**
 * Which events can follow what is known of a request, and what the headers of an answer say, whatever was
 * requested. Events that cannot follow are errors of the driver: they are ignored, since what they say would
 * be counted wrongly, or would leave bytes that are neither received nor requested. What a request owes is
 * then missing, and asked for again once it has been silent for too long. Pure, but for the state that
 * `noteAnswer()` is given.
 *
 * @module
 */

import type { Answer, RequestEvent, ResponseEvent } from "../messages.ts";
import type { DownloadState } from "../state.ts";
import type { LiveRequest } from "./live_request.ts";

/** Reports whether an event may be the next one of a request that is under way. */
export function isPlausible(event: RequestEvent, request: LiveRequest): boolean {
  const { kind, owns, held, answeredAt, position, bodyEnd, end, answer } = request;
  const isReceived = owns || kind === "repair";
  const isRead = answeredAt !== undefined && !held;
  if ("length" in event && !(event.length >= 0 && event.length < Infinity)) return false;
  switch (event.type) {
    case "failed":
    case "progress":
      return true;
    case "response":
      return answeredAt === undefined && fits(event.answer, request);
    case "sampled": {
      const most = answer?.type === "whole" ? bodyEnd : end;
      return kind === "probe" && isRead && position + event.length <= most;
    }
    case "compared":
      return kind === "check" && isRead;
    case "bytes":
      return isReceived && isRead &&
        position + event.length <= Math.min(bodyEnd, answer?.size ?? Infinity);
    case "ended":
      return isReceived && isRead;
    case "differs":
      return owns && isRead;
  }
}

/** Reports whether an answer is one to what was requested. */
function fits(answer: Answer, { kind, start, bodyEnd }: LiveRequest): boolean {
  if (answer.type !== "partial") return answer.type === "whole" || kind !== "whole";
  const { size = Infinity } = answer;
  // An empty file has an empty part.
  const isSome = answer.end > start || size === start;
  return answer.start === start && isSome && answer.end <= Math.min(bodyEnd, size);
}

/** How the answers to first requests, and to those for the whole file, are reported. */
const STATUS = { partial: 206, whole: 200, unsatisfiable: 416 } as const;

/** Notes an answer, and reports it unless it is one of many. */
export function noteAnswer(
  request: LiveRequest,
  { answer, details, proof }: ResponseEvent,
  state: DownloadState,
  now: number,
): void {
  const { mirror, kind, id } = request;
  request.answered(answer, now, proof);
  if (answer.type === "partial") {
    const { start, end, size = end } = answer;
    mirror.lengths.answered(end - start, Math.min(request.bodyEnd, size) - start);
  }
  state.rememberHabits(request, now);
  // What is limited is the place that answered.
  mirror.seat.move(details?.location ?? mirror.url, now);
  if (kind !== "probe" && kind !== "whole") return;
  const facts = { mirror: mirror.url, request: id, size: answer.size, ...details };
  state.commands.report({ type: "answer", status: STATUS[answer.type], ...facts }, now);
}
