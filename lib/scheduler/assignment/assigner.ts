/**
 * Sends requests to mirrors that can take some: it executes what the policy plans. Pure, but for the state
 * that it changes.
 *
 * @module
 */

import type { ByteRange } from "../../http/byte_range.ts";
import type { SendReason } from "../../trace/events.ts";
import { giveBackExcess } from "./give_back.ts";
import { closeExceeding } from "../mirror/idle_connections.ts";
import { LaneTuning } from "./lane_tuning.ts";
import type { Mirror } from "../mirror/mirror.ts";
import type { LiveRequest } from "../requests/live_request.ts";
import type { DownloadState } from "../state.ts";
import type { Plan, Policy } from "../view.ts";
import { isSmallWindow } from "../bytes/window.ts";

export interface AssignerOptions {
  /** Makes the policy that decides which mirror gets which range next. */
  readonly policy: () => Policy;
  /** Whether a mirror whose block was requested again is closed. */
  readonly closeBadConnections: boolean;
}

/** Minimum time between two looks for work where bytes have moved and nothing else, in milliseconds. */
const LOOK_MS = 2;

export class Assigner {
  readonly #state: DownloadState;
  readonly #policy: Policy;
  readonly #closeBadConnections: boolean;
  readonly #tuning: LaneTuning;
  #assignedAt = -Infinity;
  /** What the consumer had taken then. */
  #consumedBytes = 0;
  #wakeAt = Infinity;

  constructor(state: DownloadState, { policy, closeBadConnections }: AssignerOptions) {
    this.#state = state;
    this.#policy = policy();
    this.#tuning = new LaneTuning(state);
    this.#closeBadConnections = closeBadConnections;
  }

  /** When to look for work though nothing has happened, in milliseconds. */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** Reports whether to look for work though nothing has happened but that bytes have arrived. */
  isDue(now: number): boolean {
    return this.#policy.restBytes === undefined ? now >= this.#assignedAt + LOOK_MS : !this.mayRest;
  }

