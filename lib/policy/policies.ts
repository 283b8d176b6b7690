/**
 * The table of policies: which one belongs to the name of a delay request algorithm, or to a
 * function of the caller's own. A new algorithm is added to the table in `delay.ts`.
 *
 * @module
 */

import type { Policy } from "../scheduler/view.ts";
import { AdaptivePolicy } from "./adaptive.ts";
import {
  type DelayRequest,
  type DelayRequestAlgorithm,
  delayRequests,
  type DelaySettings,
} from "./delay.ts";
import { type ClassicOptions, ClassicPolicy } from "./classic.ts";

export interface PolicySettings extends DelaySettings, Omit<ClassicOptions, "delay"> {}

/** Returns a factory for the policy of a download. */
export function policyOf(
  algorithm: DelayRequestAlgorithm | DelayRequest,
  settings: PolicySettings,
): () => Policy {
  if (algorithm === "adaptive") return () => new AdaptivePolicy();
  const delay = typeof algorithm === "function" ? algorithm : delayRequests[algorithm](settings);
  return () => new ClassicPolicy({ ...settings, delay });
}
