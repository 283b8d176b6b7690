/**
 * What a mirror that has become free asks for next: the algorithms' choice, kept within the window
 * and the file. Pure.
 *
 * @module
 */

import type { DelayRequest } from "../algorithms/delay.ts";
import { endOfQueue } from "../algorithms/delay.ts";
import type { DuplicateRequest } from "../algorithms/duplicate.ts";
import type { DelayView } from "../algorithms/view.ts";
import type { Interval } from "./interval_set.ts";
import type { Ledger } from "./ledger.ts";
import type { Mirror } from "./mirror.ts";
import type { LiveRequest } from "./requests.ts";

/** What a mirror is to do. */
export type Plan =
  /** Ask for these bytes. */
  | { readonly type: "ask"; readonly range: Interval }
  /** Ask for bytes that `late` was asked for already. */
  | { readonly type: "duplicate"; readonly range: Interval; readonly late: LiveRequest }
  /** Ask no more. */
  | { readonly type: "retire" }
  /** Nothing for now. */
  | { readonly type: "wait" };

/** What plans are made by. */
export interface PlannerOptions {
  /** The delay request algorithm. */
  readonly delay: DelayRequest;
  /** The duplicate request algorithm. */
  readonly duplicate: DuplicateRequest;
  /** Its threshold, in blocks. */
  readonly invalidBlockThreshold: number;
  /** The unit of splitting, in bytes. */
  readonly splitSize: number;
  /** The most bytes held and asked for together. */
  readonly windowSize: number;
  /** The most blocks asked for in one request. */
  readonly maxBlocksPerRequest: number;
}

/** The state of the download that plans are made from. */
export interface PlanView {
  readonly ledger: Ledger;
  readonly mirrors: readonly Mirror[];
  readonly requests: Iterable<LiveRequest>;
  /** Bytes received, but not yet taken by the consumer. */
  readonly heldBytes: number;
  /** Units received in total. */
  readonly received: number;
  /** Units received without the front's one becoming complete, since it last did. */
  readonly receivedSinceFront: number;
}

/**
 * A request should keep its mirror busy for about this long: where single blocks take less, the
 * processor's work for a request outweighs that for the block.
 */
const SHORTEST_REQUEST_MS = 25;

const WAIT: Plan = { type: "wait" };

/** Plans the next request of `mirror`, which has none under way. */
export function plan(mirror: Mirror, view: PlanView, options: PlannerOptions): Plan {
  return planDuplicate(mirror, view, options) ?? planNext(mirror, view, options);
}

/** Plans for the front, whatever the algorithm says. */
export function planFront(view: PlanView, options: PlannerOptions): Plan {
  return ask(view.ledger.freeUnitAt(0), view, options);
}

function planNext(mirror: Mirror, view: PlanView, options: PlannerOptions): Plan {
  const { ledger, mirrors, received } = view;
  if (!ledger.hasFree) return WAIT;
  // What somebody failed to bring holds up everything behind it: first come, first served.
  if (ledger.frontWasReturned) return planFront(view, options);
  const left = ledger.freeUnits;
  const delayView: DelayView = { mirror, mirrors, closed: countClosed(mirrors), received, left };
  const position = endOfQueue(sanitize(options.delay(delayView)), left);
  if (position === undefined) return { type: "retire" };
  return ask(ledger.freeUnitAt(position), view, options);
}

/** A caller's own algorithm may say anything; what is no position counts as the first. */
function sanitize(position: number): number {
  return position >= 0 ? Math.floor(position) : 0;
}

function countClosed(mirrors: readonly Mirror[]): number {
  return mirrors.filter(({ state }) => state.type === "closed" || state.type === "dropped").length;
}

/**
 * Keeps a request within the window. One unit's room is kept free for the front alone: so whatever
 * fills the window, the front can always be asked for as soon as the consumer has taken what is
 * ready, and the download cannot lock up.
 */
function ask(unit: Interval | undefined, view: PlanView, options: PlannerOptions): Plan {
  if (unit === undefined) return WAIT;
  const { ledger, heldBytes } = view;
  const room = options.windowSize - heldBytes - ledger.askedBytes;
  if (unit.end - unit.start <= room - ledger.unitSize) return { type: "ask", range: unit };
  const { start, end } = ledger.freeUnitAt(0)!;
  if (start !== ledger.front) return WAIT;
  if (end - start <= room) return { type: "ask", range: { start, end } };
  // A unit may have been smaller when its room was kept, but never smaller than a block.
  const block = { start, end: Math.min(end, ledger.blockRange(ledger.blockOf(start)).end) };
  return block.end - start <= room ? { type: "ask", range: block } : WAIT;
}

/**
 * How many bytes one request is to ask for: one block or, where every mirror delivers blocks in
 * next to no time, as many neighbouring ones (a power of two) as keep it busy for a while and leave
 * room in the window for all mirrors.
 */
export function unitSize(mirrors: readonly Mirror[], options: PlannerOptions): number {
  const { splitSize, windowSize, maxBlocksPerRequest } = options;
  const slowest = Math.max(...mirrors.map(({ blockMs }) => blockMs ?? SHORTEST_REQUEST_MS));
  const blocks = Math.min(
    maxBlocksPerRequest,
    SHORTEST_REQUEST_MS / slowest,
    windowSize / splitSize / (mirrors.length + 1),
  );
  return splitSize * 2 ** Math.max(0, Math.floor(Math.log2(blocks)));
}

function planDuplicate(
  mirror: Mirror,
  view: PlanView,
  options: PlannerOptions,
): Plan | undefined {
  const { ledger, mirrors, requests, receivedSinceFront } = view;
  if (ledger.complete || ledger.frontIsFree) return undefined;
  if (mirrors.some((other) => other.alive && other.usage > mirror.usage)) return undefined;
  const owners = [...requests].filter(({ position, end, kind }) =>
    kind === "range" && position <= ledger.front && ledger.front < end
  );
  const [late, already] = owners;
  if (late === undefined || already !== undefined) return undefined;
  const { invalidUnits: invalidBlocks, front } = ledger;
  const threshold = options.invalidBlockThreshold;
  if (!options.duplicate({ invalidBlocks, receivedSinceFront, threshold })) return undefined;
  const { end } = ledger.unitRange(ledger.unitOf(front));
  return { type: "duplicate", range: { start: front, end: Math.min(end, late.end) }, late };
}
