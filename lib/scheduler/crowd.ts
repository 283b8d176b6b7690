/**
 * Counts the other downloads of the process at the mirrors' hosts: where many share little memory, each is
 * better off with few requests. Pure.
 *
 * @module
 */

import type { Mirror } from "./mirror/mirror.ts";

/** A window with less room than this for each mirror is small, in bytes. */
const SMALL = 512 * 1024;

/** Reports whether a window is too small for long ranges of so many mirrors at once. */
export function isSmallWindow(bytes: number, mirrors: number): boolean {
  return mirrors > 1 && bytes < mirrors * SMALL;
}

/** Returns for each mirror how many other downloads have requests under way at its host. */
export function othersAt(mirrors: readonly Mirror[], now: number): number[] {
  const own = new Map<string, number>();
  for (const { seat: { host }, live } of mirrors) {
    if (live.length > 0) own.set(host, (own.get(host) ?? 0) + 1);
  }
  // Those of a download that has several mirrors there count once for each of them.
  return mirrors.map(({ seat }) => Math.max(0, seat.users(now) - (own.get(seat.host) ?? 0)));
}
