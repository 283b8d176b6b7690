/**
 * What the first request to a mirror asks for, and how much of its response is the sample that is compared
 * with those of other mirrors. Pure.
 *
 * @module
 */

import type { NewRequest } from "../requests/live_request.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { DownloadState } from "../state.ts";

/**
 * Size of a probe in bytes. It fits into the first flight of a connection (ten segments, RFC 6928)
 * with its headers, so that a mirror's response costs no further round trip.
 */
export const PROBE_SIZE = 12 * 1024;

/** Under a rate limit, all probes together take at most this time, in milliseconds, if they can. */
const PROBES_MS = 200;

/** Each probe has at least this many bytes, so that there is something to compare. */
const LEAST_PROBE = 1024;

/** Returns the size of each mirror's probe at no more than `maxRate` bytes per second. */
export function probeSizeFor(maxRate: number, mirrors: number): number {
  const share = Math.floor(maxRate * PROBES_MS / 1000 / mirrors);
  return Math.max(LEAST_PROBE, Math.min(PROBE_SIZE, share));
}

/**
 * Of several mirrors whose links are good for many requests, one is asked for so many bytes, all of which
 * are its own: about what a connection sends while it speeds up. The response ends by itself, so that its
 * connection, which is fast by then, is used again.
 */
const LEADING_RANGE = 1100 * 1024;
/** Where there are more mirrors, the first one is rarely a good one, and its range is in the others' way. */
const MOST_LED = 4;

export interface ProbeOptions {
  /** First byte wanted. */
  readonly start: number;
  /** The byte after the last one wanted; `undefined` for the end of the file. */
  readonly end: number | undefined;
  /** Size of the sample, in bytes. */
  readonly sampleSize: number;
  /** Whether the response may be read on as a stream. */
  readonly isStream: boolean;
  /** Whether there is no other mirror. */
  readonly isAlone: boolean;
}

/**
 * Returns the mirror whose first response is read on at the front. A mirror that is alone is. Of several it
 * is the one that is expected to answer first among those whose links look as if they were good for one
 * request; without such links, and of few mirrors, among all. Others are asked for a sample.
 * Under a rate limit, none of several is: what is not read arrives all the same, as far as buffers go.
 */
export function leaderOf({ mirrors, limit }: DownloadState): Mirror | undefined {
  if (mirrors.length === 1) return mirrors[0];
  if (limit.rate < Infinity) return undefined;
  const able = mirrors.filter(({ state, maxConnections }) =>
    state.type !== "dropped" && maxConnections > 2
  );
  const oneTime = able.filter(({ isOneTime }) => isOneTime);
  if (oneTime.length > 0) return firstOf(oneTime);
  return mirrors.length <= MOST_LED ? firstOf(able) : undefined;
}

function firstOf(mirrors: readonly Mirror[]): Mirror | undefined {
  const known = mirrors.filter(({ link }) => link.isKnown);
  const [first] = known.sort((one, other) => one.link.latencyMs - other.link.latencyMs);
  return first ?? mirrors[0];
}

/** Returns the first request to a mirror. */
export function probeOf(
  mirror: Mirror,
  { start, end = Infinity, sampleSize, isStream, isAlone }: ProbeOptions,
): NewRequest {
  const sampleEnd = start + Math.min(sampleSize, end - start);
  const sample = { mirror, kind: "probe", start, end: sampleEnd } as const;
  const leads = isStream && !isAlone && !mirror.isOneTime;
  const bodyEnd = leads ? Math.min(end, start + LEADING_RANGE) : end;
  const form = isStream && bodyEnd === Infinity ? "open" : mirror.forms.current;
  if (!isStream || form === "plain" || !mirror.forms.takes(form)) return sample;
  return { ...sample, form: bodyEnd > sampleEnd ? form : undefined, bodyEnd };
}
