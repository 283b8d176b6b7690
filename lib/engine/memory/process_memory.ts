/**
 * What the downloads of this process have learned, and share.
 *
 * @module
 */

import { FormMemory } from "../../scheduler/mirror/forms.ts";
import { HostLimits } from "../../scheduler/mirror/host_limits.ts";

/** What is known of the hosts that they use. */
export const processHosts: HostLimits = new HostLimits();

/** In which forms mirrors may be asked. */
export const processForms: FormMemory = new FormMemory();
