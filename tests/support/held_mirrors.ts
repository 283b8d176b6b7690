/**
 * Mirrors that are held back until an event of the download lets them go on. A fast one could deliver the whole file
 * before a slow or lying one has sent anything: the order is made certain by events, however slow the machine.
 *
 * @module
 */

import type { DownloaderOptions, TraceEvent } from "../../mod.ts";
import type { LabMirror, MirrorOptions } from "./lab/mirror_lab.ts";

type Listener = NonNullable<DownloaderOptions["onEvent"]>;

/** What a listener does with mirrors. */
export interface LettingGo {
  /** Which of the events it is, counted from 1. @default 1 */
  readonly count?: number;
  /** Bytes that they send before they are silent again. @default no limit */
  readonly silentAfter?: number;
}

/** Returns a listener that sets mirrors to full speed, once, at an event that `is` is true for. */
export function letGoWhen(
  mirrors: readonly LabMirror[],
  is: (event: TraceEvent) => boolean,
  { count = 1, silentAfter }: LettingGo = {},
): Listener {
  let seen = 0;
  return (event) => {
    if (!is(event) || ++seen !== count) return;
    for (const mirror of mirrors) mirror.setRate(undefined, silentAfter);
  };
}

/** Returns a listener that sets mirrors to full speed at an event of a type. */
export function letGoAt(
  type: TraceEvent["type"],
  mirrors: readonly LabMirror[],
  options?: LettingGo,
): Listener {
  return letGoWhen(mirrors, (event) => event.type === type, options);
}

/** Returns a listener that passes each event on to all of these. */
export function each(...listeners: readonly Listener[]): Listener {
  return (event) => listeners.forEach((listener) => listener(event));
}

/** What other mirrors send, in bytes, before {@linkcode onceDropped} lets them go on. */
export const UNTIL_DROPPED: Partial<MirrorOptions> = { silentAfter: 100_000 };

/** Returns a listener that lets mirrors of {@linkcode UNTIL_DROPPED} go on once `count` mirrors are dropped. */
export function onceDropped(mirrors: readonly LabMirror[], count: number = 1): Listener {
  const isDrop = (event: TraceEvent) => event.type === "mirror" && event.state === "dropped";
  return letGoWhen(mirrors, isDrop, { count });
}

/** A mirror that says nothing before `letGoAt("open")`: it comes too late to decide what the file is. */
export const UNTIL_OPEN: Partial<MirrorOptions> = { bytesPerSecond: 0 };

/**
 * Mirrors of which the second one falls silent within its first block, of those of `QUICK`, and the first one before it
 * has brought all: until the second one is asked for a block, by {@linkcode onceLate}.
 */
export const LATE_BLOCK: readonly Partial<MirrorOptions>[] = [
  { silentAfter: 300_000 },
  { silentAfter: 30_000 },
];

/** Returns a listener that lets the first mirror of {@linkcode LATE_BLOCK} go on once the second one is asked. */
export function onceLate(
  [, late]: readonly string[],
  [first]: readonly LabMirror[],
): Listener {
  return letGoWhen([first!], (event) => event.type === "send" && event.mirror === late);
}
