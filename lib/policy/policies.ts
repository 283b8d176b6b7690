/**
 * The policy that belongs to the name of a delay request algorithm, or to a caller's own.
 *
 * @module
 */

import { AdaptivePolicy } from "./adaptive.ts";
import {
  type DelayRequest,
  type DelayRequestAlgorithm,
  delayRequests,
  type DelaySettings,
} from "./delay.ts";
import type { Policy } from "../scheduler/view.ts";
import { type ClassicOptions, ClassicPolicy } from "./classic.ts";
import type { DownloadState } from "../scheduler/state.ts";

/** What policies are set up with. */
export interface PolicySettings extends DelaySettings, Omit<ClassicOptions, "delay"> {}

/** What makes the policy of a download. */
export function policyOf(
  algorithm: DelayRequestAlgorithm | DelayRequest,
  settings: PolicySettings,
): () => Policy<DownloadState> {
  if (algorithm === "adaptive") return () => new AdaptivePolicy();
  const delay = typeof algorithm === "function" ? algorithm : delayRequests[algorithm](settings);
  return () => new ClassicPolicy({ ...settings, delay });
}
