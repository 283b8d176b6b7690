/**
 * What the downloads of this process have learned of the hosts that they use.
 *
 * @module
 */

import { HostLimits } from "../scheduler/host_limits.ts";

/** Shared by all downloads of the process, unless they are given another one. */
export const processHosts: HostLimits = new HostLimits();
