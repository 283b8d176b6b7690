/**
 * Connections that are not in use. They are closed where they may be dead, or where the process cannot open
 * others; but not those that later downloads may use, too. Pure, but for the state that it changes: times
 * are in milliseconds, and passed in.
 *
 * @module
 */

import { FEW_MIRRORS } from "./mirror/connection_budget.ts";
import type { DownloadState } from "./state.ts";

/** Closes all of them: later requests have new ones. */
export function reconnect({ mirrors, commands }: DownloadState): void {
  for (const { link, seat } of mirrors) {
    link.loseConnections();
    seat.closeKept();
  }
  commands.push({ type: "reconnect" });
}

/** Closes those of a download that has its own, as the process could not open another one. */
export function makeRoom(state: DownloadState): void {
  if (state.mirrors.length > FEW_MIRRORS) reconnect(state);
}

/** Closes them if more are open than the process should have. */
export function closeExceeding(state: DownloadState, now: number): void {
  if (state.mirrors[0]!.seat.isExceeded(now)) makeRoom(state);
}
