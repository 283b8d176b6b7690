/**
 * The policy of the classic algorithms: each mirror has one request under way at a time, for a block
 * that its delay request algorithm chooses, or for the front's when the duplicate request algorithm
 * says so; kept within the window and the file. Pure.
 *
 * @module
 */

import { type DelayRequest, endOfQueue } from "./delay.ts";
import type { DuplicateRequest } from "./duplicate.ts";
import { pieceOf, UNLIMITED } from "./limit.ts";
import type { AskReason, DelayView, LimitView, Plan, Policy } from "../scheduler/view.ts";
import type { ByteRange } from "../http/byte_range.ts";
import type { Ledger } from "../scheduler/ledger.ts";
import type { LiveRequest, Mirror } from "../scheduler/mirror.ts";

/** What plans are made by. */
export interface ClassicOptions {
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
export interface ClassicView {
  readonly ledger: Ledger;
  readonly mirrors: readonly Mirror[];
  readonly requests: Iterable<LiveRequest>;
  /** Bytes that may be asked for besides those held and those that are on their way. */
  readonly room: number;
  /** Bytes that the consumer could take, but has not taken yet. */
  readonly readyBytes: number;
  /** What the rate of the whole download is limited to. */
  readonly limit: LimitView;
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

/** Under a limit a request asks for what may come in so many round trips: no other one is under way. */
const LIMITED_ROUND_TRIPS = 4;

/** Plans by a delay and a duplicate request algorithm. */
export class ClassicPolicy implements Policy<ClassicView> {
  readonly #options: ClassicOptions;

  constructor(options: ClassicOptions) {
    this.#options = options;
  }

  next(view: ClassicView, now: number): Plan | undefined {
    const { ledger, mirrors, limit } = view;
    if (!mirrors.some(({ idle }) => idle) && mirrors.some(isAtWork)) return undefined;
    if (limit.openAt > now) return undefined;
    const ranged = mirrors.filter((mirror) => mirror.servesRanges);
    ledger.unitSize = unitSize(ranged, this.#options, limit);
    // Where there is less to ask for than all could bring, it goes to those who bring it soonest.
    if (limit.rate < Infinity) ranged.sort((one, other) => expectedMs(one) - expectedMs(other));
    for (const mirror of ranged) {
      const next = mirror.idle ? this.#plan(mirror, view) : undefined;
      if (next !== undefined) return next;
    }
    if (!ledger.hasFree || ranged.some(isAtWork)) return undefined;
    // Those that were sent home come back when nobody is left at work.
    const home = ranged.find(({ state }) => state.type === "retired") ??
      ranged.find(({ state }) => state.type === "closed");
    return home && this.#askFront(home, view);
  }

  wakeAt({ limit }: ClassicView, now: number): number {
    return limit.openAt > now ? limit.openAt : Infinity;
  }

  #plan(mirror: Mirror, view: ClassicView): Plan | undefined {
    return this.#duplicate(mirror, view) ?? this.#next(mirror, view);
  }

  #next(mirror: Mirror, view: ClassicView): Plan | undefined {
    const { ledger, mirrors, received } = view;
    if (!ledger.hasFree) return undefined;
    // What somebody failed to bring holds up everything behind it: first come, first served.
    if (ledger.frontWasReturned) return this.#askFront(mirror, view);
    const left = ledger.freeUnits;
    const delayView: DelayView = { mirror, mirrors, closed: countClosed(mirrors), received, left };
    const wanted = sanitize(this.#options.delay(delayView));
    const position = endOfQueue(wanted, left);
    if (position === undefined) return { type: "retire", mirror: mirrors.indexOf(mirror) };
    const reason = position !== wanted ? "end" : position > 0 ? "ahead" : "front";
    return this.#ask(mirror, ledger.freeUnitAt(position), reason, view);
  }

