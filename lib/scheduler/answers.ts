/**
 * What the headers of a usable response say of its request, its mirror and its host, whatever was requested.
 *
 * @module
 */

import type { ResponseEvent } from "./messages.ts";
import type { LiveRequest } from "./requests.ts";
import type { DownloadState } from "./state.ts";

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
  state.rememberForms(request, now);
  // What is limited is the place that answered.
  mirror.seat.move(details?.location ?? mirror.url, now);
  if (kind !== "probe" && kind !== "whole") return;
  const facts = { mirror: mirror.url, request: id, size: answer.size, ...details };
  state.commands.report({ type: "answer", status: STATUS[answer.type], ...facts }, now);
}
