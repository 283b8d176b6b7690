/**
 * What a download does in a crowd: where many share the memory, so that the window of each holds but short
 * ranges of several mirrors, and others use the mirrors' links anyway, it reads one stream of one mirror,
 * and the other mirrors stand by. Many short requests would cost more than the bytes. Pure, but for what it
 * remembers.
 *
 * @module
 */

import type { DownloadView } from "../scheduler/view.ts";
import { isSmallWindow } from "../scheduler/bytes/window.ts";
import type { Outlook } from "./outlook.ts";

/**
 * So many other downloads are a crowd. A download that uses all mirrors is counted at each of them, one of
 * a crowd at one of them.
 */
const MANY = 4;
/** A mirror that delivers less than this part of what another one does is left to others. */
const LEAST_RATE = 1 / 2;
/**
 * The most bytes held and requested together: with one mirror, a download need not wait for bytes in the
 * middle, and those that are read long before they are taken fall out of the processor's caches.
 */
const MOST_AHEAD = 512 * 1024;

/**
 * A mirror that delivers so many bytes per millisecond keeps its range: others were faster while there was
 * no crowd, or seem so while the process is busy.
 */
export const ENOUGH = 32;

/** The part of these bytes that the consumer takes before more is requested: each step costs as much as many bytes. */
const REST_SHARE = 1 / 2;
/** Maximum time between two looks while any request is under way, in milliseconds. */
export const CROWD_LOOK_MS = 200;

export class Crowd {
  #restBytes: number | undefined;

  /** What the consumer takes between two steps, in bytes; `undefined` outside of a crowd. */
  get restBytes(): number | undefined {
    return this.#restBytes;
  }

  /** Returns the only mirror to use; `undefined` outside of a crowd. */
  choose(view: DownloadView, outlooks: readonly Outlook[]): Outlook | undefined {
    const { windowSize, mirrors, others } = view;
    const count = others.reduce((sum, number) => sum + number, 0);
    const wasIn = this.#restBytes !== undefined;
    const isIn = isSmallWindow(windowSize, mirrors.length) &&
      count >= (wasIn ? MANY : MANY * mirrors.length);
    this.#restBytes = isIn ? Math.floor(Math.min(windowSize, MOST_AHEAD) * REST_SHARE) : undefined;
    if (!isIn) return undefined;
    const fit = outlooks.filter(({ usable, silent, onProbation, source }) =>
      usable && !silent && !onProbation && source.mostBytes === Infinity
    );
    const best = Math.max(0, ...fit.map((one) => one.source.link.isMeasured ? one.rate : 0));
    const fast = fit.filter(({ source, rate }) =>
      !source.link.isMeasured || rate >= best * LEAST_RATE
    );
    return fast.find(hasStream) ??
      fast.sort((one, other) => others[one.index]! - others[other.index]!)[0];
  }
}

/** Returns a view of a download from the chosen mirror alone, whose window is not used up. */
export function narrowed(view: DownloadView, { source }: Outlook): DownloadView {
  const { ledger, limit, requests, readyBytes, received, receivedSinceFront } = view;
  const excess = Math.max(0, view.windowSize - MOST_AHEAD);
  const heldBytes = view.windowSize - view.room - ledger.askedBytes;
  return {
    ...{ ledger, limit, mirrors: [source], requests, readyBytes, received, receivedSinceFront },
    others: view.others,
    windowSize: view.windowSize - excess,
    windowIsFull: heldBytes >= view.windowSize - excess,
    room: view.room - excess,
    roomFor: (start, end) => view.roomFor(start, end) - excess,
  };
}

/** Reports whether a mirror's response goes on. */
function hasStream({ source }: Outlook): boolean {
  return source.live.some(({ kind, end, bodyEnd }) => kind === "range" && end < bodyEnd);
}
