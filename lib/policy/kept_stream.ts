/**
 * The stream that is kept because its mirror may refuse every other request: where it goes on, though
 * others own or have delivered what follows. Pure: times are in milliseconds, and passed in.
 *
 * @module
 */

import type { Outlook } from "./outlook.ts";
import { fitStream } from "./placement.ts";
import type { DownloadView, Plan, RequestView } from "../scheduler/view.ts";

/** Reports whether the stream has come to a request that was never answered, and may never be. */
export function isWaitedFor(
  { position, claimEnd, answeredAt }: RequestView,
  outlooks: readonly Outlook[],
): boolean {
  return answeredAt === undefined &&
    outlooks.some(({ source: { live } }) =>
      live.some(({ isKeptWaiting, end }) => isKeptWaiting && position <= end && end < claimEnd)
    );
}

/**
 * Reads the stream over what others own or have delivered, up to the next free byte. What is read is
 * wasted: it is done only where nothing else is on its way, since the mirror refuses more.
 */
export function passOver(
  view: DownloadView,
  outlooks: readonly Outlook[],
  now: number,
): Plan | undefined {
  const { ledger, limit } = view;
  if (limit.openAt > now) return undefined;
  const stream = outlooks.flatMap(({ source }) => source.live)
    .find(({ isKeptWaiting, isExhausted }) => isKeptWaiting && isExhausted);
  if (stream === undefined || outlooks.some(({ isDelivering }) => isDelivering)) return undefined;
  const { end: start, bodyEnd, position } = stream;
  const gap = ledger.free.find(({ end }) => end > start);
  const next = gap?.start ?? ledger.end;
  if (next > start) {
    return { type: "extend", request: stream.id, end: Math.min(bodyEnd, next) };
  }
  const range = { start, end: Math.min(bodyEnd, gap!.end) };
  const fitting = fitStream(range, position <= ledger.front, view);
  return fitting && { type: "extend", request: stream.id, end: fitting.end };
}
