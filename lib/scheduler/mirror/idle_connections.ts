/**
 * Connections that are not in use. They are closed where they may be dead, or where the process cannot open
 * others; but not those that later downloads may use, too. Pure, but for the state that it changes: times
 * are in milliseconds, and passed in.
 *
 * @module
 */

import type { CommandQueue } from "../messages.ts";
import type { Mirror } from "./mirror.ts";

/** The mirrors of a download, and what is to be done for it. */
interface Download {
  readonly mirrors: readonly Mirror[];
  readonly commands: CommandQueue;
}

/** Closes all of them: later requests have new ones. */
export function reconnect({ mirrors, commands }: Download): void {
  for (const { link, seat } of mirrors) {
    link.loseConnections();
    seat.closeKept();
  }
  commands.push({ type: "reconnect" });
}

/** Closes those of a download that has its own, as the process could not open another one. */
export function makeRoom(download: Download): void {
  if (download.mirrors[0]!.seat.isApart) reconnect(download);
}

/** Closes them if more are open than the process should have. */
export function closeExceeding(download: Download, now: number): void {
  if (download.mirrors[0]!.seat.isExceeded(now)) makeRoom(download);
}