  #askFront(mirror: Mirror, view: ClassicView): Plan | undefined {
    return this.#ask(mirror, view.ledger.freeUnitAt(0), "front", view);
  }

  #ask(
    mirror: Mirror,
    unit: ByteRange | undefined,
    wanted: AskReason,
    view: ClassicView,
  ): Plan | undefined {
    const range = unit && withinWindow(unit, view);
    if (range === undefined) return undefined;
    // Where the window has no room for more than the front, it is that.
    const reason = range.start === unit!.start ? wanted : "front";
    return { type: "ask", mirror: view.mirrors.indexOf(mirror), range, reason };
  }

  #duplicate(mirror: Mirror, view: ClassicView): Plan | undefined {
    const { ledger, mirrors, requests, receivedSinceFront } = view;
    if (ledger.complete || ledger.frontIsFree) return undefined;
    if (mirrors.some((other) => other.alive && other.usage > mirror.usage)) return undefined;
    const owners = [...requests].filter(({ position, end, kind }) =>
      kind === "range" && position <= ledger.front && ledger.front < end
    );
    const [late, already] = owners;
    if (late === undefined || already !== undefined) return undefined;
    const { invalidUnits: invalidBlocks, front } = ledger;
    const threshold = this.#options.invalidBlockThreshold;
    const due = this.#options.duplicate({ invalidBlocks, receivedSinceFront, threshold });
    if (!due) return undefined;
    const { end } = ledger.unitRange(ledger.unitOf(front));
    const range = { start: front, end: Math.min(end, late.end) };
    return { type: "duplicate", mirror: mirrors.indexOf(mirror), range, late: late.id };
  }
}

/** How long a mirror takes for a block, as far as can be told. */
function expectedMs({ blockMs, answerMs = 0 }: Mirror): number {
  return blockMs ?? answerMs;
}

function isAtWork({ state }: Mirror): boolean {
  return state.type === "ready";
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
function withinWindow(
  unit: ByteRange,
  { ledger, room, readyBytes }: ClassicView,
): ByteRange | undefined {
  if (unit.end - unit.start <= room - ledger.unitSize) return unit;
  const { start, end } = ledger.freeUnitAt(0)!;
  if (start !== ledger.front) return undefined;
  if (end - start <= room) return { start, end };
  // A unit may have been smaller when its room was kept, but never smaller than a block.
  const block = { start, end: Math.min(end, ledger.blockRange(ledger.blockOf(start)).end) };
  // Where nothing but the front can make room, it is asked for: the window may have shrunk.
  const stuck = readyBytes === 0 && ledger.askedBytes === 0;
  return block.end - start <= room || stuck ? block : undefined;
}

/**
 * How many bytes one request is to ask for: one block or, where every mirror delivers blocks in
 * next to no time, as many neighbouring ones (a power of two) as keep it busy for a while and leave
 * room in the window for all mirrors. Under a limit they are as many as the nearest mirror needs to
 * keep up with it, and otherwise no more than make it look smooth.
 */
export function unitSize(
  mirrors: readonly Mirror[],
  options: ClassicOptions,
  limit: LimitView = UNLIMITED,
): number {
  const { splitSize, windowSize, maxBlocksPerRequest } = options;
  const slowest = Math.max(...mirrors.map(({ blockMs }) => blockMs ?? SHORTEST_REQUEST_MS));
  const latencyMs = Math.min(...mirrors.map(({ link }) => link.latencyMs));
  const least = limit.rate === Infinity
    ? 1
    : limit.rate * LIMITED_ROUND_TRIPS * latencyMs / splitSize;
  const blocks = Math.min(
    maxBlocksPerRequest,
    windowSize / splitSize / (mirrors.length + 1),
    Math.max(least, Math.min(SHORTEST_REQUEST_MS / slowest, pieceOf(limit) / splitSize)),
  );
  return splitSize * 2 ** Math.max(0, Math.floor(Math.log2(blocks)));
}
