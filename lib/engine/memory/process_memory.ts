/**
 * What all downloads of this process have learned of mirrors and their hosts, and share.
 *
 * @module
 */

import { MirrorHabits } from "../../http/mirror_habits.ts";
import { HostLimits } from "../../scheduler/host/host_limits.ts";

/** What the hosts that downloads use take at once, */
export const processHosts: HostLimits = new HostLimits();
/** and how mirrors are to be requested. */
export const processHabits: MirrorHabits = new MirrorHabits();

/** Forgets all of it, between downloads. In tests, one server gets the port of another, whose habits it lacks. */
export function forgetMirrors(): void {
  processHosts.clear();
  processHabits.clear();
}
