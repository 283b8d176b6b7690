/**
 * The events of a download in words, for `-v` and for what is worth a line without it.
 *
 * @module
 */

import type { TraceEvent } from "../../mod.ts";
import { formatBytes, formatDuration } from "./format.ts";

/** An event as one line, without the time. */
export function eventText(event: TraceEvent): string {
  switch (event.type) {
    case "open": {
      const size = event.size === undefined ? "a size that is unknown" : formatBytes(event.size);
      return event.mode === "ranges"
        ? `the file has ${size}; ranges are asked for`
        : `the file has ${size}; it streams from one mirror, as ranges cannot be had`;
    }
    case "send": {
      const { block, start, end, mirror, duplicate } = event;
      const again = duplicate ? " once more" : "";
      return `block ${block} asked for${again} (bytes ${start}-${end - 1}) from ${mirror}`;
    }
    case "receive":
      return `block ${event.block} complete, from ${event.mirror}`;
    case "mirror": {
      // Messages of failures begin with the URL.
      const message = event.message.startsWith(event.mirror)
        ? event.message
        : `${event.mirror}: ${event.message}`;
      return event.state === "dropped"
        ? `mirror given up: ${message}`
        : `${message}${event.state === "ready" ? "" : ` (${event.state})`}`;
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
