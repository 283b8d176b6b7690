/**
 * Formats trace events as one line each, for `-v` and for the events that are shown without it.
 *
 * @module
 */

import type { CancelReason, LanesReason, SendReason, TraceEvent } from "../../../mod.ts";
import { formatBytes, formatDuration } from "./text.ts";

/** Why a range is requested, after "block N requested". */
const SEND_REASONS: Readonly<Record<SendReason, string>> = {
  front: ", next in order",
  ahead: " ahead of the front",
  end: " near the end",
  retry: " again",
  duplicate: " once more, because it holds up the front",
  steal: " instead of a mirror that is too slow",
};

/** Why a request, or the rest of one, is cancelled. */
const CANCEL_REASONS: Readonly<Record<CancelReason, string>> = {
  stolen: "requested from another mirror",
  silent: "no bytes for too long",
  lost: "received from other mirrors",
  closed: "it held up the front",
  dropped: "the mirror was dropped",
  discarded: "it belongs to another file",
  questioned: "it may belong to another file",
  yielded: "another download waits for the server",
  shrunk: "the window has become smaller",
  end: "the download ended",
};

/** Why a mirror has so many requests under way. */
const LANES_REASONS: Readonly<Record<LanesReason, string>> = {
  start: "little is known of its link",
  rate: "its link has room for that many",
  pauses: "responses pause, as on links with losses",
  steady: "bytes flow steadily",
  trial: "trying whether that many are of use",
  useless: "another number was of no use",
};

/** Returns an event as one line, without its time. */
export function eventText(event: TraceEvent): string {
  switch (event.type) {
    case "open": {
      const size = event.size === undefined ? "unknown" : formatBytes(event.size);
      const proved = event.proof === undefined ? "" : `, proved by "${event.proof}"`;
      return event.mode === "ranges"
        ? `file size ${size}${proved}; requesting ranges`
        : `file size ${size}${proved}; streaming from one mirror, because no mirror serves ranges`;
    }
    case "ask": {
      const { mirror, start, end, form } = event;
      const isWhole = form === undefined ? end === undefined : form === "plain";
      const bytes = `bytes ${start}-${end === undefined ? "" : end - 1}`;
      return `probing ${mirror} with a request for ${isWhole ? "the whole file" : bytes}`;
    }
    case "answer": {
      const { mirror, status, size, etag, lastModified, encoding, location, hashes, hashProblem } =
        event;
      const facts = [
        size === undefined ? "size unknown" : formatBytes(size),
        ...etag === undefined ? [] : [`ETag ${etag}`],
        ...lastModified === undefined ? [] : [`Last-Modified ${lastModified}`],
        ...encoding === undefined ? [] : [`stored with Content-Encoding ${encoding}`],
        ...Object.entries(hashes ?? {}).map(([type, hash]) => `${type} ${hash}`),
        ...hashProblem === undefined ? [] : [hashProblem],
        ...location === undefined ? [] : [`redirected to ${location}`],
      ];
      return `${mirror} answered ${status}: ${facts.join(", ")}`;
    }
    case "send": {
      const { block, start, end, mirror, duplicate, reason } = event;
      // Traces of old versions have no reason.
      const why = reason === undefined ? duplicate ? " once more" : "" : SEND_REASONS[reason];
      return `block ${block} requested${why} (bytes ${start}-${end - 1}) from ${mirror}`;
    }
    case "receive":
      return `block ${event.block} received from ${event.mirror}`;
    case "cancel": {
      const { request, start, end, mirror, reason } = event;
      const what = `request ${request} for bytes ${start}-${end - 1} from ${mirror}`;
      return `${what} cancelled: ${CANCEL_REASONS[reason]}`;
    }
    case "mirror": {
      // The message of a failure begins with the URL.
      if (event.state === "dropped") return `mirror dropped: ${event.message}`;
      const state = event.state === "ready" ? "" : ` (${event.state})`;
      return `${event.mirror}: ${event.message}${state}`;
    }
    case "lanes": {
      const requests = event.lanes === 1 ? "1 request" : `${event.lanes} requests`;
      return `${event.mirror}: ${requests} at once: ${LANES_REASONS[event.reason]}`;
    }
    case "failure":
      return event.retryInMs === undefined
        ? event.message
        : `${event.message}; retrying ${
          event.retryInMs === 0 ? "now" : `in ${formatDuration(event.retryInMs / 1000)}`
        }`;
    case "note":
      return event.message;
    case "end":
      return `download ${event.outcome}`;
  }
}

/** A wait of this many milliseconds is worth a line. */
const LONG_WAIT_MS = 5000;

/** Reports whether an event is shown without `-v`. */
export function isNotable(event: TraceEvent): boolean {
  if (event.type === "failure") return (event.retryInMs ?? 0) >= LONG_WAIT_MS;
  return event.type === "note" || (event.type === "mirror" && event.state === "dropped");
}
