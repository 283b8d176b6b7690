/**
 * The options of a scheduler: the defaults of a downloader, with the changes of a test. But there are two
 * connections per mirror: what is driven by hand is one request after the other and the next in reserve.
 * What holds however many there are is simulated with as many as are the default, too.
 *
 * @module
 */

import { type DelayRequest, delayRequests } from "../../../lib/policy/delay.ts";
import { duplicateRequests } from "../../../lib/policy/duplicate.ts";
import type { ClassicOptions } from "../../../lib/policy/classic.ts";
import { policyOf } from "../../../lib/policy/policies.ts";
import type { ResolvedRetry } from "../../../lib/scheduler/failure/retries.ts";
import type { SchedulerOptions } from "../../../lib/scheduler/scheduler.ts";

/** Options of the scheduler and its policy that a test may change. */
export interface TestOptions
  extends Partial<SchedulerOptions>, Partial<Omit<ClassicOptions, "delay">> {
  /** The delay request algorithm; by default `diff`. */
  readonly delay?: DelayRequest | "adaptive";
}

export const RETRY: ResolvedRetry = {
  attempts: 5,
  minDelayMs: 250,
  maxDelayMs: 10_000,
  jitter: 0.5,
  maxRetryAfterMs: 120_000,
  maxTurnMs: Infinity,
  maxQuietMs: Infinity,
  maxTimeMs: Infinity,
};

const DEFAULTS: Omit<SchedulerOptions, "urls" | "policy"> = {
  start: 0,
  end: undefined,
  probeSize: 12 * 1024,
  splitSize: 1_000_000,
  windowSize: 32 * 1024 * 1024,
  maxConnectionsPerMirror: 2,
  maxRate: Infinity,
  lowestRate: undefined,
  closeBadConnections: false,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  maxIdleMs: 60_000,
  stallTimeoutMs: 1000,
  retry: RETRY,
  random: Math.random,
};

/** A position by response time, then by what the others delivered. */
const DIFF = delayRequests.diff({
  initialDelay: true,
  initialDelayCoefficient: 10,
  staticDelays: new Map(),
});

/** Options for a scheduler of mirrors with these URLs. */
export function schedulerOptions(
  urls: readonly string[],
  options: TestOptions = {},
): SchedulerOptions {
  const all = {
    ...DEFAULTS,
    duplicate: duplicateRequests.nibib,
    invalidBlockThreshold: 20,
    maxBlocksPerRequest: 16,
    initialDelay: true,
    initialDelayCoefficient: 10,
    staticDelays: new Map(),
    ...options,
  };
  return { policy: policyOf(options.delay ?? DIFF, all), ...all, urls };
}
