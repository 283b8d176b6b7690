/**
 * The events of a driver that reports anything, and those of one that is honest.
 *
 * @module
 */

import { type FailureReason, MirrorError } from "../../../lib/errors.ts";
import type {
  Answer,
  Proof,
  RequestEvent,
  SchedulerCommand,
  SchedulerEvent,
} from "../../../lib/scheduler/messages.ts";
import { urlOf } from "./hand.ts";

export type StartCommand = Extract<SchedulerCommand, { type: "start" }>;

/** What the driver does next; the numbers choose among what there is. */
export interface Step {
  readonly type:
    | Exclude<SchedulerEvent["type"], "proved" | "disproved">
    | "window"
    | "rate"
    | "honest";
  /** Which request: a live one, one that is over, or none at all. */
  readonly which: number;
  readonly amount: number;
  readonly flavour: number;
  /** How far time goes on first, in milliseconds; `wake` for the next alarm. */
  readonly after: number | "wake";
}

/** Size of the file, in bytes. */
export const FILE_SIZE = 50_000;
const REASONS: readonly FailureReason[] = [
  "network",
  "timeout",
  "status",
  "range",
  "encoding",
  "truncated",
  "changed",
  "mismatch",
];
const STATUSES = [401, 403, 404, 410, 416, 429, 500, 503];
const SIZES = [FILE_SIZE, undefined, FILE_SIZE + 7, 100, 0];
const DIGESTS = ["same", "other", undefined];
const PROOFS: readonly (Proof | undefined)[] = [undefined, "validators", "hints", "pieces"];

/** A request as the driver sees it. */
export interface Transfer {
  readonly command: StartCommand;
  state: "asked" | "answered" | "sampled" | "held" | "flowing";
  answer: Answer | undefined;
  start: number;
  position: number;
  readTo: number;
  /** Where its response ends. */
  bodyEnd: number;
}

/** Returns an event of a request, which may be what comes next of it, or anything. */
export function wildEvent(
  type: RequestEvent["type"],
  request: number,
  amount: number,
  flavour: number,
  transfer: Transfer | undefined,
  mirrors: number,
): SchedulerEvent {
  const mirror = transfer?.command.mirror ?? 0;
  const position = transfer?.position ?? 0;
  switch (type) {
    case "response":
      return {
        type,
        request,
        answer: answerOf(transfer, amount, flavour),
        proof: PROOFS[flavour % PROOFS.length],
        doubt: flavour % 11 === 0 ? "its ETag has changed" : undefined,
      };
    case "sampled": {
      const end = Math.min(transfer?.readTo ?? 0, transfer?.bodyEnd ?? 0, FILE_SIZE);
      const length = flavour % 5 === 0 ? amount : end - (transfer?.start ?? 0);
      return { type, request, length, digest: DIGESTS[flavour % DIGESTS.length] };
    }
    case "bytes": {
      const most = Math.min(transfer?.readTo ?? 0, transfer?.bodyEnd ?? 0) - position;
      return { type, request, length: flavour % 5 === 0 ? amount : Math.min(amount, most) };
    }
    case "compared": {
      const differsAt = flavour % 4 === 0 ? position : undefined;
      return { type, request, length: amount, differsAt, fresh: flavour % 3 === 0 };
    }
    case "failed":
      return { type, request, failure: failureOf(mirror, amount, flavour) };
    case "differs": {
      const other = flavour % 3 === 0 ? undefined : flavour % mirrors;
      return { type, request, failure: failureOf(mirror, 6, 0), at: position, other };
    }
    default:
      return { type, request };
  }
}

/** Returns what comes next of a request to an honest mirror, without its number; `undefined` if it waits. */
export function honestEvent(transfer: Transfer): object | undefined {
  const { command: { kind, start, end = FILE_SIZE }, state, position, readTo } = transfer;
  const bodyEnd = transfer.bodyEnd < Infinity ? transfer.bodyEnd : FILE_SIZE;
  const most = Math.min(readTo, bodyEnd) - position;
  switch (state) {
    case "asked": {
      const answer: Answer = start >= FILE_SIZE && start > 0
        ? { type: "unsatisfiable", size: FILE_SIZE }
        : kind === "whole"
        ? { type: "whole", size: FILE_SIZE }
        : { type: "partial", start, end: Math.min(end, FILE_SIZE), size: FILE_SIZE };
      return { type: "response", answer };
    }
    case "answered": {
      if (kind === "check") {
        return { type: "compared", length: bodyEnd - start, differsAt: undefined, fresh: false };
      }
      const length = Math.min(most, transfer.command.readTo - start);
      return { type: "sampled", length: Math.max(0, length), digest: "same" };
    }
    case "flowing":
      if (position >= bodyEnd) return { type: "ended" };
      return most > 0 ? { type: "bytes", length: most } : undefined;
    case "sampled":
    case "held":
      return undefined;
  }
}

/** Reports whether an answer is one to what was requested. */
export function isPossible(
  answer: Answer,
  { command: { kind, start }, bodyEnd: end }: Transfer,
): boolean {
  if (answer.type !== "partial") return answer.type === "whole" || kind !== "whole";
  const { size = Infinity } = answer;
  const isSome = answer.end > start || size === start;
  return answer.start === start && isSome && answer.end <= Math.min(end, size);
}

function answerOf(transfer: Transfer | undefined, amount: number, flavour: number): Answer {
  const size = SIZES[flavour % 17 < 10 ? 0 : amount % SIZES.length];
  const { start, end = size ?? FILE_SIZE } = transfer?.command ?? { start: 0 };
  switch (flavour % 7) {
    case 0:
      return { type: "whole", size };
    case 1:
      return { type: "unsatisfiable", size: size ?? FILE_SIZE };
    case 2:
      return { type: "partial", start, end: Math.max(start + 1, end - amount), size };
    case 3:
      return { type: "partial", start: start + amount, end: end + amount, size };
    default:
      return { type: "partial", start, end: Math.min(end, size ?? Infinity), size };
  }
}

function failureOf(mirror: number, amount: number, flavour: number): MirrorError {
  const reason = REASONS[amount % REASONS.length]!;
  return new MirrorError(reason, {
    mirror: urlOf(mirror),
    phase: flavour % 2 === 0 ? "headers" : "body",
    reason,
    retryable: flavour % 5 !== 0,
    status: reason === "status" ? STATUSES[flavour % STATUSES.length] : undefined,
    fault: reason === "network" ? (flavour % 3 === 0 ? "refused" : "reset") : undefined,
    retryAfterMs: flavour % 7 === 0 ? amount : undefined,
  });
}
