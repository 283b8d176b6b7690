/**
 * Steps of tests in which responses go on behind what was requested first.
 *
 * @module
 */

import { MirrorError } from "../../../lib/errors.ts";
import type { SchedulerCommand } from "../../../lib/scheduler/messages.ts";
import type { LiveRequest } from "../../../lib/scheduler/requests/live_request.ts";
import type { Hand } from "./hand.ts";

/** Size of the file in bytes. */
export const SIZE = 1_000_000;

/** Returns the commands of one type so far. */
export function commands<Type extends SchedulerCommand["type"]>(
  { commands }: Hand,
  type: Type,
): Extract<SchedulerCommand, { type: Type }>[] {
  return commands.filter((command) => command.type === type) as Extract<
    SchedulerCommand,
    { type: Type }
  >[];
}

/** Takes all that is ready. */
export function consume(hand: Hand): void {
  const { ledger, heldBytes } = hand.scheduler;
  if (ledger.complete || heldBytes === 0) return;
  hand.handle({ type: "consumed", bytes: heldBytes });
}

/** A request is refused. */
export function refuse(hand: Hand, { id }: LiveRequest, status: number): void {
  const facts = { mirror: "http://0.test/file", phase: "headers", reason: "status" } as const;
  const failure = new MirrorError("refused", { ...facts, status, retryable: status > 420 });
  hand.handle({ type: "failed", request: id, failure });
}