  /** Whether there is no need to look for work though the consumer has taken bytes. */
  get mayRest(): boolean {
    const { restBytes = 0 } = this.#policy;
    const { consumedBytes, readyBytes, requests } = this.#state;
    if (consumedBytes - this.#consumedBytes >= restBytes) return false;
    if (readyBytes > 0) return true;
    for (const { isExhausted } of requests) if (!isExhausted) return true;
    return false;
  }

  /** Sends requests until the policy plans no more. */
  assign(now: number): void {
    const { mirrors, requests } = this.#state;
    this.#wakeAt = Infinity;
    this.#state.look(now);
    closeExceeding(this.#state, now);
    // A stream goes on though no other range is served any more.
    const servesRanges = mirrors.some((mirror) => mirror.servesRanges) ||
      [...requests].some(({ isStream }) => isStream);
    if (!servesRanges) return this.#assignWhole(now);
    if (this.#state.window.hasShrunk) giveBackExcess(this.#state, this.extendsStreams, now);
    const isSmall = isSmallWindow(this.#state.windowSize, mirrors.length);
    this.#state.others = isSmall ? othersAt(mirrors, now) : [];
    this.#tuning.tune(now);
    this.#assignedAt = now;
    this.#consumedBytes = this.#state.consumedBytes;
    this.#endStreams(now);
    for (;;) {
      const plan = this.#policy.next(this.#state, now);
      if (plan === undefined) break;
      this.#execute(plan, now);
    }
    this.#wakeAt = this.#policy.wakeAt(this.#state, now);
  }

  /** Whether requests may ask for more than may be read of them so far. */
  get extendsStreams(): boolean {
    return this.#policy.extendsStreams ?? false;
  }

  /** Ends the streams that have delivered all that they could: others own what follows. */
  #endStreams(now: number): void {
    const { requests, ledger } = this.#state;
    for (const request of [...requests]) {
      if (request.isExhausted && !request.isKept && !request.isExtensible(ledger)) {
        this.#state.cancel(request, "stolen", now);
      }
    }
  }

  #assignWhole(now: number): void {
    const { mirrors, requests, size } = this.#state;
    if (requests.whole !== undefined) return;
    const mirror = mirrors.find(({ idle, service }) => idle && service === "whole");
    if (mirror === undefined) return;
    this.#state.send({ mirror, kind: "whole", start: 0, end: size ?? Infinity }, now);
  }

  #execute(plan: Plan, now: number): void {
    const { requests, ledger } = this.#state;
    switch (plan.type) {
      case "resize":
        ledger.unitSize = plan.unitSize;
        return;
      case "revoke": {
        const request = requests.get(plan.request)!;
        if (plan.to === undefined) this.#state.cut(request, request.position, "silent", now);
        else this.#state.cutHead(request, plan.to, "silent", now);
        return this.#state.keepStream();
      }
      case "withdraw":
        return this.#state.cancel(requests.get(plan.request)!, "stolen", now);
      case "retire": {
        const mirror = this.#state.mirrors[plan.mirror]!;
        mirror.retire();
        return this.#report(mirror, "retired", "too slow to help with what is left", now);
      }
      case "ask": {
        const returned = ledger.wasReturned(plan.range.start);
        return this.#ask(plan.mirror, plan, returned ? "retry" : plan.reason, now);
      }
      case "extend":
        return this.#extend(requests.get(plan.request)!, plan.end, now);
      case "steal":
      case "duplicate": {
        const late = requests.get(plan.late)!;
        if (plan.type === "steal") this.#state.cut(late, plan.range.start, "stolen", now);
        this.#ask(plan.mirror, { range: plan.range }, plan.type, now);
        if (plan.type === "duplicate" && this.#closeBadConnections) this.#close(late, now);
      }
    }
  }

  #ask(
    index: number,
    { range, bodyEnd }: { range: ByteRange; bodyEnd?: number | undefined },
    reason: SendReason,
    now: number,
  ): void {
    const { received, mirrors, requests, size } = this.#state;
    const mirror = mirrors[index]!;
    const { start } = range;
    const end = Math.min(range.end, start + mirror.mostBytes);
    // A mirror that was retired or closed may be needed after all.
    mirror.revive();
    // A stream that is not read further is in the way of the new request.
    for (const one of requests.of(mirror)) {
      if (one.isExhausted && !one.isKept) this.#state.cancel(one, "stolen", now);
    }
    const form = bodyEnd === size && mirror.forms.takes("open") ? "open" : undefined;
    const request = this.#state.send({ mirror, kind: "range", start, end, bodyEnd, form }, now);
    mirror.asked(received, reason === "duplicate" || reason === "steal");
    this.#state.look(now);
    this.#reportSent(request, { start, end }, reason, now);
  }

  #extend(request: LiveRequest, end: number, now: number): void {
    const { received } = this.#state;
    const { isAnnounced, end: start, mirror } = request;
    this.#state.extend(request, end, now);
    if (!isAnnounced) mirror.asked(received, false);
    this.#reportSent(request, { start, end }, "front", now, isAnnounced);
  }

  /** Reports a range of any size as the blocks that begin in it, but at least as one unless it `goesOn`. */
  #reportSent(
    { id, mirror: { url } }: LiveRequest,
    { start, end }: ByteRange,
    reason: SendReason,
    now: number,
    goesOn = false,
  ): void {
    const { ledger, commands } = this.#state;
    const duplicate = reason === "duplicate" || reason === "steal";
    const facts = { mirror: url, request: id, start, end, duplicate, reason };
    const last = ledger.blockOf(end - 1);
    const begun = ledger.firstBlockFrom(start);
    for (let block = goesOn ? begun : Math.min(last, begun); block <= last; block++) {
      commands.report({ type: "send", block, ...facts }, now);
    }
  }

  #close(request: LiveRequest, now: number): void {
    this.#state.cancel(request, "closed", now);
    request.mirror.close();
    this.#report(request.mirror, "closed", "held up the front", now);
  }

  #report(mirror: Mirror, state: "retired" | "closed", message: string, now: number): void {
    this.#state.commands.report({ type: "mirror", mirror: mirror.url, state, message }, now);
  }
}

/** Returns for each mirror how many other downloads have requests under way at its host. */
function othersAt(mirrors: readonly Mirror[], now: number): number[] {
  const own = new Map<string, number>();
  for (const { seat: { host }, live } of mirrors) {
    if (live.length > 0) own.set(host, (own.get(host) ?? 0) + 1);
  }
  // Those of a download that has several mirrors there count once for each of them.
  return mirrors.map(({ seat }) => Math.max(0, seat.users(now) - (own.get(seat.host) ?? 0)));
}
