/**
 * What a recorded trace tells of a whole download and of each of its mirrors, as one object of
 * numbers. Pure; it neither reads files nor formats.
 *
 * @module
 */

import { tryParseMirrorUrl } from "../../http/mirror_url.ts";
import { type Analysis, analyze, type Distribution, distribution } from "../../trace/analysis.ts";
import type { ReceiveEvent, TraceEvent } from "../../trace/events.ts";

/** What was recorded of a download. */
export interface Recording {
  /** Version of sphttp that wrote it, where it says so. */
  readonly sphttp: string | undefined;
  /** URLs of the mirrors, without credentials, in the order in which they were given. */
  readonly urls: readonly string[];
  /** Bytes in a block. */
  readonly splitSize: number;
  /** First byte that was asked for; not 0 where a part file was continued. */
  readonly start: number;
  /** Options that were given, under the names of the library. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What happened, in order. */
  readonly events: readonly TraceEvent[];
  /** Whether the last line ends in the middle, because the process was killed. */
  readonly torn: boolean;
}

/** What one mirror did. */
export interface MirrorReport {
  /** Its URL, without credentials. */
  url: string;
  /** Blocks of which it brought the last byte. */
  blocks: number;
  /** Bytes of it that were used; those of its blocks, where the trace does not tell them. */
  bytes: number;
  /** These bytes as a part of all, from 0 to 1. */
  share: number;
  /** Milliseconds between its blocks. */
  arrivalIntervalMs: Distribution;
  /** Requests that were sent to it. */
  requests: number;
  /** Those of them for blocks that another mirror had been asked for already. */
  duplicateRequests: number;
  /** Requests that failed. */
  failures: number;
}

/** The measures of a trace; `analyze --json` prints it as it is. */
export interface TraceReport {
  type: "analysis";
  /** Version of this format. */
  version: 1;
  /** Version of sphttp that wrote the trace, if it says so. */
  sphttp: string | null;
  /** How the download ended; null where the trace ends before. */
  outcome: "complete" | "failed" | "cancelled" | null;
  /** The delay request algorithm; null for the default one. */
  delayRequest: string | null;
  /** Size of the file, if it was known. */
  fileBytes: number | null;
  /** The first byte that was asked for. */
  start: number;
  /** Bytes of the blocks that were received. */
  receivedBytes: number;
  /** Bytes in a block. */
  blockBytes: number;
  /** Blocks received. */
  blocks: number;
  /** Milliseconds until the download ended, or until the last thing that is known of it. */
  wallMs: number;
  /** Milliseconds until the last block. */
  lastBlockMs: number;
  /** Received bytes by the seconds until the last block. */
  goodputBytesPerSecond: number;
  /** Milliseconds between blocks if they had come evenly. */
  idealIntervalMs: number;
  /** The largest delay: milliseconds to wait with which a player at the mean rate never stalls. */
  initialBufferingMs: number;
  /** Mean of the delays above zero. */
  meanPositiveDelayMs: number;
  /** Received blocks that wait for one before them, counted at each received block. */
  invalidBlocks: Distribution;
  /** Blocks that could be returned at once. */
  returnedAtOnce: Distribution;
  /** Milliseconds between the moments at which blocks could be returned. */
  returnIntervalMs: Distribution;
  /** Requests for blocks that another mirror had been asked for already. */
  duplicateRequests: number;
  /** The mirrors, in the order in which they were given. */
  mirrors: MirrorReport[];
}

/** All measures of a recording. */
export function reportOf(recording: Recording): TraceReport {
  const { events, options } = recording;
  const receives = receivesOf(events);
  const analysis = analyze(events);
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
    blocks: analysis.blocks,
    wallMs: (end ?? events.at(-1))?.atMs ?? 0,
    lastBlockMs: analysis.lastBlockMs,
    goodputBytesPerSecond: analysis.goodputBytesPerSecond,
    idealIntervalMs: analysis.idealIntervalMs,
    initialBufferingMs: analysis.initialBufferingMs,
    meanPositiveDelayMs: analysis.meanPositiveDelayMs,
    invalidBlocks: analysis.invalidBlocks,
    returnedAtOnce: analysis.returnedAtOnce,
    returnIntervalMs: analysis.returnIntervalsMs,
    duplicateRequests: analysis.duplicateRequests,
    mirrors: mirrorReports(recording, receives, analysis),
  };
}

/** The events of received blocks, in order. */
export function receivesOf(events: readonly TraceEvent[]): ReceiveEvent[] {
  return events.filter((event) => event.type === "receive");
}

/** The mirrors: those that were given first, then any others that the events name. */
export function mirrorsOf({ urls, events }: Pick<Recording, "urls" | "events">): string[] {
  const named = events.flatMap((event) => "mirror" in event ? [event.mirror] : []);
  return [...new Set([...urls.map(asInEvents), ...named])];
}

function mirrorReports(
  recording: Recording,
  receives: readonly ReceiveEvent[],
  { arrivalIntervalsMs }: Analysis,
): MirrorReport[] {
  const end = recording.events.findLast((event) => event.type === "end");
  const used = end?.bytes;
  const total = used === undefined
    ? bytesOf(receives)
    : Object.values(used).reduce((sum, bytes) => sum + bytes, 0);
  const own = Map.groupBy(
    recording.events.filter((event) => "mirror" in event),
    ({ mirror }) => mirror,
  );
  return mirrorsOf(recording).map((url) => {
    const events = own.get(url) ?? [];
    const sends = events.filter((event) => event.type === "send");
    const received = receivesOf(events);
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
    };
  });
}

/** One request may ask for several blocks. */
function requestsIn(sends: readonly { readonly request: number }[]): number {
  return new Set(sends.map(({ request }) => request)).size;
}

function bytesOf(receives: readonly ReceiveEvent[]): number {
  return receives.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Returns a URL in the spelling that events use. */
function asInEvents(url: string): string {
  return tryParseMirrorUrl(url)?.url ?? url;
}

/** A short name for each URL; where mirrors are on one host, its place among them comes first. */
export function mirrorNames(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => URL.parse(url)?.host || url);
  return hosts.map((host, index) =>
    hosts.indexOf(host) === hosts.lastIndexOf(host) ? host : `#${index + 1} ${host}`
  );
}
