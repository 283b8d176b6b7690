/**
 * Computes the measures of a recorded trace, for the whole download and for each mirror.
 *
 * @module
 */

import { tryParseMirrorUrl } from "../../http/address/mirror_url.ts";
import { addressOf, requestedUrl } from "../../http/address/named_address.ts";
import {
  type Analysis,
  analyze,
  type Distribution,
  distribution,
  receiveEvents,
} from "../../trace/analysis.ts";
import type { ReceiveEvent, TraceEvent } from "../../trace/events.ts";
import { groupBy, parseUrl } from "../../stand_ins.ts";

export interface Recording {
  /** Version of sphttp that wrote the trace, if it says so. */
  readonly sphttp: string | undefined;
  /** URLs of the mirrors, without credentials, in the order they were given. */
  readonly urls: readonly string[];
  /** Bytes in a block. */
  readonly splitSize: number;
  /** First requested byte; not 0 if a part file was continued. */
  readonly start: number;
  /** Options by their names in the library. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The events, in order. */
  readonly events: readonly TraceEvent[];
  /** Whether the last line is unfinished, because the process was killed. */
  readonly torn: boolean;
}

/** Measures of one mirror. */
export interface MirrorReport {
  /** Its URL, without credentials. */
  url: string;
  /** Blocks of which it delivered the last byte. */
  blocks: number;
  /** Bytes of it that were used, or those of its blocks if the trace does not say. */
  bytes: number;
  /** Its share of all used bytes, from 0 to 1. */
  share: number;
  /** Milliseconds between its blocks. */
  arrivalIntervalMs: Distribution;
  /** Requests that were sent to it. */
  requests: number;
  /** Duplicate requests among them. */
  duplicateRequests: number;
  /** Requests that failed. */
  failures: number;
  /** The most requests that it was to be busy with at once; null if the trace does not say. */
  lanes: number | null;
}

/** The measures of a trace, as `analyze --json` prints them. */
export interface TraceReport extends Omit<Analysis, "arrivalIntervalsMs" | "returnIntervalsMs"> {
  type: "analysis";
  version: 1;
  /** Version of sphttp that wrote the trace, if it says so. */
  sphttp: string | null;
  /** How the download ended; null if the trace ends before. */
  outcome: "complete" | "failed" | "cancelled" | null;
  /** The delay request algorithm; null for the default. */
  delayRequest: string | null;
  /** Size of the file, if known. */
  fileBytes: number | null;
  /** First requested byte. */
  start: number;
  receivedBytes: number;
  blockBytes: number;
  /** Time until the download ended, or until the last event, in milliseconds. */
  wallMs: number;
  /** Milliseconds between the moments at which blocks could be returned. */
  returnIntervalMs: Distribution;
  /** The mirrors, in the order they were given. */
  mirrors: MirrorReport[];
}

/** Computes the measures of a recording. */
export function reportOf(recording: Recording): TraceReport {
  const { events, options } = recording;
  const receives = receiveEvents(events);
  const { arrivalIntervalsMs, returnIntervalsMs, ...measures } = analyze(events);
  const open = events.find((event) => event.type === "open");
  const end = events.findLast((event) => event.type === "end");
  return {
    type: "analysis",
    version: 1,
    sphttp: recording.sphttp ?? null,
    outcome: end?.outcome ?? null,
    delayRequest: typeof options.delayRequest === "string" ? options.delayRequest : null,
    fileBytes: open?.size ?? null,
    start: recording.start,
    receivedBytes: bytesOf(receives),
    blockBytes: recording.splitSize,
    wallMs: (end ?? events.at(-1))?.atMs ?? 0,
    ...measures,
    returnIntervalMs: returnIntervalsMs,
    mirrors: mirrorReports(recording, receives, arrivalIntervalsMs),
  };
}

/**
 * Returns the mirrors: first those that were given, then others that the events name. One whose addresses
 * were mirrors of their own was none itself.
 */
export function mirrorsOf({ urls, events }: Pick<Recording, "urls" | "events">): string[] {
  const named = new Set(events.flatMap((event) => "mirror" in event ? [event.mirror] : []));
  const split = new Set([...named].filter((url) => addressOf(url) !== undefined).map(requestedUrl));
  const given = urls.map(asInEvents).filter((url) => !split.has(url));
  return [...new Set([...given, ...named])];
}

function mirrorReports(
  recording: Recording,
  receives: readonly ReceiveEvent[],
  arrivalIntervalsMs: Analysis["arrivalIntervalsMs"],
): MirrorReport[] {
  const end = recording.events.findLast((event) => event.type === "end");
  const used = end?.bytes;
  const total = used === undefined
    ? bytesOf(receives)
    : Object.values(used).reduce((sum, bytes) => sum + bytes, 0);
  const own = groupBy(
    recording.events.filter((event) => "mirror" in event),
    ({ mirror }) => mirror,
  );
  return mirrorsOf(recording).map((url) => {
    const events = own.get(url) ?? [];
    const sends = events.filter((event) => event.type === "send");
    const received = receiveEvents(events);
    const bytes = used === undefined ? bytesOf(received) : used[url] ?? 0;
    return {
      url,
      blocks: received.length,
      bytes,
      share: total === 0 ? 0 : bytes / total,
      arrivalIntervalMs: arrivalIntervalsMs[url] ?? distribution([]),
      requests: requestsIn(sends),
      duplicateRequests: requestsIn(sends.filter(({ duplicate }) => duplicate)),
      failures: events.filter(({ type }) => type === "failure").length,
      lanes: mostLanes(events),
    };
  });
}

/** Counts requests: one may be for several blocks. */
function requestsIn(sends: readonly { readonly request: number }[]): number {
  return new Set(sends.map(({ request }) => request)).size;
}

function mostLanes(events: readonly TraceEvent[]): number | null {
  const counts = events.flatMap((event) => event.type === "lanes" ? [event.lanes] : []);
  return counts.length === 0 ? null : Math.max(...counts);
}

function bytesOf(receives: readonly ReceiveEvent[]): number {
  return receives.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Returns a URL in the spelling that events use. */
function asInEvents(url: string): string {
  return tryParseMirrorUrl(url)?.url ?? url;
}

/** Returns a short name for each URL: the host, or its address, numbered if several have the same. */
export function mirrorNames(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => addressOf(url) ?? (parseUrl(url)?.host || url));
  return hosts.map((host, index) =>
    hosts.indexOf(host) === hosts.lastIndexOf(host) ? host : `#${index + 1} ${host}`
  );
}
