/**
 * The events of a download in words, for `-v` and for what is worth a line without it.
 *
 * @module
 */

import type { CancelReason, SendReason, TraceEvent } from "../../../mod.ts";
import { formatBytes, formatDuration } from "./format.ts";

/** Why a range is asked for. */
const SEND_REASONS: Readonly<Record<SendReason, string>> = {
  front: " at the front",
  ahead: " ahead of its turn",
  end: " as one of the last",
  retry: " again, as it was given back",
  duplicate: " once more, as it holds up the front",
  steal: " instead of another, which is too slow",
};

/** Why a request, or the rest of one, is given up. */
const CANCEL_REASONS: Readonly<Record<CancelReason, string>> = {
  stolen: "another mirror is asked for it",
  silent: "nothing came for a while",
  lost: "others have brought it",
  closed: "it held up the front",
  dropped: "its mirror is given up",
  discarded: "it belongs to another file",
  end: "the download has ended",
};

/** An event as one line, without the time. */
export function eventText(event: TraceEvent): string {
  switch (event.type) {
    case "open": {
      const size = event.size === undefined ? "a size that is unknown" : formatBytes(event.size);
      return event.mode === "ranges"
        ? `the file has ${size}; ranges are asked for`
        : `the file has ${size}; it streams from one mirror, as ranges cannot be had`;
    }
    case "ask": {
      const { mirror, start, end } = event;
      return end === undefined
        ? `${mirror} is asked for the whole file`
        : `${mirror} is asked what the file is (bytes ${start}-${end - 1})`;
    }
    case "answer": {
      const { mirror, status, size, etag, lastModified, location } = event;
      const facts = [
        size === undefined ? "of unknown size" : formatBytes(size),
        ...etag === undefined ? [] : [`ETag ${etag}`],
        ...lastModified === undefined ? [] : [`changed ${lastModified}`],
        ...location === undefined ? [] : [`redirected to ${location}`],
      ];
      return `${mirror} answers ${status}: ${facts.join(", ")}`;
    }
    case "send": {
      const { block, start, end, mirror, duplicate, reason } = event;
      // Traces from before there were reasons say that much only.
      const why = reason === undefined ? duplicate ? " once more" : "" : SEND_REASONS[reason];
      return `block ${block} asked for${why} (bytes ${start}-${end - 1}) from ${mirror}`;
    }
    case "receive":
      return `block ${event.block} complete, from ${event.mirror}`;
    case "cancel": {
      const { request, start, end, mirror, reason } = event;
      const what = `request ${request}, bytes ${start}-${end - 1} from ${mirror}`;
      return `${what}, not waited for: ${CANCEL_REASONS[reason]}`;
    }
    case "mirror": {
      // The message of a failure begins with the URL.
      if (event.state === "dropped") return `mirror given up: ${event.message}`;
      const state = event.state === "ready" ? "" : ` (${event.state})`;
      return `${event.mirror}: ${event.message}${state}`;
    }
    case "failure":
      return event.retryInMs === undefined
        ? event.message
        : `${event.message}; asked again in ${formatDuration(event.retryInMs / 1000)}`;
    case "note":
      return event.message;
    case "end":
      return `download ${event.outcome}`;
  }
}

/** Whether an event is worth a line when not every one is. */
export function isNotable(event: TraceEvent): boolean {
  return event.type === "note" || (event.type === "mirror" && event.state === "dropped");
}
