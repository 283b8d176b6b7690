/**
 * The policy of the classic algorithms: each mirror has one request under way at a time, for a block
 * that the delay request algorithm chooses, or for the front's block if the duplicate request
 * algorithm says so; kept within the window and the file. It keeps no state. Pure.
 *
 * @module
 */

import type {
  AskReason,
  DelayView,
  DownloadView,
  Plan,
  Policy,
  SourceView,
} from "../scheduler/view.ts";
import { type DelayRequest, endOfQueue } from "./delay.ts";
import type { DuplicateRequest } from "./duplicate.ts";
import type { ByteRange } from "../http/byte_range.ts";

export interface ClassicOptions {
  readonly delay: DelayRequest;
  readonly duplicate: DuplicateRequest;
  /** The threshold of `duplicate`, in blocks. */
  readonly invalidBlockThreshold: number;
  /** The size of a block, in bytes. */
  readonly splitSize: number;
  readonly maxBlocksPerRequest: number;
}

/**
 * A request should keep its mirror busy for about this long: where single blocks take less, the
 * processor's work for a request outweighs that for the block.
 */
const SHORTEST_REQUEST_MS = 25;

/** Under a limit, a request covers what may arrive in this many round trips: it is the only one. */
const LIMITED_ROUND_TRIPS = 4;

/** Plans by a delay and a duplicate request algorithm. */
export class ClassicPolicy implements Policy {
  readonly #options: ClassicOptions;

  constructor(options: ClassicOptions) {
    this.#options = options;
  }

  next(view: DownloadView, now: number): Plan | undefined {
    const { ledger, mirrors, limit } = view;
    if (!mirrors.some(({ idle }) => idle) && mirrors.some(isAtWork)) return undefined;
    if (limit.openAt > now) return undefined;
    const ranged = mirrors.filter((mirror) => mirror.servesRanges);
    const size = unitSize(ranged, this.#options, view);
    if (size !== ledger.unitSize) return { type: "resize", unitSize: size };
    // Where less may be requested than all could deliver, the quickest mirrors get it.
    if (limit.rate < Infinity) ranged.sort((one, other) => expectedMs(one) - expectedMs(other));
    for (const mirror of ranged) {
      const next = mirror.idle ? this.#plan(mirror, view) : undefined;
      if (next !== undefined) return next;
    }
    if (!ledger.hasFree || ranged.some(isAtWork)) return undefined;
    // Mirrors that were retired or closed come back when no other is at work.
    const last = ranged.find(({ state }) => state.type === "retired") ??
      ranged.find(({ state }) => state.type === "closed");
    return last && this.#askFront(last, view);
  }

  wakeAt({ limit }: DownloadView, now: number): number {
    return limit.openAt > now ? limit.openAt : Infinity;
  }

  #plan(mirror: SourceView, view: DownloadView): Plan | undefined {
    return this.#duplicate(mirror, view) ?? this.#next(mirror, view);
  }

  #next(mirror: SourceView, view: DownloadView): Plan | undefined {
    const { ledger, mirrors, received } = view;
    if (!ledger.hasFree) return undefined;
    // A range that was given back holds up everything after it: first come, first served.
    if (ledger.wasReturned(ledger.front)) return this.#askFront(mirror, view);
    const left = ledger.freeUnits;
    const delayView: DelayView = { mirror, mirrors, closed: countClosed(mirrors), received, left };
    const wanted = sanitize(this.#options.delay(delayView));
    const position = endOfQueue(wanted, left);
    if (position === undefined) return { type: "retire", mirror: mirrors.indexOf(mirror) };
    const reason = position !== wanted ? "end" : position > 0 ? "ahead" : "front";
    return this.#ask(mirror, ledger.freeUnitAt(position), reason, view);
  }

  #askFront(mirror: SourceView, view: DownloadView): Plan | undefined {
    return this.#ask(mirror, view.ledger.freeUnitAt(0), "front", view);
  }

  #ask(
    mirror: SourceView,
    unit: ByteRange | undefined,
    wanted: AskReason,
    view: DownloadView,
  ): Plan | undefined {
    const range = unit && withinWindow(unit, view);
    if (range === undefined) return undefined;
    // Where the window has room for the front only, that is requested.
    const reason = range.start === unit!.start ? wanted : "front";
    return { type: "ask", mirror: view.mirrors.indexOf(mirror), range, reason };
  }

  #duplicate(mirror: SourceView, view: DownloadView): Plan | undefined {
    const { ledger, mirrors, requests, receivedSinceFront } = view;
    if (ledger.complete || ledger.isFree(ledger.front)) return undefined;
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

/** Returns how long a mirror takes for a block, as far as can be told. */
function expectedMs({ blockMs, answerMs = 0 }: SourceView): number {
  return blockMs ?? answerMs;
}

function isAtWork({ state }: SourceView): boolean {
  return state.type === "ready";
}

/** Returns a valid position: a caller's own algorithm may return anything. */
function sanitize(position: number): number {
  return position >= 0 ? Math.floor(position) : 0;
}

function countClosed(mirrors: readonly SourceView[]): number {
  return mirrors.filter(({ state }) => state.type === "closed" || state.type === "dropped").length;
}

/**
 * Keeps a request within the window. Invariant: one unit's room stays free for the front alone, so
 * that the front can always be requested as soon as the consumer has taken what is ready, whatever
 * fills the window; otherwise the download could lock up.
 */
function withinWindow(
  unit: ByteRange,
  { ledger, room, readyBytes }: DownloadView,
): ByteRange | undefined {
  if (unit.end - unit.start <= room - ledger.unitSize) return unit;
  const { start, end } = ledger.freeUnitAt(0)!;
  if (start !== ledger.front) return undefined;
  if (end - start <= room) return { start, end };
  // A unit may have been smaller when its room was kept, but never smaller than a block.
  const block = { start, end: Math.min(end, ledger.blockRange(ledger.blockOf(start)).end) };
  // Where nothing but the front can make room, it is requested: the window may have shrunk.
  const stuck = readyBytes === 0 && ledger.askedBytes === 0;
  return block.end - start <= room || stuck ? block : undefined;
}

/**
 * Returns the number of bytes in one request: one block or, where every mirror delivers blocks very
 * quickly, as many neighboring ones (a power of two) as keep it busy for a while and leave room in the
 * window for all mirrors. Under a limit they are as many as the nearest mirror needs to keep up with
 * it, and otherwise no more than make it look smooth.
 */
export function unitSize(
  mirrors: readonly SourceView[],
  { splitSize, maxBlocksPerRequest }: ClassicOptions,
  { windowSize, limit }: Pick<DownloadView, "windowSize" | "limit">,
): number {
  const slowest = Math.max(...mirrors.map(({ blockMs }) => blockMs ?? SHORTEST_REQUEST_MS));
  const latencyMs = Math.min(...mirrors.map(({ link }) => link.latencyMs));
  const least = limit.rate === Infinity
    ? 1
    : limit.rate * LIMITED_ROUND_TRIPS * latencyMs / splitSize;
  const blocks = Math.min(
    maxBlocksPerRequest,
    windowSize / splitSize / (mirrors.length + 1),
    Math.max(least, Math.min(SHORTEST_REQUEST_MS / slowest, limit.piece() / splitSize)),
  );
  return splitSize * 2 ** Math.max(0, Math.floor(Math.log2(blocks)));
}
