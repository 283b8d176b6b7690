/**
 * What all downloads of this process share: the connections to mirrors that they may have all together, and what
 * they have learned of mirrors and their hosts.
 *
 * @module
 */

import { whole } from "../../checks.ts";
import { MirrorHabits } from "../../http/mirror_habits.ts";
import { HostLimits } from "../../scheduler/host/host_limits.ts";
import { clock } from "../timing/clock.ts";

/** What the hosts of all downloads take at once. */
export const processHosts: HostLimits = new HostLimits();
/** How mirrors are to be requested. */
export const processHabits: MirrorHabits = new MirrorHabits();

/**
 * Limits the connections to mirrors that all downloads of this process may have, those included that are
 * kept open for the next request. Without it, they take as many as the process can open. A download that
 * may not open one waits for another to be free.
 *
 * @param most `Infinity` for no limit
 * @throws {TypeError | RangeError} when it is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { freeConnections, limitConnections } from "@x/sphttp";
 * import { assertEquals } from "@std/assert";
 *
 * limitConnections(200);
 * assertEquals(freeConnections(), 200);
 * limitConnections(Infinity);
 * ```
 */
export function limitConnections(most: number): void {
  processHosts.allowConnections(most === Infinity ? most : whole("most", most, 1));
}

/**
 * Returns how many more connections a download may open now; `Infinity` where no limit is known.
 *
 * @param urls its mirrors: connections to their hosts that are kept open count as free
 */
export function freeConnections(urls: readonly string[] = []): number {
  return processHosts.freeConnections(urls, clock.now());
}

/** Forgets what was learned. In tests, one server gets the port of another, whose habits it lacks. */
export function forgetMirrors(): void {
  processHosts.clear();
  processHabits.clear();
}
